import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Json } from "../../adapters/contract/index.ts";
import type { WhatsAppSimulator } from "../../adapters/whatsapp/simulator.ts";
import { startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

let hub: TestHub;
let whatsapp: TestAccount;
beforeAll(async () => {
  hub = await startTestHub();
  whatsapp = await hub.account("whatsapp");
});
afterAll(() => hub?.stop());

let people = 0;
/** Numbers and user ids of somebody new. */
function somebody() {
  const n = String(++people).padStart(3, "0");
  return { phone: `+1415558${n}0`, newPhone: `+1415558${n}1`, bsuid: `US.10${n}`, newBsuid: `US.20${n}` };
}

const digits = (phone: string) => phone.replace("+", "");
const now = () => String(Math.floor(Date.now() / 1000));

/** A change as Meta posts it, and all that comes of it. */
async function posted(field: string, value: Record<string, Json>): Promise<void> {
  const simulator = whatsapp.simulator as WhatsAppSimulator;
  await whatsapp.deliver(simulator.notice({ field, value }));
  await hub.settled();
}

type Named = Partial<Record<"phone" | "bsuid" | "username", string>>;

/** A message from somebody, whom the webhook names by number, user id, or both. */
async function sent({ phone, bsuid, username }: Named, message: Record<string, Json>): Promise<void> {
  const contact = { ...(phone ? { wa_id: digits(phone) } : {}), ...(bsuid ? { user_id: bsuid } : {}) };
  await posted("messages", {
    contacts: [{ profile: username ? { username: `@${username}` } : {}, ...contact }],
    messages: [
      {
        id: `wamid.${randomUUID()}`,
        timestamp: now(),
        ...(phone ? { from: digits(phone) } : {}),
        ...(bsuid ? { from_user_id: bsuid } : {}),
        ...message,
      },
    ],
  });
}

const says = (who: Named, text: string) => sent(who, { type: "text", text: { body: text } });

const changesNumber = (from: string, to: string) =>
  sent({ phone: from }, { type: "system", system: { type: "user_changed_number", wa_id: digits(to) } });

const changesUserId = (previous: string, current: string, phone?: string) =>
  posted("user_id_update", {
    user_id_update: [{ user_id: { previous, current }, timestamp: now(), ...(phone ? { wa_id: digits(phone) } : {}) }],
  });

const byPhone = (value: string) => hub.profileOf({ type: "phone", value });
const byBsuid = (value: string) => hub.profileOf({ type: "bsuid", value });
/** What the last answer was made from: who, and what was said before. */
const lastHistory = () => hub.contexts.at(-1)?.history.map((m) => m.text) ?? [];
const heardAt = async (address: string) => (await whatsapp.heard(address)).map((h) => h.text);
const threadCount = async () => (await hub.sql("SELECT id FROM thread")).length;
const openReviews = () => hub.sql<{ reason: string }>("SELECT reason FROM review WHERE closed_at IS NULL");

describe("one customer stays one, in one thread,", () => {
  it.each([
    ["first", false],
    ["last", true],
  ])(
    "when their number changes (told %s, with the user id that it makes), and is answered at the new one",
    async (_, isLast) => {
      const s = somebody();
      const reviews = await openReviews();
      await says({ phone: s.phone, bsuid: s.bsuid }, "my chair squeaks");
      const threads = await threadCount();
      if (isLast) await changesUserId(s.bsuid, s.newBsuid, s.newPhone);
      await changesNumber(s.phone, s.newPhone);
      if (!isLast) await changesUserId(s.bsuid, s.newBsuid, s.newPhone);
      await says({ phone: s.newPhone, bsuid: s.newBsuid }, "it is me");
      expect(lastHistory()).toContain("my chair squeaks");
      expect(await byPhone(s.newPhone)).toBe(await byPhone(s.phone));
      expect(await byBsuid(s.newBsuid)).toBe(await byBsuid(s.bsuid));
      expect(await heardAt(s.newPhone)).toEqual(["You said: it is me"]);
      expect(await heardAt(s.phone)).toEqual(["You said: my chair squeaks"]);
      expect(await threadCount()).toBe(threads);
      expect(await openReviews()).toEqual(reviews);
    },
  );

  it("when their number changes and nothing is told of user ids", async () => {
    const s = somebody();
    await says({ phone: s.phone }, "my chair squeaks");
    const threads = await threadCount();
    await changesNumber(s.phone, s.newPhone);
    await says({ phone: s.newPhone }, "it is me");
    expect(lastHistory()).toContain("my chair squeaks");
    expect(await byPhone(s.newPhone)).toBe(await byPhone(s.phone));
    expect(await heardAt(s.newPhone)).toEqual(["You said: it is me"]);
    expect(await threadCount()).toBe(threads);
  });

  it("when their user id changes", async () => {
    const s = somebody();
    const reviews = await openReviews();
    await says({ phone: s.phone, bsuid: s.bsuid }, "my chair squeaks");
    const threads = await threadCount();
    await changesUserId(s.bsuid, s.newBsuid, s.phone);
    await says({ bsuid: s.newBsuid }, "it is me");
    expect(lastHistory()).toContain("my chair squeaks");
    expect(await byBsuid(s.newBsuid)).toBe(await byBsuid(s.bsuid));
    expect(await threadCount()).toBe(threads);
    expect(await openReviews()).toEqual(reviews);
  });

  it("when only the number is known first, then both, then only the user id", async () => {
    const s = somebody();
    const reviews = await openReviews();
    const threads = await threadCount();
    await says({ phone: s.phone }, "one");
    await says({ phone: s.phone, bsuid: s.bsuid }, "two");
    await says({ bsuid: s.bsuid, username: "sarah" }, "three");
    expect(lastHistory()).toEqual(expect.arrayContaining(["one", "two"]));
    expect(await byBsuid(s.bsuid)).toBe(await byPhone(s.phone));
    expect(await threadCount()).toBe(threads + 1);
    expect(await openReviews()).toEqual(reviews);
  });

  it("when they have a username and no number that is told", async () => {
    const s = somebody();
    const threads = await threadCount();
    await says({ bsuid: s.bsuid, username: "sarah" }, "one");
    await says({ bsuid: s.bsuid, username: "sarah" }, "two");
    expect(lastHistory()).toContain("one");
    expect(hub.contexts.at(-1)?.customer.attributes).toMatchObject({ username: "sarah" });
    expect(await heardAt(s.bsuid)).toEqual(["You said: one", "You said: two"]);
    expect(await threadCount()).toBe(threads + 1);
  });

  it("when the notice of the new user id comes after its first message", async () => {
    const s = somebody();
    await says({ phone: s.phone, bsuid: s.bsuid }, "my chair squeaks");
    await says({ phone: s.phone, bsuid: s.newBsuid }, "too early to tell");
    expect(lastHistory()).toEqual([]);
    await changesUserId(s.bsuid, s.newBsuid, s.phone);
    await says({ phone: s.phone, bsuid: s.newBsuid }, "it is me");
    expect(await byBsuid(s.newBsuid)).toBe(await byBsuid(s.bsuid));
    expect(lastHistory()).toEqual(expect.arrayContaining(["my chair squeaks", "too early to tell"]));
  });
});

describe("a recycled number", () => {
  it("brings a new customer, in a thread of their own, and a review", async () => {
    const s = somebody();
    await says({ phone: s.phone, bsuid: s.bsuid }, "my secret words");
    const [threads, reviews] = [await threadCount(), (await openReviews()).length];
    await says({ phone: s.phone, bsuid: s.newBsuid }, "who had this number?");
    await says({ phone: s.phone, bsuid: s.newBsuid }, "nobody?");
    expect(lastHistory()).toEqual(["who had this number?", "You said: who had this number?"]);
    expect(await byBsuid(s.newBsuid)).not.toBe(await byBsuid(s.bsuid));
    expect(await threadCount()).toBe(threads + 1);
    expect((await openReviews()).slice(reviews)).toEqual([{ reason: "recycled" }]);
  });

  it("is not where its former holder is answered any more", async () => {
    const s = somebody();
    await says({ phone: s.phone, bsuid: s.bsuid }, "my secret words");
    await says({ phone: s.phone, bsuid: s.newBsuid }, "a new number");
    await says({ bsuid: s.bsuid }, "still me");
    expect(lastHistory()).toContain("my secret words");
    expect(await heardAt(s.bsuid)).toEqual(["You said: still me"]);
    expect(await heardAt(s.phone)).toEqual(["You said: my secret words", "You said: a new number"]);
  });

  it("brings a new customer where the former one was known by the number alone at first", async () => {
    const s = somebody();
    await says({ phone: s.phone }, "my secret words");
    await says({ phone: s.phone, bsuid: s.bsuid }, "and more");
    const threads = await threadCount();
    await says({ phone: s.phone, bsuid: s.newBsuid }, "a new number");
    expect(lastHistory()).toEqual([]);
    expect(await threadCount()).toBe(threads + 1);
  });
});
