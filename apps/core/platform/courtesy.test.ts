import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { expect, it } from "vitest";
import { openCourtesies } from "./courtesy.ts";

const log = pino({ level: "silent" });

it("gives up what takes too long, heedless as it may be, and swallows no more than it may", async () => {
  const logged: string[] = [];
  const noisy = pino({ level: "debug" }, { write: (line: string) => void logged.push(line) });
  const courtesies = openCourtesies(noisy, { atOnce: 5, timeoutMs: 30 });
  let aborted = false;
  courtesies.offer("heedless", () => new Promise(() => undefined));
  courtesies.offer("heeding", (signal) => sleep(10_000, undefined, { signal }).catch(() => void (aborted = true)));
  courtesies.offer("failing", () => Promise.reject(new Error("no")));
  const start = performance.now();
  await courtesies.idle();
  expect(performance.now() - start).toBeLessThan(2_000);
  expect(aborted).toBe(true);
  expect(logged.join("")).toContain('"courtesy":"failing"');
  expect(logged.join("")).toContain('"courtesy":"heedless"');
});

it("drops what is too much at once", async () => {
  const courtesies = openCourtesies(log, { atOnce: 2, timeoutMs: 1_000 });
  let done = 0;
  for (let i = 0; i < 10; i++) courtesies.offer("one", () => sleep(5).then(() => void done++));
  await courtesies.idle();
  expect(done).toBe(2);
  courtesies.offer("another", () => Promise.resolve(void done++));
  await courtesies.idle();
  expect(done).toBe(3);
});
