import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { processThreads } from "../../apps/core/inbound/process.ts";
import { settleUnleased } from "../../apps/core/statements/reply.ts";
import { startTestHub, type TestHub } from "../support/hub.ts";
let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub({ worker: false });
});
afterAll(() => hub?.stop());
it("settle does not delete what was renewed", async () => {
  const a = await hub.account("telegram");
  await a.say({ as: "70031234", text: "one" });
  const threadId = await a.threadOf("70031234");
  await processThreads(hub.parts, {
    workspaceId: hub.workspaceId,
    threadIds: [threadId],
    patience: { quietMs: 0, maxWaitMs: 0 },
    again: false,
  });
  await hub.sql("UPDATE thread_cursor SET answered_seq = owed_seq WHERE thread_id = $1", [threadId]);
  await a.say({ as: "70031234", text: "two" });
  const { pool } = hub.parts.db;
  const c = await pool.connect();
  await c.query("BEGIN");
  await c.query("UPDATE thread_cursor SET owed_seq = 2 WHERE thread_id = $1", [threadId]);
  await c.query("UPDATE due SET seq = 2, due_at = clock_timestamp() WHERE kind = 'reply' AND id = $1", [threadId]);
  const settling = settleUnleased(pool, [hub.workspaceId, [threadId]]);
  await sleep(300);
  await c.query("COMMIT");
  c.release();
  await settling;
  expect(await hub.sql("SELECT seq FROM due WHERE kind = 'reply' AND id = $1", [threadId])).toEqual([{ seq: 2 }]);
});
