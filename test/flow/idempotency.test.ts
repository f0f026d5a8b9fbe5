import { createHash, randomUUID } from "node:crypto";
import type pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Parts } from "../../apps/core/parts.ts";
import { storedIdempotency } from "../../apps/gateway/idempotency.ts";
import { startTestHub, type TestHub } from "../support/hub.ts";

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub({ worker: false });
});
afterAll(() => hub?.stop());

const named = (key: string) => ({
  actor: { workspaceId: hub.workspaceId, keyId: randomUUID(), scopes: [] },
  key,
  fingerprint: createHash("sha256").update(key).digest(),
});

/** The hub's parts, with a database that loses the connection when this statement is run. */
function losing(statement: string): Pick<Parts, "db" | "vault" | "log"> {
  const { pool } = hub.parts.db;
  const lossy = new Proxy(pool, {
    get: (target, name) =>
      name === "query"
        ? (query: pg.QueryConfig) =>
            query.name === statement ? Promise.reject(new Error("connection lost")) : target.query(query)
        : Reflect.get(target, name, target),
  });
  return { ...hub.parts, db: { ...hub.parts.db, pool: lossy } };
}

it("what was done is answered as done, and not done twice, where its answer could not be kept", async () => {
  const request = named("order-1");
  let acts = 0;
  const act = () => Promise.resolve({ status: 202, body: { times: ++acts } });
  const first = await storedIdempotency(losing("idempotency-finish")).run(request, act);
  expect(first).toEqual({ answer: { status: 202, body: { times: 1 } }, replayed: false });
  await expect(storedIdempotency(hub.parts).run(request, act)).rejects.toMatchObject({
    code: "idempotency-key-in-use",
  });
  expect(acts).toBe(1);
});

it("what was refused leaves the key free", async () => {
  const request = named("order-2");
  const keys = storedIdempotency(hub.parts);
  await expect(keys.run(request, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect((await keys.run(request, () => Promise.resolve({ status: 201 }))).answer.status).toBe(201);
  expect((await keys.run(request, () => Promise.reject(new Error("no")))).replayed).toBe(true);
});
