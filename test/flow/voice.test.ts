import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Heard } from "../../adapters/contract/index.ts";
import { openMedia } from "../../apps/core/media/views.ts";
import { writeToCustomer } from "../../apps/core/outbound/write.ts";
import { eventually, startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

let hub: TestHub;
let voice: TestAccount;
let whatsapp: TestAccount;
beforeAll(async () => {
  hub = await startTestHub();
  [voice, whatsapp] = await Promise.all([hub.account("voice"), hub.account("whatsapp")]);
});
afterAll(() => hub?.stop());

let people = 0;
function somebody(): string {
  return `+1415557${String(++people).padStart(4, "0")}`;
}

const heard = (as: string) => voice.simulator.heard(as);
const prompts = (all: Heard[]) => all.filter(({ prompt }) => prompt === true).map(({ text }) => text);
const answers = (all: Heard[]) => all.filter(({ prompt }) => prompt !== true).map(({ text }) => text);
const act = (as: string, action: string) => voice.simulator.act?.({ as, action });
const last = () => hub.contexts.at(-1);

/** Somebody whose name and wishes WhatsApp knows. */
async function knownByWhatsApp(text: string): Promise<string> {
  const phone = somebody();
  await whatsapp.say({ as: phone, text, name: "Sarah" });
  await hub.settled();
  return phone;
}

async function says(as: string, text: string): Promise<void> {
  const before = answers(heard(as)).length;
  await voice.simulator.say({ as, text });
  await vi.waitFor(() => expect(answers(heard(as)).length).toBeGreaterThan(before), { timeout: 10_000 });
  await hub.settled();
}

async function messagesOf(phone: string) {
  return hub.timeline(await hub.refOf({ type: "phone", value: phone }));
}

describe("a call that shows the number of a customer", () => {
  it("is not greeted by name, and gets nothing of what she said elsewhere", async () => {
    const phone = await knownByWhatsApp("my secret wish");
    await act(phone, "call");
    expect(prompts(heard(phone))).toEqual(["Thank you for calling. How can I help you?"]);
    await says(phone, "What did I wish for?");
    expect(answers(heard(phone))).toEqual(["You said: What did I wish for?"]);
    const context = JSON.stringify(last());
    expect(context).toContain("What did I wish for?");
    expect(context).not.toContain("my secret wish");
    expect(context).not.toContain("Sarah");
    expect(last()?.customer.identifiers).toEqual([]);
  });

  it("is greeted by name and gets it where the network vouches for the number", async () => {
    const phone = await knownByWhatsApp("my open wish");
    await act(phone, "call:attested");
    expect(prompts(heard(phone))).toEqual(["Hello Sarah. Welcome back. Thank you for calling. How can I help you?"]);
    await says(phone, "What did I wish for?");
    expect(last()?.history.map(({ text }) => text)).toContain("my open wish");
    expect(last()?.customer.name).toBe("Sarah");
  });

  it("gets nothing again where the next call only shows it", async () => {
    const phone = await knownByWhatsApp("wish from the chat");
    await act(phone, "call:attested");
    await says(phone, "wish from the first call");
    expect(JSON.stringify(last())).toContain("wish from the chat");
    await act(phone, "hang-up");
    await hub.settled();
    await act(phone, "call");
    expect(prompts(heard(phone)).at(-1)).toBe("Thank you for calling. How can I help you?");
    await says(phone, "And now?");
    const context = JSON.stringify(last());
    expect(context).toContain("And now?");
    expect(context).not.toMatch(/wish from|Sarah/);
    const explained = await hub.context(await threadOf(`claimed:${phone}`));
    expect(JSON.stringify(explained)).not.toMatch(/wish from|Sarah/);
    // The one who was vouched for has lost nothing by it.
    await act(phone, "hang-up");
    await hub.settled();
    await act(phone, "call:attested");
    await says(phone, "It is me");
    expect(JSON.stringify(last())).toMatch(/wish from the chat.*wish from the first call/);
  });

  it("is nobody's where it shows none", async () => {
    const phone = await knownByWhatsApp("my hidden wish");
    await act(phone, "call:nothing");
    await says(phone, "Who am I?");
    expect(answers(heard(phone))).toEqual(["You said: Who am I?"]);
    expect(JSON.stringify(last())).not.toMatch(/my hidden wish|Sarah/);
    expect((await messagesOf(phone)).map(({ text }) => text)).not.toContain("Who am I?");
  });
});

describe("in a call", () => {
  it("speech is answered, turn by turn, and what was said is known to have been heard", async () => {
    const phone = somebody();
    await says(phone, "One");
    await says(phone, "Two");
    expect(answers(heard(phone))).toEqual(["You said: One", "You said: Two"]);
    await voice.simulator.say({ as: phone, text: "Three" });
    await eventually("the second answer counts as heard", async () => {
      const items = await messagesOf(phone);
      return items.find(({ text }) => text === "You said: Two")?.state === "delivered";
    });
  });

  it("an answer that comes after the caller has hung up stays visible as not said", async () => {
    const phone = somebody();
    await voice.simulator.say({ as: phone, text: "I am in a hurry" });
    await act(phone, "hang-up");
    await hub.settled();
    const failed = await eventually("the answer fails", async () => {
      const items = await messagesOf(phone);
      return items.find(({ direction, state }) => direction === "out" && state === "failed");
    });
    expect(failed.text).toBe("You said: I am in a hurry");
    const [row] = await hub.sql<{ error: string }>("SELECT error FROM outbox WHERE message_id = $1", [failed.id]);
    expect(row?.error).toMatch(/^window/);
    expect(answers(heard(phone))).toEqual([]);
    expect((await messagesOf(phone)).filter(({ kind }) => kind === "call")).toHaveLength(2);
  });

  it("a caller who wants a person and gets none leaves a voicemail, with their consent before it", async () => {
    const phone = somebody();
    await act(phone, "call");
    await act(phone, "key:0");
    await act(phone, "key:#");
    await act(phone, "key:1");
    await act(phone, "voicemail");
    await hub.settled();
    expect(prompts(heard(phone)).at(-1)).toBe("Goodbye.");
    const items = (await messagesOf(phone)).toReversed();
    expect(items.map(({ kind, text }) => (kind === "system" ? text : kind)).slice(0, 4)).toEqual([
      "call",
      "[asked for person]",
      "[recording consent given]",
      "media",
    ]);
    const recorded = await eventually("the recording is in the media store", async () => {
      const files = (await messagesOf(phone)).flatMap(({ media }) => media ?? []);
      return files.find(({ state }) => state === "stored");
    });
    expect(recorded).toMatchObject({ kind: "voice", mime: expect.stringMatching(/^audio\//) });
    const { bytes } = (await openMedia(hub.parts, hub.workspaceId, recorded.id)) ?? {};
    expect(bytes?.byteLength).toBe(recorded.size);
    expect(recorded.size).toBeGreaterThan(0);
  });
});

async function threadOf(alias: string): Promise<string> {
  const [row] = await hub.sql<{ thread_id: string }>(
    "SELECT thread_id FROM thread_alias WHERE workspace_id = $1 AND account_id = $2 AND alias_key = $3",
    [hub.workspaceId, voice.id, hub.parts.vault.blind(hub.workspaceId, "alias", alias)],
  );
  if (row === undefined) throw new Error("no such thread");
  return row.thread_id;
}

describe("what staff write without naming a channel", () => {
  const write = async (phone: string, channel?: string) => {
    const { workspaceId } = hub;
    const ref = await hub.refOf({ type: "phone", value: phone });
    const content = { text: "Your code is 4711." };
    return (await writeToCustomer(hub.parts, { workspaceId, ref, content, channel })).channel;
  };

  it("is not said in a call that only shows the customer's number", async () => {
    const phone = await knownByWhatsApp("the code, please");
    await act(phone, "call");
    await says(phone, "Tell me the code");
    expect(await write(phone)).toBe("whatsapp");
    await hub.settled();
    expect(JSON.stringify(heard(phone))).not.toContain("4711");
    expect(await write(phone, "voice")).toBe("voice");
  });

  it("is said in a call whose number is vouched for, and where they are known from calls alone", async () => {
    const vouched = await knownByWhatsApp("hello");
    await act(vouched, "call:attested");
    await says(vouched, "It is me");
    expect(await write(vouched)).toBe("voice");
    const unknown = somebody();
    await act(unknown, "call");
    await says(unknown, "Who are you?");
    expect(await write(unknown)).toBe("voice");
  });
});
