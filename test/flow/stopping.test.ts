import { afterAll, beforeAll, expect, it } from "vitest";
import { newId } from "../../apps/core/platform/ids.ts";
import { eventually, startTestHub, type TestHub } from "../support/hub.ts";

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub({ worker: false });
});
afterAll(() => hub?.stop());

const jobs = async () => Number((await hub.sql<{ n: string }>("SELECT count(*) AS n FROM throughline.job"))[0]?.n);

it("a worker that stops leaves what stands in the queue to the others", async () => {
  // Doorbells for threads that are not there: many minutes of them.
  const rings = Array.from({ length: 200_000 }, () => ({ workspaceId: hub.workspaceId, id: newId() }));
  hub.hub.queues.ring("inbound", rings);
  await eventually("the queue is long", async () => (await jobs()) >= 1_000);
  const worker = await startTestHub({ beside: hub });
  await eventually("it takes some", async () => (await jobs()) < 1_000);
  await worker.stop();
  expect(await jobs()).toBeGreaterThan(100);
});
