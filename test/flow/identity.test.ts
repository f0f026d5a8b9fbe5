import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { regroupConversations } from "../../apps/core/conversation/regroup.ts";
import { createLinkCode } from "../../apps/core/identity/link-codes.ts";
import { mergeProfiles, undoMerge } from "../../apps/core/identity/merges.ts";
import { readProfile } from "../../apps/core/identity/profile.ts";
import { profileOfRef } from "../../apps/core/identity/refs.ts";
import { eventually, startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";
import type { TelegramSimulator } from "../../adapters/telegram/simulator.ts";

let hub: TestHub;
let whatsapp: TestAccount;
let telegram: TestAccount;
let web: TestAccount;
beforeAll(async () => {
  hub = await startTestHub();
  [whatsapp, telegram, web] = await Promise.all([hub.account("whatsapp"), hub.account("telegram"), hub.account("web")]);
});
afterAll(() => hub?.stop());

let people = 0;
/** Handles of somebody new on every channel. */
function somebody() {
  const n = String(++people).padStart(4, "0");
  return { phone: `+1415557${n}`, telegram: `70020${n}`, web: `browser-${n}`, sub: `customer-${n}` };
}

const byPhone = (value: string) => hub.profileOf({ type: "phone", value });
const byTelegram = (value: string) => hub.profileOf({ type: "telegram", value });
const bySub = (value: string) => hub.profileOf({ type: "external", value });
const parts = () => ({ ...hub.parts, afterMove: regroupConversations });
const textsOf = async (ref: string) => (await hub.timeline(ref)).map((m) => m.text).toReversed();
const codeFor = async (ref: string, ttlMs?: number) =>
  (await createLinkCode(hub.parts, { workspaceId: hub.workspaceId, ref, ...(ttlMs === undefined ? {} : { ttlMs }) }))
    .code;
const simulatorOf = (account: TestAccount) => account.simulator as TelegramSimulator;

async function says(account: TestAccount, as: string, text: string, more: Record<string, unknown> = {}) {
  await account.say({ as, text, ...more });
  await hub.settled();
}

describe("a signed token", () => {
  it("joins the WhatsApp phone that the host has verified", async () => {
    const s = somebody();
    await says(whatsapp, s.phone, "my chair squeaks", { name: "Sarah" });
    const claims = { sub: s.sub, phone_number: s.phone, phone_number_verified: true };
    await says(web, s.web, "hello from the web", { claims });
    expect(await bySub(s.sub)).toBe(await byPhone(s.phone));
    const context = hub.contexts.at(-1);
    expect(context?.history.map((m) => m.text)).toContain("my chair squeaks");
    expect(context?.customer.name).toBe("Sarah");
    expect(await textsOf(await hub.refOf({ type: "phone", value: s.phone }))).toEqual(
      [
        "my chair squeaks",
        "You said: my chair squeaks",
        "[signed in]",
        "hello from the web",
        "You said: hello from the web",
      ].filter((text) => text !== "[signed in]"),
    );
  });

  it.each([
    ["an unverified phone", (s: { phone: string }) => ({ phone_number: s.phone })],
    [
      "a phone that is verified in words",
      (s: { phone: string }) => ({ phone_number: s.phone, phone_number_verified: "true" }),
    ],
    ["a name", () => ({ name: "Sarah" })],
  ])("with %s joins and reveals nothing", async (_, claimed) => {
    const s = somebody();
    await says(whatsapp, s.phone, "secret words", { name: "Sarah Victim" });
    await says(web, s.web, "who am I?", { claims: { sub: s.sub, ...claimed(s) } });
    expect(await bySub(s.sub)).not.toBe(await byPhone(s.phone));
    const context = JSON.stringify(hub.contexts.at(-1));
    expect(context).not.toContain("secret words");
    expect(context).not.toContain("Victim");
    expect(context).not.toContain(s.phone);
  });

  it("with an unverified e-mail address joins nobody, with a verified one its owner", async () => {
    const s = somebody();
    const email = `${s.sub}@shop.example`;
    await says(web, s.web, "mine", { claims: { sub: s.sub, email, email_verified: true } });
    const owner = await bySub(s.sub);
    expect(await hub.profileOf({ type: "email", value: email })).toBe(owner);
    await says(web, `${s.web}-thief`, "also mine?", { claims: { sub: `${s.sub}-thief`, email } });
    expect(await bySub(`${s.sub}-thief`)).not.toBe(owner);
    expect(await hub.profileOf({ type: "email", value: email })).toBe(owner);
  });

  it("of another customer id never takes the phone over: two customer ids stay two", async () => {
    const s = somebody();
    const claims = { phone_number: s.phone, phone_number_verified: true };
    await says(web, s.web, "first", { claims: { sub: s.sub, ...claims } });
    await says(web, `${s.web}-2`, "second", { claims: { sub: `${s.sub}-2`, ...claims } });
    expect(await bySub(`${s.sub}-2`)).not.toBe(await bySub(s.sub));
    expect(await byPhone(s.phone)).toBe(await bySub(s.sub));
    const reviews = await hub.sql("SELECT reason FROM review WHERE closed_at IS NULL");
    expect(reviews).toContainEqual({ reason: "uniqueness" });
  });

  it("of a role's mailbox joins nobody", async () => {
    const s = somebody();
    const claims = (name: string) => ({ sub: name, email: "support@shop.example", email_verified: true });
    await says(web, s.web, "first", { claims: claims(s.sub) });
    await says(web, `${s.web}-2`, "second", { claims: claims(`${s.sub}-2`) });
    expect(await bySub(`${s.sub}-2`)).not.toBe(await bySub(s.sub));
    expect(await hub.profileOf({ type: "email", value: "support@shop.example" })).toBeUndefined();
  });
});

describe("a joined customer", () => {
  it("may change a name on one channel afterwards", async () => {
    const s = somebody();
    await says(whatsapp, s.phone, "hello", { name: "Sarah" });
    const ref = await hub.refOf({ type: "phone", value: s.phone });
    await says(telegram, s.telegram, `/start ${await codeFor(ref)}`, { name: "Sarah" });
    expect(await byTelegram(s.telegram)).toBe(await byPhone(s.phone));
    await sleep(1_100); // Telegram's clock ticks in seconds.
    await says(telegram, s.telegram, "I married", { name: "Sarah Smith" });
    expect(hub.contexts.at(-1)?.customer.name).toBe("Sarah Smith");
    expect((await hub.sql("SELECT 1 FROM parked")).length).toBe(0);
    const profile = await readProfile(hub.parts, hub.workspaceId, ref);
    expect(profile.attributes["name"]).toMatchObject({ value: "Sarah Smith", conflicts: [{ value: "Sarah" }] });
  });
});

describe("a link code", () => {
  it("joins at once whom nothing was heard from, and is used up", async () => {
    const s = somebody();
    await says(whatsapp, s.phone, "my order is late", { name: "Sarah" });
    const ref = await hub.refOf({ type: "phone", value: s.phone });
    const code = await codeFor(ref);
    await says(telegram, s.telegram, `/start ${code}`);
    expect(await byTelegram(s.telegram)).toBe(await byPhone(s.phone));
    await says(telegram, s.telegram, "and here I am");
    expect(hub.contexts.at(-1)?.history.map((m) => m.text)).toContain("my order is late");
    const thief = somebody();
    await says(telegram, thief.telegram, `/start ${code}`);
    expect(await byTelegram(thief.telegram)).not.toBe(await byPhone(s.phone));
    expect((await telegram.hears(thief.telegram, 1))[0]).toMatch(/not valid any more/);
  });

  it.each([
    ["Yes", true],
    ["no", false],
  ])("asks who has a history, naming both sides; %s decides", async (answer, joins) => {
    const s = somebody();
    await says(whatsapp, s.phone, "hello", { name: "Sarah Chen" });
    await says(telegram, s.telegram, "I was here before", { name: "Tom Field" });
    const before = await byTelegram(s.telegram);
    await says(telegram, s.telegram, await codeFor(await hub.refOf({ type: "phone", value: s.phone })), {
      name: "Tom Field",
    });
    expect(await byTelegram(s.telegram)).toBe(before);
    const question = (await telegram.heard(s.telegram)).at(-1);
    expect(question?.text).toMatch(/Tom Field/);
    expect(question?.text).toMatch(/Sarah Chen/);
    expect(question?.text).not.toContain(s.phone);
    expect(question?.buttons).toHaveLength(2);
    await says(telegram, s.telegram, answer, { name: "Tom Field" });
    expect((await byTelegram(s.telegram)) === (await byPhone(s.phone))).toBe(joins);
  });

  it("may be confirmed by the button, once", async () => {
    const s = somebody();
    await says(whatsapp, s.phone, "hello", { name: "Sarah" });
    await says(telegram, s.telegram, "I was here before");
    await says(telegram, s.telegram, await codeFor(await hub.refOf({ type: "phone", value: s.phone })));
    const question = (await telegram.heard(s.telegram)).at(-1);
    if (question === undefined) throw new Error("a question expected");
    await simulatorOf(telegram).press({
      as: s.telegram,
      message: question.id,
      button: question.buttons?.[0]?.id ?? "",
    });
    await hub.settled();
    expect(await byTelegram(s.telegram)).toBe(await byPhone(s.phone));
  });

  it("cannot be confirmed by another, nor presented while another is asked", async () => {
    const [s, thief] = [somebody(), somebody()];
    await says(whatsapp, s.phone, "hello");
    await says(telegram, s.telegram, "I was here before");
    await says(telegram, thief.telegram, "me too");
    const code = await codeFor(await hub.refOf({ type: "phone", value: s.phone }));
    await says(telegram, s.telegram, code);
    await says(telegram, thief.telegram, "yes");
    await says(telegram, thief.telegram, code);
    await says(telegram, thief.telegram, "yes");
    expect(await byTelegram(thief.telegram)).not.toBe(await byPhone(s.phone));
    await says(telegram, s.telegram, "yes");
    expect(await byTelegram(s.telegram)).toBe(await byPhone(s.phone));
  });

  it("is worth nothing once it is old", async () => {
    const s = somebody();
    await says(whatsapp, s.phone, "hello");
    const code = await codeFor(await hub.refOf({ type: "phone", value: s.phone }), 30);
    await sleep(60);
    await says(telegram, s.telegram, `/start ${code}`);
    expect(await byTelegram(s.telegram)).not.toBe(await byPhone(s.phone));
  });

  it("is ignored in a room", async () => {
    const s = somebody();
    await says(whatsapp, s.phone, "hello");
    const code = await codeFor(await hub.refOf({ type: "phone", value: s.phone }));
    await simulatorOf(telegram).sayInRoom({ as: s.telegram, room: "-1009990001", text: code });
    await simulatorOf(telegram).sayInRoom({
      as: s.telegram,
      room: "-1009990001",
      text: `@throughline_demo_bot ${code}`,
    });
    await hub.settled();
    expect(await byTelegram(s.telegram)).not.toBe(await byPhone(s.phone));
    // And it is still good for its owner, who has said something by now and is asked.
    await says(telegram, s.telegram, `/start ${code}`);
    await says(telegram, s.telegram, "yes");
    expect(await byTelegram(s.telegram)).toBe(await byPhone(s.phone));
  });

  it.each([
    ["the bare code", (code: string) => code],
    ["the prefilled sentence", (code: string) => `Connect this mailbox to my conversation (code ${code})`],
  ])("in a mail whose From nobody vouches for joins nobody: %s", async (_, written) => {
    const email = await hub.account("email");
    const [s, thief] = [somebody(), somebody()];
    const address = `${s.sub}@mail.example`;
    await says(email, address, "my secret order");
    await says(telegram, thief.telegram, "hello");
    const code = await codeFor(await hub.refOf({ type: "telegram", value: thief.telegram }));
    const forged = async (text: string) => {
      const request = email.simulator.request?.({ as: address, text });
      if (request === undefined) throw new Error("the mail simulator makes requests");
      const body = String(request.body).replaceAll("dmarc=pass", "dmarc=fail");
      expect(body).not.toBe(String(request.body));
      await email.deliver({ ...request, body });
      await hub.settled();
    };
    await forged(written(code));
    await forged("yes");
    expect(await hub.profileOf({ type: "email", value: address })).not.toBe(await byTelegram(thief.telegram));
    await says(telegram, thief.telegram, "what did I order?");
    expect(JSON.stringify(hub.contexts.at(-1))).not.toContain("my secret order");
  });

  it("of another workspace means nothing here", async () => {
    const s = somebody();
    const elsewhere = await hub.account("telegram", { workspaceId: await hub.workspace() });
    await says(whatsapp, s.phone, "hello");
    const code = await codeFor(await hub.refOf({ type: "phone", value: s.phone }));
    await elsewhere.say({ as: s.telegram, text: `/start ${code}` });
    await hub.settled();
    expect((await elsewhere.hears(s.telegram, 1))[0]).toMatch(/not valid any more/);
    await says(telegram, s.telegram, `/start ${code}`);
    expect(await byTelegram(s.telegram)).toBe(await byPhone(s.phone));
  });
});

describe("a shared contact", () => {
  it("joins when it is the sender's own, and only then", async () => {
    const [s, other] = [somebody(), somebody()];
    await says(whatsapp, s.phone, "hello", { name: "Sarah" });
    await simulatorOf(telegram).shareContact({ as: other.telegram, phone: s.phone, of: s.telegram });
    await hub.settled();
    expect(await byTelegram(other.telegram)).not.toBe(await byPhone(s.phone));
    await simulatorOf(telegram).shareContact({ as: s.telegram, phone: s.phone });
    await hub.settled();
    expect(await byTelegram(s.telegram)).toBe(await byPhone(s.phone));
  });
});

describe("a merge by staff", () => {
  it("never brings back an epoch that a profile had before", async () => {
    const [c, a, b] = [somebody(), somebody(), somebody()];
    for (const s of [c, a, b]) await says(whatsapp, s.phone, "hello");
    const { workspaceId } = hub;
    const [refC, refA, refB] = await Promise.all([c, a, b].map((s) => hub.refOf({ type: "phone", value: s.phone })));
    const merge = (x = "", y = "") => mergeProfiles(parts(), { workspaceId, refs: [x, y], by: "staff" });
    const undo = (id: string) => undoMerge(parts(), { workspaceId, id, by: "staff" });
    const epochOfA = async () => {
      const rows = await hub.sql<{ epoch: number }>("SELECT epoch FROM profile WHERE id = $1", [
        await byPhone(a.phone),
      ]);
      return rows[0]?.epoch ?? NaN;
    };
    const joined = await merge(refA, refB);
    const before = await epochOfA();
    const absorbed = await merge(refC, refA);
    await undo(absorbed.id);
    await undo(joined.id);
    expect(await epochOfA()).toBeGreaterThan(before);
  });

  interface Shape {
    profile: string | undefined;
    ref: string;
    texts: string[];
    conversations: { status: string; messages: string[] }[];
  }

  async function shapeOf(identifier: { type: string; value: string }): Promise<Shape> {
    const ref = await hub.refOf(identifier);
    const profile = await hub.profileOf(identifier);
    const cases = await hub.sql<{ id: string; status: string; messages: string[] }>(
      `SELECT c.id, c.status, array_agg(m.id::text ORDER BY m.thread_id, m.seq, m.out_seq) FILTER (WHERE m.id IS NOT NULL) AS messages
         FROM conversation c
         LEFT JOIN segment s ON s.workspace_id = c.workspace_id AND s.conversation_id = c.id
         LEFT JOIN message m ON m.workspace_id = s.workspace_id AND m.thread_id = s.thread_id AND m.identifier_id = s.identifier_id
              AND m.seq >= s.from_seq AND m.seq <= COALESCE(s.to_seq, m.seq)
        WHERE c.profile_id = $1 GROUP BY c.id, c.status ORDER BY c.id`,
      [profile],
    );
    return {
      profile,
      ref,
      texts: await textsOf(ref),
      conversations: cases.map(({ status, messages }) => ({ status, messages: messages ?? [] })),
    };
  }

  it.each(["whatsapp first", "telegram first"])("is undone as if it had never been (%s)", async (order) => {
    const s = somebody();
    const [phone, tele] = [
      { type: "phone", value: s.phone },
      { type: "telegram", value: s.telegram },
    ];
    const opening = [
      () => says(whatsapp, s.phone, "w1", { name: "Sarah" }),
      () => says(telegram, s.telegram, "t1", { name: "Tom" }),
    ];
    for (const open of order === "whatsapp first" ? opening : opening.toReversed()) await open();
    const [refW, refT] = [await hub.refOf(phone), await hub.refOf(tele)];
    const [wasW, wasT] = [await shapeOf(phone), await shapeOf(tele)];

    const merge = await mergeProfiles(parts(), {
      workspaceId: hub.workspaceId,
      refs: [refW, refT],
      by: "staff",
      reason: "rang",
    });
    expect(await byPhone(s.phone)).toBe(await byTelegram(s.telegram));
    expect(await profileOfRef(hub.parts.db, hub.workspaceId, refW)).toBe(
      await profileOfRef(hub.parts.db, hub.workspaceId, refT),
    );
    for (const n of [2, 3, 4]) {
      await says(whatsapp, s.phone, `w${n}`, { name: "Sarah" });
      await says(telegram, s.telegram, `t${n}`, { name: "Tom" });
    }
    expect((await textsOf(refW)).length).toBe(16);
    expect(hub.contexts.at(-1)?.history.map((m) => m.text)).toContain("w4");
    const together = await shapeOf(phone);
    expect(together.conversations.filter((c) => c.status !== "resolved")).toHaveLength(1);

    await undoMerge(parts(), { workspaceId: hub.workspaceId, id: merge.id, by: "staff" });
    const [isW, isT] = [await shapeOf(phone), await shapeOf(tele)];
    const said = (letter: string, upTo: number) =>
      Array.from({ length: upTo }, (_, i) => [`${letter}${i + 1}`, `You said: ${letter}${i + 1}`]).flat();
    expect(isW).toMatchObject({ profile: wasW.profile, ref: refW, texts: said("w", 4) });
    expect(isT).toMatchObject({ profile: wasT.profile, ref: refT, texts: said("t", 4) });
    // One conversation each, with all messages of that side and no other.
    for (const [is, was] of [
      [isW, wasW],
      [isT, wasT],
    ] as const) {
      expect(is.conversations).toHaveLength(1);
      expect(is.conversations[0]?.status).toBe("open");
      expect(is.conversations[0]?.messages).toHaveLength(8);
      expect(is.conversations[0]?.messages).toEqual(expect.arrayContaining(was.conversations[0]?.messages ?? []));
    }
    await says(telegram, s.telegram, "t5", { name: "Tom" });
    expect(JSON.stringify(hub.contexts.at(-1))).not.toMatch(/"w\d"|Sarah/);
    await expect(undoMerge(parts(), { workspaceId: hub.workspaceId, id: merge.id, by: "staff" })).rejects.toMatchObject(
      {
        kind: "conflict",
      },
    );
  });

  it("keeps every ref good, old ones too", async () => {
    const [a, b, c] = [somebody(), somebody(), somebody()];
    const refs: string[] = [];
    for (const each of [a, b, c]) {
      await says(whatsapp, each.phone, "hello");
      refs.push(await hub.refOf({ type: "phone", value: each.phone }));
    }
    const [refA = "", refB = "", refC = ""] = refs;
    await mergeProfiles(parts(), { workspaceId: hub.workspaceId, refs: [refB, refC], by: "staff" });
    await mergeProfiles(parts(), { workspaceId: hub.workspaceId, refs: [refC, refA], by: "staff" });
    const owners = await Promise.all(refs.map((ref) => profileOfRef(hub.parts.db, hub.workspaceId, ref)));
    expect(new Set(owners).size).toBe(1);
    await expect(
      mergeProfiles(parts(), { workspaceId: hub.workspaceId, refs: [refA, refB], by: "staff" }),
    ).rejects.toMatchObject({ kind: "conflict" });
  });

  it("undoes what evidence had joined, for good", async () => {
    const s = somebody();
    await says(whatsapp, s.phone, "mine");
    const claims = { sub: s.sub, phone_number: s.phone, phone_number_verified: true };
    await says(web, s.web, "not mine", { claims });
    const merges = await hub.sql<{ id: string }>(
      "SELECT id FROM merge WHERE cause = 'evidence' AND survivor_id = $1 AND undone_at IS NULL",
      [await byPhone(s.phone)],
    );
    // The web visitor was joined with the first event: there was no second profile to merge.
    expect(merges).toHaveLength(0);
    const other = somebody();
    await says(web, other.web, "a history", { claims: { sub: other.sub } });
    await says(whatsapp, other.phone, "another history");
    await says(web, other.web, "joined", {
      claims: { sub: other.sub, phone_number: other.phone, phone_number_verified: true },
    });
    const profile = await byPhone(other.phone);
    expect(await bySub(other.sub)).toBe(profile);
    const [merge] = await hub.sql<{ id: string }>("SELECT id FROM merge WHERE survivor_id = $1 OR absorbed_id = $1", [
      profile,
    ]);
    if (merge === undefined) throw new Error("a merge expected");
    await undoMerge(parts(), { workspaceId: hub.workspaceId, id: merge.id, by: "staff" });
    expect(await bySub(other.sub)).not.toBe(await byPhone(other.phone));
    await says(web, other.web, "again", {
      claims: { sub: other.sub, phone_number: other.phone, phone_number_verified: true, locale: "en" },
    });
    expect(await bySub(other.sub)).not.toBe(await byPhone(other.phone));
  });
});

describe("workspaces", () => {
  it("are islands: the same number is another person in each", async () => {
    const s = somebody();
    const second = await hub.workspace();
    const elsewhere = await hub.account("whatsapp", { workspaceId: second });
    await says(whatsapp, s.phone, "said here", { name: "Sarah Here" });
    await elsewhere.say({ as: s.phone, text: "said there", name: "Sarah There" });
    await hub.settled();
    const here = await byPhone(s.phone);
    const there = await hub.profileOf({ type: "phone", value: s.phone }, second);
    expect(there).toBeDefined();
    expect(there).not.toBe(here);
    expect(JSON.stringify(hub.contexts.at(-1))).not.toMatch(/said here|Sarah Here/);
    const ref = await hub.refOf({ type: "phone", value: s.phone });
    expect(await profileOfRef(hub.parts.db, second, ref)).toBeUndefined();
    await expect(hub.timeline(ref, second)).rejects.toMatchObject({ kind: "notFound" });
    const refThere = await hub.refOf({ type: "phone", value: s.phone }, second);
    await expect(
      mergeProfiles(parts(), { workspaceId: hub.workspaceId, refs: [ref, refThere], by: "staff" }),
    ).rejects.toMatchObject({ kind: "notFound" });
  });
});

it("nothing was parked on the way", async () => {
  await eventually("nothing is due", async () => (await hub.sql("SELECT 1 FROM due")).length === 0);
  expect(await hub.sql("SELECT error FROM parked")).toEqual([]);
});
