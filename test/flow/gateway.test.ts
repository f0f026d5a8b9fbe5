import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { routes } from "../../apps/core/api/routes.ts";
import { createApiKey, revokeApiKey } from "../../apps/core/access/api-keys.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { eventually, startTestHub, type TestHub } from "../support/hub.ts";

const SARAH = "+14155550123";
const TOM = "+14155550199";

describe("the API over a real hub", () => {
  let hub: TestHub;
  let gateway: TestGateway;
  let whatsapp: Awaited<ReturnType<TestGateway["account"]>>;

  beforeAll(async () => {
    hub = await startTestHub();
    gateway = await startTestGateway(hub);
    whatsapp = await gateway.account("whatsapp");
  });
  afterAll(async () => {
    await gateway?.close();
    await hub?.stop();
  });

  /** The one profile that owns a phone number. */
  async function profileOf(phone: string) {
    const { body } = await gateway.call("GET", `/v1/profiles?identifier=phone:${phone}`);
    return routes["profiles.find"].responses[200].parse(body).items[0];
  }

  async function refOf(phone: string): Promise<string> {
    const profile = await eventually("the customer is known", () => profileOf(phone));
    return profile.ref;
  }

  async function timelineOf(ref: string, query = "") {
    const { body } = await gateway.call("GET", `/v1/profiles/${ref}/timeline${query}`);
    return routes["timeline.read"].responses[200].parse(body);
  }

  async function says(as: string, text: string) {
    const before = whatsapp.simulator.heard(as).length;
    await whatsapp.simulator.say({ as, text, name: as === SARAH ? "Sarah" : "Tom" });
    await eventually("an answer", async () => whatsapp.simulator.heard(as).length > before);
    await hub.settled();
    return refOf(as);
  }

  it("shows a customer who wrote, with a timeline that pages newest first", async () => {
    await says(SARAH, "hello");
    const ref = await says(SARAH, "is it heavy?");
    const profile = routes["profiles.get"].responses[200].parse(
      (await gateway.call("GET", `/v1/profiles/${ref}`)).body,
    );
    expect(profile).toMatchObject({ ref, name: "Sarah", conflicts: [] });
    expect(profile.identifiers).toContainEqual(
      expect.objectContaining({ type: "phone", value: SARAH, assurance: 2, channel: "whatsapp" }),
    );
    expect(profile.conversations).toEqual([expect.objectContaining({ status: "open", channels: ["whatsapp"] })]);
    const all = await timelineOf(ref);
    expect(all.items.map((i) => i.text)).toEqual([
      "You said: is it heavy?",
      "is it heavy?",
      "You said: hello",
      "hello",
    ]);
    expect(all.items[0]).toMatchObject({ direction: "out", author: "bot", channel: "whatsapp" });
    const paged: string[] = [];
    for (let before = ""; ;) {
      const page = await timelineOf(ref, `?limit=1${before}`);
      paged.push(...page.items.map((i) => i.id));
      if (page.next === undefined) break;
      before = `&before=${page.next}`;
    }
    expect(paged).toEqual(all.items.map((i) => i.id));
    expect((await gateway.call("GET", `/v1/profiles/${ref}/timeline?before=nonsense`)).body).toMatchObject({
      status: 400,
      field: "before",
    });
  });

  it("finds a profile by a number whose plus arrived as a space, and nobody by an unknown one", async () => {
    const ref = await says(SARAH, "me again");
    const { body } = await gateway.call("GET", `/v1/profiles?identifier=phone:%20${SARAH.slice(1)}`);
    expect(body).toMatchObject({ items: [{ ref }] });
    expect((await gateway.call("GET", "/v1/profiles?identifier=phone:%2B14155550000")).body).toEqual({ items: [] });
    expect((await gateway.call("GET", "/v1/profiles/cust_00000000000000000000000000")).status).toBe(404);
    expect((await gateway.call("GET", "/v1/profiles?identifier=nonsense")).body).toMatchObject({ field: "identifier" });
  });

  it("writes to a customer once per idempotency key", async () => {
    const ref = await says(SARAH, "please write");
    const send = (text: string) =>
      gateway.call("POST", `/v1/profiles/${ref}/messages`, { text }, { "idempotency-key": "ship-1" });
    const first = await send("Your chair has been shipped.");
    expect(first.status).toBe(202);
    const accepted = routes["messages.send"].responses[202].parse(first.body);
    expect(accepted).toMatchObject({ channel: "whatsapp", message: { author: "staff", direction: "out" } });
    const again = await send("Your chair has been shipped.");
    expect(again.body).toEqual(first.body);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect((await send("Something else")).status).toBe(422);
    const shipped = () => whatsapp.simulator.heard(SARAH).filter((h) => h.text === "Your chair has been shipped.");
    await eventually("it arrives", async () => shipped().length > 0);
    await hub.settled();
    expect(shipped()).toHaveLength(1);
    const item = (await timelineOf(ref)).items.find((i) => i.id === accepted.message.id);
    expect(["sent", "delivered", "read"]).toContain(item?.state);
  });

  it("says why nothing can be written, and writes nothing", async () => {
    const ref = await says(TOM, "hi");
    const count = async () => (await timelineOf(ref)).items.length;
    const before = await count();
    const telegram = await gateway.call("POST", `/v1/profiles/${ref}/messages`, { text: "hi", channel: "telegram" });
    expect(telegram.body).toMatchObject({
      status: 409,
      field: "channel",
      type: "urn:throughline:problem:no-channel-open",
    });
    const nowhere = await gateway.call("POST", `/v1/profiles/${ref}/messages`, { text: "hi", channel: "pigeon" });
    expect(nowhere.body).toMatchObject({ status: 400, field: "channel" });
    await hub.sql(
      "UPDATE thread SET last_inbound_at = now() - interval '25 hours' WHERE id IN (SELECT thread_id FROM message m JOIN identifier n ON n.id = m.identifier_id WHERE n.profile_id = $1)",
      [await hub.profileOf({ type: "phone", value: TOM })],
    );
    const late = await gateway.call("POST", `/v1/profiles/${ref}/messages`, { text: "hi" });
    expect(late.status).toBe(409);
    expect(z.object({ detail: z.string() }).parse(late.body).detail).toContain("24 h");
    expect(await count()).toBe(before);
  });

  it("is taken over by staff and handed back, and the bot answers what is still owed", async () => {
    const as = "+14155550177";
    await whatsapp.simulator.say({ as, text: "hello" });
    const ref = await refOf(as);
    await eventually("an answer", async () => whatsapp.simulator.heard(as).length === 1);
    const [conversation] = routes["conversations.list"].responses[200].parse(
      (await gateway.call("GET", `/v1/profiles/${ref}/conversations`)).body,
    ).items;
    const path = `/v1/conversations/${conversation?.id}`;
    expect((await gateway.call("PATCH", path, { handledBy: "staff" })).body).toMatchObject({ handledBy: "staff" });
    await whatsapp.simulator.say({ as, text: "anybody there?" });
    await hub.settled();
    expect(whatsapp.simulator.heard(as)).toHaveLength(1);
    await gateway.call("POST", `/v1/profiles/${ref}/messages`, { text: "I am here." });
    await eventually("staff's answer", async () => whatsapp.simulator.heard(as).length === 2);
    await whatsapp.simulator.say({ as, text: "and the price?" });
    await hub.settled();
    expect((await gateway.call("PATCH", path, { handledBy: "bot" })).body).toMatchObject({ handledBy: "bot" });
    await eventually("the bot's answer", async () => whatsapp.simulator.heard(as).length === 3);
    // Staff has answered the question before; the bot does not come back to it.
    expect(whatsapp.simulator.heard(as).at(-1)?.text).toBe("You said: and the price?");
    expect((await gateway.call("PATCH", path, { status: "resolved" })).body).toMatchObject({ status: "resolved" });
    expect((await gateway.call("PATCH", path, { status: "snoozed" })).body).toMatchObject({ field: "snoozedUntil" });
    const past = { status: "snoozed", snoozedUntil: "2020-01-01T00:00:00Z" };
    expect((await gateway.call("PATCH", path, past)).body).toMatchObject({ status: 400, field: "snoozedUntil" });
  });

  it("merges two customers, shows one, and undoes it", async () => {
    const telegram = await gateway.account("telegram");
    await telegram.simulator.say({ as: "700100200", text: "two" });
    const a = await says(SARAH, "one");
    const found = await gateway.call("GET", "/v1/profiles?identifier=telegram:700100200");
    const b = routes["profiles.find"].responses[200].parse(found.body).items[0]?.ref ?? "";
    const made = await gateway.call("POST", "/v1/merges", { refs: [a, b], reason: "called us" });
    expect(made).toMatchObject({ status: 201, body: { cause: "staff", reason: "called us" } });
    const merge = routes["merges.create"].responses[201].parse(made.body);
    const texts = async (ref: string) => (await timelineOf(ref, "?limit=100")).items.map((i) => i.text);
    expect(await texts(b)).toEqual(await texts(a));
    expect(await texts(a)).toEqual(expect.arrayContaining(["one", "two"]));
    expect((await gateway.call("GET", "/v1/merges?limit=1")).body).toMatchObject({ items: [{ id: merge.id }] });
    expect((await gateway.call("POST", `/v1/merges/${merge.id}/undo`)).body).toMatchObject({ id: merge.id });
    expect(await texts(a)).not.toContain("two");
    expect((await gateway.call("POST", `/v1/merges/${merge.id}/undo`)).status).toBe(409);
  });

  it("makes link codes with the links that the channels have, and explains a context", async () => {
    const ref = await says(SARAH, "link me");
    const answer = await gateway.call("POST", `/v1/profiles/${ref}/link-codes`, { expiresInSeconds: 60 });
    expect(answer.status).toBe(201);
    const code = routes["linkCodes.create"].responses[201].parse(answer.body);
    expect(code.links[whatsapp.id]).toMatchObject({ channel: "whatsapp", url: expect.stringContaining(code.code) });
    const [item] = (await timelineOf(ref, "?limit=1")).items;
    const context = await gateway.call("GET", `/v1/threads/${item?.threadId}/context`);
    const explained = routes["threads.context"].responses[200].parse(context.body);
    expect(explained.profile.ref).toBe(ref);
    expect(explained.history.at(-1)?.text).toBe("You said: link me");
  });

  it("lists what is parked and what is unknown, and replays", async () => {
    const ref = await says(TOM, "park me");
    const [reply, asked] = (await timelineOf(ref, "?limit=2")).items;
    await hub.sql(
      `INSERT INTO parked (workspace_id, message_id, thread_id, seq, error, attempts, parked_at)
       SELECT workspace_id, id, thread_id, seq, 'poisoned', 4, now() FROM message WHERE id = $1`,
      [asked?.id],
    );
    await hub.sql("UPDATE outbox SET state = 'unknown', error = 'interrupted' WHERE message_id = $1", [reply?.id]);
    expect((await gateway.call("GET", "/v1/parked")).body).toMatchObject({
      items: [{ id: asked?.id, error: "poisoned" }],
    });
    const marked = (await timelineOf(ref, "?limit=2")).items;
    expect(marked).toMatchObject([{ state: "unknown" }, { parked: true }]);
    expect((await gateway.call("GET", "/v1/unknown")).body).toMatchObject({ items: [{ id: reply?.id, ref }] });
    expect((await gateway.call("POST", `/v1/parked/${asked?.id}/replay`)).status).toBe(202);
    expect((await gateway.call("GET", "/v1/parked")).body).toEqual({ items: [] });
    expect((await gateway.call("POST", `/v1/parked/${asked?.id}/replay`)).status).toBe(409);
    expect((await gateway.call("POST", `/v1/parked/${whatsapp.id}/replay`)).status).toBe(404);
    await hub.settled();
  });

  it("configures accounts: names what is wrong, shows no secret, merges changes, deletes", async () => {
    const { settings } = whatsapp.simulator;
    const make = (body: unknown) => gateway.call("POST", "/v1/channel-accounts", body);
    expect((await make({ channel: "pigeon", name: "x", settings: {} })).body).toMatchObject({ field: "channel" });
    expect((await make({ channel: "whatsapp", name: "x", settings: {} })).body).toMatchObject({
      status: 400,
      field: expect.stringMatching(/^settings\./),
    });
    expect((await make({ channel: "whatsapp", name: "x", settings: { ...settings, nonsense: 1 } })).body).toMatchObject(
      {
        field: "settings.nonsense",
      },
    );
    const made = await make({ channel: "whatsapp", name: "Second", settings });
    const account = routes["channelAccounts.create"].responses[201].parse(made.body);
    expect(made.headers.get("location")).toBe(`/v1/channel-accounts/${account.id}`);
    expect(account.webhookUrl).toBe(`${gateway.url}/channels/${account.id}`);
    expect(account.settings["appSecret"]).toEqual({ set: true });
    expect(JSON.stringify(made.body)).not.toContain(settings["appSecret"]);
    const path = `/v1/channel-accounts/${account.id}`;
    const kept = await gateway.call("PATCH", path, { name: "Third", settings: { appSecret: { set: true } } });
    expect(kept.body).toMatchObject({ name: "Third", settings: account.settings });
    const broken = await gateway.call("PATCH", path, { settings: { appSecret: null } });
    expect(broken.body).toMatchObject({ status: 400, field: "settings.appSecret" });
    expect((await gateway.call("GET", path)).body).toMatchObject({ settings: account.settings });
    const listed = routes["channelAccounts.list"].responses[200].parse(
      (await gateway.call("GET", "/v1/channel-accounts")).body,
    );
    expect(listed.items.map((i) => i.id)).toContain(account.id);
    expect((await gateway.call("DELETE", path)).status).toBe(204);
    expect((await gateway.call("GET", path)).status).toBe(404);
    expect((await gateway.call("DELETE", path)).status).toBe(404);
    const kinds = routes["channels.list"].responses[200].parse((await gateway.call("GET", "/v1/channels")).body);
    const kind = kinds.items.find((k) => k.id === "whatsapp");
    expect(kind?.settings).toMatchObject({ properties: { appSecret: { secret: true } } });
  });

  it("lets in nobody without a key, with a revoked one, or past its scopes", async () => {
    const { parts, workspaceId } = hub;
    const path = "/v1/channel-accounts";
    const as = (key: string) => gateway.call("GET", path, undefined, { authorization: `Bearer ${key}` });
    expect((await as("tl_nobody")).status).toBe(401);
    const made = await createApiKey(parts.db, { workspaceId, name: "narrow", scopes: ["profiles:read"] });
    expect((await as(made.key)).status).toBe(403);
    const wide = await createApiKey(parts.db, { workspaceId, name: "wide", scopes: ["channels:read"] });
    expect((await as(wide.key)).status).toBe(200);
    expect(await revokeApiKey(parts.db, workspaceId, wide.prefix)).toMatchObject({ id: wide.id });
    expect((await as(wide.key)).status).toBe(401);
    const [stored] = await hub.sql("SELECT * FROM api_key WHERE id = $1", [wide.id]);
    expect(JSON.stringify(stored)).not.toContain(wide.key);
  });

  it("shows a claimed number as a claim, with the one who claims it only", async () => {
    const owner = await says(SARAH, "this is my number");
    const web = await gateway.account("web");
    await web.simulator.say({ as: "mallory", text: "it is me", claims: { phone_number: SARAH, name: "Mallory" } });
    await hub.settled();
    expect((await profileOf(SARAH))?.ref).toBe(owner);
    const found = await gateway.call("GET", "/v1/profiles?identifier=external:mallory");
    const [mallory] = routes["profiles.find"].responses[200].parse(found.body).items;
    expect(mallory?.ref).not.toBe(owner);
    expect(mallory?.identifiers.find((i) => i.type === "phone")).toMatchObject({ value: SARAH, assurance: 0 });
    expect((await timelineOf(mallory?.ref ?? "")).items.map((i) => i.text)).not.toContain("this is my number");
    const profile = routes["profiles.get"].responses[200].parse(
      (await gateway.call("GET", `/v1/profiles/${owner}`)).body,
    );
    expect(profile.name).toBe("Sarah");
    expect(profile.identifiers.find((i) => i.type === "phone")?.assurance).toBe(2);
    expect(JSON.stringify(profile)).not.toContain("allory");
  });

  it("frees an idempotency key whose request was interrupted, after its time, and keeps answers sealed", async () => {
    const ref = await says(SARAH, "about keys");
    const send = () =>
      gateway.call("POST", `/v1/profiles/${ref}/messages`, { text: "sealed words" }, { "idempotency-key": "k" });
    expect((await send()).status).toBe(202);
    const rows = await hub.sql<{ response: Buffer }>("SELECT response FROM idempotency_key WHERE response IS NOT NULL");
    expect(rows.some((r) => r.response.includes("sealed words"))).toBe(false);
    // As a process leaves it that dies while it acts.
    await hub.sql("UPDATE idempotency_key SET status = NULL, response = NULL");
    expect((await send()).status).toBe(409);
    await hub.sql("UPDATE idempotency_key SET expires_at = now() - interval '1 second'");
    const again = await send();
    expect(again.status).toBe(202);
    expect(again.headers.get("idempotent-replayed")).toBeNull();
    await hub.settled();
  });

  it("does not show one workspace's customers to another's key", async () => {
    const ref = await says(SARAH, "secret");
    const other = await hub.workspace();
    const { key } = await createApiKey(hub.parts.db, { workspaceId: other, name: "other", scopes: ["*"] });
    const authorization = { authorization: `Bearer ${key}` };
    expect((await gateway.call("GET", `/v1/profiles/${ref}`, undefined, authorization)).status).toBe(404);
    const found = await gateway.call("GET", `/v1/profiles?identifier=phone:${SARAH}`, undefined, authorization);
    expect(found.body).toEqual({ items: [] });
    const write = await gateway.call("POST", `/v1/profiles/${ref}/messages`, { text: "x" }, authorization);
    expect(write.status).toBe(404);
  });
});

