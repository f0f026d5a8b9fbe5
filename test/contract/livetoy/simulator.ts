import { randomUUID } from "node:crypto";
import { io } from "socket.io-client";
import type { Socket } from "socket.io-client";
import { z } from "zod";
import type { Heard, Simulator, SimulatorFactory } from "../../../adapters/contract/index.ts";
import { LIVE_TOY_ORIGIN, proofOf } from "./settings.ts";

const HOST_SECRET = "live-toy-host-secret";
const ANSWER_MS = 5_000;

const items = z.array(
  z.object({ message: z.object({ id: z.string(), text: z.string(), direction: z.enum(["in", "out"]) }) }),
);
const answer = z.object({ ok: z.boolean() });

/** Pages of the toy widget. */
export const simulator: SimulatorFactory = {
  handles: [
    { handle: "page-sarah", name: "Sarah" },
    { handle: "page-tom", name: "Tom" },
  ],
  async start(): Promise<Simulator> {
    const pages = new Map<string, Socket>();
    const heard = new Map<string, Heard[]>();
    const listeners: Parameters<Simulator["onHeard"]>[0][] = [];
    let liveUrl = "";
    let repeats = 0;

    function page(as: string, signed: boolean): Socket {
      const open = pages.get(as);
      if (open !== undefined) return open;
      const auth = signed ? { user: as, proof: proofOf(as, HOST_SECRET) } : {};
      const socket = io(liveUrl, {
        path: "/live",
        auth,
        transports: ["websocket"],
        extraHeaders: { origin: LIVE_TOY_ORIGIN },
        forceNew: true,
      });
      socket.on("messages", (given: unknown) => {
        for (const { message } of items.parse(given)) {
          const one: Heard = { id: message.id, text: message.text, at: new Date() };
          heard.set(as, [...(heard.get(as) ?? []), one]);
          for (const listener of listeners) listener(as, one);
        }
      });
      pages.set(as, socket);
      return socket;
    }

    return {
      settings: { origin: LIVE_TOY_ORIGIN, hostSecret: HOST_SECRET },
      attach(hub) {
        ({ liveUrl } = hub);
      },
      async say({ as, text, id = randomUUID(), claims }) {
        for (; repeats >= 0; repeats--) {
          const socket = page(as, claims !== undefined);
          const given: unknown = await socket.timeout(ANSWER_MS).emitWithAck("frame", "say", { id, text });
          if (!answer.parse(given).ok) throw new Error("the hub refused");
        }
        repeats = 0;
        return { id };
      },
      heard: (as) => heard.get(as) ?? [],
      onHeard: (listener) => void listeners.push(listener),
      failNext(kind, count = 1) {
        if (kind !== "unknown") throw new Error("there is no provider that could refuse");
        repeats = count;
      },
      async stop() {
        for (const socket of pages.values()) socket.disconnect();
      },
    };
  },
};
