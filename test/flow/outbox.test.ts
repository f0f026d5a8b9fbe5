import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { StatusEvent } from "../../adapters/contract/index.ts";
import { providerKey } from "../../apps/core/outbound/status.ts";
import { resolveUnknown } from "../../apps/core/outbound/unknown.ts";
import { writeToCustomer } from "../../apps/core/outbound/write.ts";
import { settleSends } from "../../apps/core/statements/outbound.ts";
import { eventually, onBothBackends, startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

let people = 0;
const stranger = () => `+1415558${String(++people).padStart(4, "0")}`;

onBothBackends("the outbox", (backend) => {
  let hub: TestHub;
  let account: TestAccount;
  beforeAll(async () => {
    hub = await startTestHub({ ...(await backend()), sendTimeoutMs: 1_500 });
    account = await hub.account("whatsapp");
  });
  afterAll(() => hub?.stop());

  interface Sent {
    message_id: string;
    state: string;
    error: string | null;
  }
  async function outboxOf(as: string): Promise<Sent[]> {
    return hub.sql<Sent & Record<string, unknown>>(
      "SELECT message_id, state, error FROM outbox WHERE thread_id = $1 ORDER BY out_seq",
      [await account.threadOf(as)],
    );
  }
  const heardBy = async (as: string) => (await account.heard(as)).map((h) => h.text);
  /** Somebody who was answered already. */
  async function known(): Promise<{ as: string; ref: string }> {
    const as = stranger();
    await account.say({ as, text: "hi" });
    await account.hears(as, 1);
    await hub.settled();
    return { as, ref: await hub.refOf({ type: "phone", value: as }) };
  }
  const write = (ref: string, text: string) =>
    writeToCustomer(hub.parts, { workspaceId: hub.workspaceId, ref, content: { text } });

  describe("a send that the provider refuses", () => {
    it.each(["never", "window", "optedOut"] as const)("%s has failed, and says why", async (kind) => {
      const as = stranger();
      account.simulator.failNext(kind);
      await account.say({ as, text: "hello" });
      await eventually("it has failed", async () => (await outboxOf(as))[0]?.state === "failed");
      const [first] = await outboxOf(as);
      expect(first?.error).toMatch(new RegExp(`^${kind}`));
      expect(first?.error).not.toContain(as.slice(1));
      expect(await heardBy(as)).toEqual([]);
      await hub.settled();
    });

    it("for now holds its lane, and order is kept", async () => {
      const { as, ref } = await known();
      account.simulator.failNext("rate", 2);
      for (const text of ["one", "two", "three"]) await write(ref, text);
      await account.hears(as, 4);
      await hub.settled();
      expect((await heardBy(as)).slice(1)).toEqual(["one", "two", "three"]);
    });
  });

  it("a send that failed before the provider was called is tried again", async () => {
    const { as, ref } = await known();
    const find = vi.spyOn(hub.parts.accounts, "find").mockRejectedValue(new Error("the database is away"));
    try {
      await write(ref, "comes after all");
      await eventually("it was put off", async () => (await outboxOf(as))[1]?.error);
      expect((await outboxOf(as))[1]).toMatchObject({ state: "pending", error: expect.stringMatching(/^later/) });
    } finally {
      find.mockRestore();
    }
    await account.hears(as, 2);
    await hub.settled();
    expect((await heardBy(as)).slice(1)).toEqual(["comes after all"]);
  });

  describe("a send whose answer is lost", () => {
    it("is unknown, does not hold its lane, and is settled by the provider's echo", async () => {
      const { as, ref } = await known();
      account.simulator.failNext("unknown");
      await write(ref, "lost answer");
      await write(ref, "next");
      await account.hears(as, 3);
      await eventually("both are delivered", async () => {
        const [, second, third] = await outboxOf(as);
        return second?.state === "delivered" && third?.state === "delivered";
      });
      expect((await heardBy(as)).slice(1)).toEqual(["lost answer", "next"]);
    });

    it("because its process ended is unknown, and never sent again", async () => {
      const { as, ref } = await known();
      account.simulator.failNext("rate", 1);
      const { messageIds } = await write(ref, "interrupted");
      await eventually("it waits", async () => (await outboxOf(as))[1]?.state === "pending");
      await hub.sql(
        "UPDATE outbox SET state = 'sending', claim = $2, sending_until = now() - interval '1 second' WHERE message_id = $1",
        [messageIds[0], randomUUID()],
      );
      await write(ref, "next");
      await account.hears(as, 2);
      await hub.settled();
      expect((await outboxOf(as))[1]).toMatchObject({ state: "unknown" });
      expect((await heardBy(as)).slice(1)).toEqual(["next"]);
    });

    describe("can be settled by a person", () => {
      async function lost(text: string) {
        const { as, ref } = await known();
        const { messageIds } = await write(ref, text);
        await account.hears(as, 2);
        await hub.settled();
        const id = messageIds[0] ?? "";
        await eventually(
          "the double has told its own statuses",
          async () => (await outboxOf(as))[1]?.state === "delivered",
        );
        // As if its process had ended before it was sent.
        await hub.sql("UPDATE outbox SET state = 'unknown', provider_key = NULL WHERE message_id = $1", [id]);
        return { as, ref, id };
      }
      const resolve = (messageId: string, outcome: "arrived" | "resend") =>
        resolveUnknown(hub.parts, { workspaceId: hub.workspaceId, messageId, outcome, by: "test" });

      it("who saw it arrive", async () => {
        const { as, id } = await lost("seen there");
        expect(await resolve(id, "arrived")).toMatchObject({ id, state: "delivered" });
        await hub.settled();
        expect((await heardBy(as)).slice(1)).toEqual(["seen there"]);
        await expect(resolve(id, "resend")).rejects.toThrow(/is delivered/);
        await expect(resolve(randomUUID(), "resend")).rejects.toThrow(/no such/i);
      });

      it("who has it sent again, before what waits behind it", async () => {
        const { as, ref, id } = await lost("again");
        account.simulator.failNext("rate", 1);
        await write(ref, "waits");
        await eventually("one waits", async () => (await outboxOf(as))[2]?.error);
        expect(await resolve(id, "resend")).toMatchObject({ id });
        await account.hears(as, 4);
        await hub.settled();
        expect((await heardBy(as)).slice(2)).toEqual(["again", "waits"]);
        await expect(resolve(id, "resend")).rejects.toThrow(/is (sent|delivered)/);
      });

      it("but not once it was made from a history that does not belong there any more", async () => {
        const as = stranger();
        await account.say({ as, text: "mine" });
        await account.hears(as, 1);
        await hub.settled();
        await eventually("it is delivered", async () => (await outboxOf(as))[0]?.state === "delivered");
        const id = (await outboxOf(as))[0]?.message_id ?? "";
        await hub.sql("UPDATE outbox SET state = 'unknown', epoch = epoch - 1 WHERE message_id = $1", [id]);
        await resolve(id, "resend");
        await hub.settled();
        expect((await outboxOf(as))[0]?.state).toBe("cancelled");
        expect(await heardBy(as)).toEqual(["You said: mine"]);
      });
    });
  });

  describe("a status", () => {
    const climb = ["sent", "delivered", "read"] as const;
    const orders = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [2, 0, 1],
      [0, 0, 2, 1, 2],
    ];
    const event = (providerId: string, status: StatusEvent["status"], n: number): StatusEvent => ({
      type: "status",
      eventKey: `status:${providerId}:${status}:${n}`,
      providerId,
      status,
    });

    it("only ever climbs, whatever the order, before, around and after the send returned", async () => {
      const { as, ref } = await known();
      for (const [i, order] of orders.entries()) {
        for (const cut of [0, 1, order.length]) {
          const providerId = `wamid.${i}.${cut}.${as}`;
          const claim = randomUUID();
          const { messageIds } = await write(ref, `message ${i} ${cut}`);
          await hub.settled();
          const id = messageIds[0] ?? "";
          await eventually("the double has told its own statuses", async () => {
            const rows = await hub.sql("SELECT 1 FROM outbox WHERE message_id = $1 AND state = 'delivered'", [id]);
            return rows.length > 0;
          });
          // As if the provider had not answered yet.
          await hub.sql(
            "UPDATE outbox SET state = 'sending', claim = $2, provider_key = NULL, sending_until = now() + interval '1 minute' WHERE message_id = $1",
            [id, claim],
          );
          const events = order.map((n, at) => event(providerId, climb[n] ?? "sent", at));
          for (const e of events.slice(0, cut)) await hub.hub.ingest.ingest(account.origin, [e]);
          const key = providerKey(hub.parts.vault, hub.workspaceId, account.id, providerId);
          await settleSends(hub.parts.db.pool, [
            hub.workspaceId,
            [claim],
            [id],
            ["sent"],
            [key],
            [null],
            [null],
            [null],
            [false],
            [false],
          ]);
          for (const e of [...events.slice(cut), ...events]) await hub.hub.ingest.ingest(account.origin, [e]);
          const [row] = await hub.sql<{ state: string }>("SELECT state FROM outbox WHERE message_id = $1", [id]);
          expect(row?.state, `order ${String(order)}, ${cut} before`).toBe("read");
        }
      }
      expect(await hub.sql("SELECT 1 FROM early_status WHERE status = 'read'")).toEqual([]);
    });

    it("of failure is final, unless it was delivered after all", async () => {
      const { as, ref } = await known();
      const { messageIds } = await write(ref, "will fail");
      await hub.settled();
      const heard = (await account.heard(as)).at(-1)?.id ?? "";
      const stateOf = async () =>
        (await hub.sql<{ state: string }>("SELECT state FROM outbox WHERE message_id = $1", [messageIds[0]]))[0]?.state;
      await eventually("it is delivered", async () => (await stateOf()) === "delivered");
      await hub.hub.ingest.ingest(account.origin, [event(heard, "failed", 1)]);
      expect(await stateOf()).toBe("delivered");
      await hub.sql("UPDATE outbox SET state = 'sent' WHERE message_id = $1", [messageIds[0]]);
      await hub.hub.ingest.ingest(account.origin, [event(heard, "failed", 2)]);
      expect(await stateOf()).toBe("failed");
      await hub.hub.ingest.ingest(account.origin, [event(heard, "sent", 3)]);
      expect(await stateOf()).toBe("failed");
      await hub.hub.ingest.ingest(account.origin, [event(heard, "delivered", 4)]);
      expect(await stateOf()).toBe("delivered");
    });
  });
});
