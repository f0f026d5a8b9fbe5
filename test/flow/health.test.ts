import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SendError, type ChannelAdapter, type Finding, type NoticeEvent } from "../../adapters/contract/index.ts";
import { loadAdapters } from "../../adapters/registry.ts";
import { changeAccount } from "../../apps/core/channels/configure.ts";
import { readHealth } from "../../apps/core/channels/health.ts";
import type { Note } from "../../apps/core/platform/live.ts";
import { joinEarlyStatuses } from "../../apps/core/statements/outbound.ts";
import { eventually, startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

let people = 0;
const stranger = () => `+1415560${String(++people).padStart(4, "0")}`;

/** What the provider finds wrong with accounts, and what it does with sends; by account. */
const found = new Map<string, Finding[] | Error>();
const mishaps = new Map<string, SendError>();
/** What is told of a send, by account, before its answer comes; the provider itself then hears nothing of it. */
const overtaken = new Map<string, (providerId: string, messageId: string) => Promise<void>>();

let hub: TestHub;
let second: TestHub;
const checks: string[] = [];

async function channels(process: string) {
  const all = new Map(await loadAdapters());
  const whatsapp = all.get("whatsapp");
  if (whatsapp === undefined) throw new Error("no adapter for WhatsApp");
  const watched: ChannelAdapter = {
    ...whatsapp,
    async send(message, context) {
      const mishap = mishaps.get(context.accountId);
      if (mishap !== undefined) throw mishap;
      const overtake = overtaken.get(context.accountId);
      if (overtake === undefined) return whatsapp.send(message, context);
      const providerId = `wamid.${randomUUID()}`;
      await overtake(providerId, message.id);
      return { providerId };
    },
    health({ accountId, webhookUrl }) {
      checks.push(`${process} ${accountId}`);
      expect(webhookUrl).toMatch(new RegExp(`/channels/${accountId}$`));
      const finding = found.get(accountId) ?? [];
      return finding instanceof Error ? Promise.reject(finding) : Promise.resolve(finding);
    },
  };
  return all.set("whatsapp", watched);
}

beforeAll(async () => {
  hub = await startTestHub({ adapters: await channels("first") });
  second = await startTestHub({ adapters: await channels("second"), beside: hub });
});
afterAll(async () => {
  await second?.stop();
  await hub?.stop();
});

const healthOf = (account: TestAccount) => readHealth(hub.parts, hub.workspaceId, account.id);
const codesOf = async (account: TestAccount) => (await healthOf(account)).findings.map((f) => f.code);
const touch = (account: TestAccount) =>
  changeAccount(
    { ...hub.parts, publicUrl: "http://127.0.0.1" },
    { workspaceId: hub.workspaceId, id: account.id, change: { settings: {} } },
  );

function notice(n: number, event: Partial<NoticeEvent>): NoticeEvent {
  return {
    type: "notice",
    eventKey: `notice:${n}`,
    topic: "quality",
    level: "warning",
    detail: "yellow",
    occurredAt: new Date(Date.now() - 60_000),
    ...event,
  };
}

describe("an account's health", () => {
  it("says what came and went, and what became of it", async () => {
    const account = await hub.account("whatsapp");
    expect(await healthOf(account)).toMatchObject({ status: "warning", circuit: { state: "closed" } });
    expect(await codesOf(account)).toEqual(["webhook_unverified"]);
    const [as, other] = [stranger(), stranger()];
    await account.say({ as, text: "hello" });
    await account.hears(as, 1);
    account.simulator.failNext("never");
    await account.say({ as: other, text: "hello" });
    await eventually("both are written down", async () => {
      const { lastDay } = await healthOf(account);
      return lastDay.sent === 1 && lastDay.failed === 1;
    });
    const health = await healthOf(account);
    expect(health).toMatchObject({ status: "ok", findings: [], lastDay: { unknown: 0, errorRate: 0.5 } });
    const past = Date.now() - 60_000;
    expect(health.lastInboundAt?.getTime()).toBeGreaterThan(past);
    expect(health.lastOutboundAt?.getTime()).toBeGreaterThan(past);
    await hub.settled();
    expect((await healthOf(account)).queue).toEqual({});
  });

  it.each([
    "before the send returned",
    "by the hub's own id, meanwhile",
    "in the very moment when it was written down",
    "after it was sent",
    "after its end was unknown",
  ])("counts once what a status says to have failed: %s", async (when) => {
    const account = await hub.account("whatsapp");
    let sent: { providerId: string; messageId: string } | undefined;
    const failed = async (by: { providerId: string; messageId?: string }) => {
      const { accepted } = await hub.hub.ingest.ingest(account.origin, [
        { type: "status", eventKey: `failed:${by.providerId}`, status: "failed", ...by },
      ]);
      expect(accepted).toBe(0);
    };
    overtaken.set(account.id, async (providerId, messageId) => {
      sent = { providerId, messageId };
      if (when.startsWith("before")) await failed({ providerId });
      if (when.startsWith("by")) await failed({ providerId, messageId });
      if (when.endsWith("unknown")) throw new SendError("unknown", "the connection broke");
    });
    await account.say({ as: stranger(), text: "hello" });
    await hub.settled();
    const { providerId, messageId } = sent ?? expect.fail("nothing was sent");
    if (when.endsWith("down")) {
      await hub.sql(
        `INSERT INTO early_status (workspace_id, account_id, provider_key, status, at)
         SELECT workspace_id, account_id, provider_key, 'failed', clock_timestamp() FROM outbox WHERE message_id = $1`,
        [messageId],
      );
      await joinEarlyStatuses(hub.parts.db.pool, [0]);
    }
    if (when.endsWith("sent")) await failed({ providerId });
    if (when.endsWith("unknown")) await failed({ providerId, messageId });
    expect(await hub.sql("SELECT state FROM outbox WHERE message_id = $1", [messageId])).toEqual([{ state: "failed" }]);
    expect((await healthOf(account)).lastDay).toMatchObject({
      sent: 0,
      failed: 1,
      unknown: when.endsWith("unknown") ? 1 : 0,
    });
  });

  it("is looked at by one process, soon after a change, and told to everybody when it has become another", async () => {
    const account = await hub.account("whatsapp");
    await account.say({ as: stranger(), text: "hello" });
    const heard: Note[] = [];
    const listening = new Set<string>();
    const stop = second.parts.live.subscribe((note) => {
      for (const id of note.threadIds) listening.add(id);
      if (note.accountIds?.includes(account.id)) heard.push(note);
    });
    await eventually("notes are heard", async () => {
      hub.parts.live.publish({ workspaceId: hub.workspaceId, threadIds: ["first"] });
      await sleep(20);
      return listening.has("first");
    });
    await eventually("it was looked at", async () => (await healthOf(account)).checkedAt);
    const before = checks.filter((c) => c.endsWith(account.id)).length;
    expect(before).toBe(1);
    found.set(account.id, [{ code: "quality_low", level: "warning", detail: "The number's quality is low." }]);
    await touch(account);
    await eventually("it is known", async () => (await codesOf(account)).includes("quality_low"));
    await eventually("it was told", () => Promise.resolve(heard.length > 0));
    found.set(account.id, new Error("the provider named a customer"));
    await touch(account);
    await eventually("nobody knows", async () => (await codesOf(account)).includes("provider_unreachable"));
    expect(JSON.stringify(await healthOf(account))).not.toContain("named a customer");
    expect(checks.filter((c) => c.endsWith(account.id)).length).toBeLessThanOrEqual(before + 2);
    // From one warning to another is no change of its health.
    expect(heard).toHaveLength(1);
    stop();
  });

  it("has what the provider said last of each topic, whatever order that came in, until it is taken back", async () => {
    const account = await hub.account("whatsapp");
    await account.say({ as: stranger(), text: "hello" });
    const at = (minutesAgo: number) => new Date(Date.now() - minutesAgo * 60_000);
    const told = async () => (await healthOf(account)).notices.map((n) => `${n.topic}: ${n.detail}`);
    const ingest = (...events: NoticeEvent[]) => hub.hub.ingest.ingest(account.origin, events);
    await ingest(notice(1, { detail: "yellow", occurredAt: at(10) }));
    expect(await told()).toEqual(["quality: yellow"]);
    await ingest(
      notice(2, { level: "problem", detail: "red", occurredAt: at(5) }),
      notice(3, { topic: "template", detail: "was refused", occurredAt: at(5) }),
    );
    await ingest(notice(4, { detail: "an old one", occurredAt: at(8) }));
    expect(await told()).toEqual(["quality: red", "template: was refused"]);
    expect(await healthOf(account)).toMatchObject({ status: "problem" });
    await ingest(notice(5, { level: "ok", detail: "green", occurredAt: at(1) }));
    // A redelivery of the bad news changes nothing, nor does news from before it was taken back.
    await ingest(notice(2, { level: "problem", detail: "red", occurredAt: at(0) }));
    await ingest(notice(6, { level: "problem", detail: "late", occurredAt: at(3) }));
    expect(await told()).toEqual(["template: was refused"]);
    expect(await codesOf(account)).toEqual(["notice:template"]);
  });

  it("names refused credentials and a dead provider, of the account that has them alone", async () => {
    const [dead, failing, well] = [
      await hub.account("whatsapp"),
      await hub.account("whatsapp"),
      await hub.account("whatsapp"),
    ];
    mishaps.set(dead.id, new SendError("credentials", "the session has expired", { code: "190" }));
    mishaps.set(failing.id, new SendError("later", "the provider answered 503"));
    for (let n = 0; n < 6; n++) {
      for (const account of [dead, failing, well]) await account.say({ as: stranger(), text: "hello" });
    }
    await eventually("the trouble is seen", async () => {
      const [one, other] = [await codesOf(dead), await codesOf(failing)];
      return one.includes("token_dead") && other.includes("circuit_open");
    });
    expect((await healthOf(dead)).findings.find((f) => f.code === "token_dead")).toMatchObject({
      level: "problem",
      detail: expect.stringContaining("190: the session has expired"),
    });
    const stored = () =>
      hub.sql<{ account_id: string; status: string }>(
        "SELECT account_id, status FROM account_health WHERE account_id = ANY($1) AND status = 'problem' ORDER BY account_id",
        [[dead.id, failing.id, well.id]],
      );
    await eventually("both were told", async () => (await stored()).length === 2);
    expect((await stored()).map((s) => s.account_id)).toEqual([dead.id, failing.id].sort());
    expect(await healthOf(well)).toMatchObject({ status: "ok", lastDay: { failed: 0 } });
    mishaps.clear();
    await touch(dead);
    await hub.settled();
    await eventually("all is well again", async () => (await stored()).length === 0);
  });
});