describe("the providers' doors", () => {
  let hub: TestHub;
  let gateway: TestGateway;
  let whatsapp: Awaited<ReturnType<TestGateway["account"]>>;

  beforeAll(async () => {
    hub = await startTestHub({ worker: false });
    gateway = await startTestGateway(hub);
    whatsapp = await gateway.account("whatsapp");
  });
  afterAll(async () => {
    await gateway?.close();
    await hub?.stop();
  });

  const deliver = async (options: {
    body?: string;
    headers?: Record<string, string>;
    id?: string;
    method?: string;
  }) => {
    const signed = whatsapp.simulator.request?.({ as: SARAH, text: "hello" });
    if (signed === undefined) throw new Error("no signed request");
    const method = options.method ?? "POST";
    const response = await fetch(`${gateway.url}/channels/${options.id ?? whatsapp.id}`, {
      method,
      headers: { ...signed.headers, ...options.headers },
      ...(method === "POST" ? { body: options.body ?? signed.body } : {}),
    });
    return { status: response.status, text: await response.text() };
  };
  const stored = async () => (await hub.sql("SELECT id FROM message")).length;

  it("takes what is signed, and the same again without effect", async () => {
    const signed = whatsapp.simulator.request?.({ as: SARAH, text: "hello", id: "wamid.once" });
    for (let i = 0; i < 2; i++) {
      const answer = await fetch(`${gateway.url}/channels/${whatsapp.id}`, { ...signed });
      expect(answer.status).toBe(200);
    }
    expect(await stored()).toBe(1);
  });

  it("refuses what is not signed, too large, compressed, unknown or sent otherwise, and stores nothing", async () => {
    const before = await stored();
    expect((await deliver({ headers: { "x-hub-signature-256": "" } })).status).toBe(401);
    expect((await deliver({ body: "{}" })).status).toBe(401);
    expect((await deliver({ body: "x".repeat(5 * 1024 * 1024) })).status).toBe(413);
    expect((await deliver({ headers: { "content-encoding": "gzip" } })).status).toBe(415);
    expect((await deliver({ id: "nonsense" })).status).toBe(404);
    expect((await deliver({ id: "01900000-0000-7000-8000-000000000000" })).status).toBe(404);
    expect((await deliver({ method: "DELETE" })).status).toBe(405);
    expect(await stored()).toBe(before);
  });

  it("asks the provider to come again while the account is paused", async () => {
    const before = await stored();
    await gateway.call("PATCH", `/v1/channel-accounts/${whatsapp.id}`, { status: "paused" });
    expect((await deliver({})).status).toBe(503);
    await gateway.call("PATCH", `/v1/channel-accounts/${whatsapp.id}`, { status: "active" });
    expect((await deliver({})).status).toBe(200);
    expect(await stored()).toBe(before + 1);
  });

  it("says that it is alive and ready, serves the document, and knows nothing else", async () => {
    expect((await gateway.call("GET", "/healthz")).body).toEqual({ status: "ok" });
    expect((await gateway.call("GET", "/readyz")).body).toEqual({ status: "ready" });
    expect((await gateway.call("GET", "/v1/openapi.json")).body).toMatchObject({ openapi: expect.any(String) });
    expect((await gateway.call("GET", "/")).status).toBe(200);
    expect((await gateway.call("GET", "/nowhere")).body).toMatchObject({ status: 404 });
  });
});

describe("a hub whose database goes away", () => {
  it("is not ready, says why without addresses, and lets providers come again", async () => {
    const hub = await startTestHub({ worker: false });
    const gateway = await startTestGateway(hub);
    const { id, simulator } = await gateway.account("whatsapp");
    const signed = simulator.request?.({ as: SARAH, text: "hello" });
    const deliver = () => fetch(`${gateway.url}/channels/${id}`, { ...signed });
    expect((await deliver()).status).toBe(200);
    await hub.sql("ALTER TABLE receipt RENAME TO hidden_receipt");
    expect(
      (await fetch(`${gateway.url}/channels/${id}`, { ...simulator.request?.({ as: SARAH, text: "again" }) })).status,
    ).toBe(503);
    await hub.sql("ALTER TABLE hidden_receipt RENAME TO receipt");
    await hub.sql(`DELETE FROM _prisma_migrations`);
    const answer = await gateway.call("GET", "/readyz");
    expect(answer).toMatchObject({ status: 503, body: { reasons: [{ part: "migrations" }] } });
    await gateway.close();
    await hub.stop();
  });
});
