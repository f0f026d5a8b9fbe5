import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { batcher } from "./batch.ts";

it("calls made together share a run, those made meanwhile the next, and each gets its own result", async () => {
  const runs: number[][] = [];
  const { add, idle } = batcher<number, number>({
    maxSize: 3,
    concurrency: 1,
    async run(items) {
      runs.push(items);
      await sleep(5);
      return items.map((n) => n * 2);
    },
  });
  expect(await Promise.all([1, 2, 3, 4, 5].map(add))).toEqual([2, 4, 6, 8, 10]);
  expect(runs).toEqual([
    [1, 2, 3],
    [4, 5],
  ]);
  await idle();
  expect(await add(6)).toBe(12);
});

it("runs no more beside each other than it may", async () => {
  let now = 0;
  let most = 0;
  const { add } = batcher<number, undefined>({
    maxSize: 1,
    concurrency: 2,
    async run() {
      most = Math.max(most, ++now);
      await sleep(3);
      now--;
      return [undefined];
    },
  });
  await Promise.all(Array.from({ length: 9 }, (_, i) => add(i)));
  expect(most).toBe(2);
});

it("what a run throws, all of its callers get, and the next run goes on", async () => {
  let first = true;
  const { add, idle } = batcher<number, number>({
    maxSize: 10,
    concurrency: 1,
    run(items) {
      if (!first) return Promise.resolve(items.slice(0, 1));
      first = false;
      return Promise.reject(new Error("broken"));
    },
  });
  const failed = await Promise.allSettled([add(1), add(2)]);
  expect(failed.map((f) => f.status)).toEqual(["rejected", "rejected"]);
  await idle();
  const short = await Promise.allSettled([add(3), add(4)]);
  expect(short.map((f) => f.status)).toEqual(["fulfilled", "rejected"]);
});
