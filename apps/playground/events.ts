import { randomUUID } from "node:crypto";
import type { Request, Response } from "express";
import { Problem } from "../core/platform/problem.ts";
import type { LiveEvent } from "./wire.ts";

/** Server-sent events to every open page. */
export interface Events {
  /** Keeps the answer open and writes events to it. `first` follows the greeting. @throws {Problem} tooMany */
  open(request: Request, response: Response, first: LiveEvent[]): void;
  send(event: LiveEvent): void;
  /** Ends every stream. */
  close(): void;
}

/** Shorter than what a proxy, or a sleeping network, takes for a dead line. Milliseconds. */
const HEARTBEAT_MS = 15_000;
const RECONNECT_MS = 1_000;
const MOST_PAGES = 50;

export function openEvents(): Events {
  const boot = randomUUID();
  const pages = new Set<Response>();
  const write = (page: Response, event: LiveEvent) => void page.write(`data: ${JSON.stringify(event)}\n\n`);
  const beat = setInterval(() => {
    for (const page of pages) page.write(": still here\n\n");
  }, HEARTBEAT_MS);
  beat.unref();
  return {
    open(_request, response, first) {
      if (pages.size >= MOST_PAGES) throw new Problem("tooMany", "Too many pages are open: close some.");
      response.status(200).set({ "content-type": "text/event-stream", "cache-control": "no-store" });
      response.write(`retry: ${RECONNECT_MS}\n\n`);
      pages.add(response);
      response.on("close", () => pages.delete(response));
      for (const event of [{ type: "hello", boot } as const, ...first]) write(response, event);
    },
    send(event) {
      for (const page of pages) write(page, event);
    },
    close() {
      clearInterval(beat);
      for (const page of pages) page.end();
      pages.clear();
    },
  };
}
