import { Router } from "express";
import { described } from "../core/platform/log.ts";
import type { GatewayParts } from "./parts.ts";

/** A check that has not answered by then has failed. Milliseconds. */
const PATIENCE_MS = 3_000;

/** `/healthz`: the process is alive. `/readyz`: it can do its work, or why it can't. No personal data, no secrets. */
export function statusPages({ checks, log }: Pick<GatewayParts, "checks" | "log">): Router {
  const router = Router();
  router.get("/healthz", (_request, response) => {
    response.set("cache-control", "no-store").json({ status: "ok" });
  });
  router.get("/readyz", async (_request, response) => {
    const names = Object.keys(checks);
    const results = await Promise.allSettled(Object.values(checks).map(inTime));
    const reasons = results.flatMap((result, i) => {
      if (result.status === "fulfilled") return [];
      const part = names[i] ?? "";
      log.warn({ ...described(result.reason), part }, "not ready");
      return [{ part, reason: reasonOf(result.reason) }];
    });
    response.set("cache-control", "no-store").status(reasons.length === 0 ? 200 : 503);
    response.json(reasons.length === 0 ? { status: "ready" } : { status: "not ready", reasons });
  });
  return router;
}

async function inTime(check: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("did not answer in time")), PATIENCE_MS);
  });
  try {
    await Promise.race([check(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Anybody may ask, so addresses and users that a driver names stay in the log. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "failed";
  const code = "code" in error && typeof error.code === "string" ? ` (${error.code})` : "";
  return error.message === "did not answer in time" || error instanceof NotReadyError
    ? error.message
    : `can't be reached${code}`;
}

/** A check that failed for a reason that anybody may read. */
export class NotReadyError extends Error {
  override readonly name = "NotReadyError";
}
