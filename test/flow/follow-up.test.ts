import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { regroupConversations } from "../../apps/core/conversation/regroup.ts";
import { mergeProfiles, undoMerge } from "../../apps/core/identity/merges.ts";
import { followUp, wishFollowUp } from "../../apps/core/outbound/follow-up.ts";
import { writeToCustomer } from "../../apps/core/outbound/write.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { eventually, startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

let hub: TestHub;
let web: TestAccount;
let mailbox: TestAccount;
beforeAll(async () => {
  hub = await startTestHub();
  [web, mailbox] = await Promise.all([hub.account("web"), hub.account("email")]);
  // 3 s: time enough to be back in time, on a slow machine too.
  await hub.configure({ followUpAfterMinutes: 0.05 });
});
afterAll(() => hub?.stop());

let visitors = 0;
interface Visitor {
  ref: string;
  email: string;
  threadId: string;
  say(text: string): Promise<void>;
}

/** Somebody who is signed in on the web, and asks for copies by mail, the way a page would. */
async function visitor(proof: { email_verified?: boolean } = { email_verified: true }): Promise<Visitor> {
  const sub = `visitor-${++visitors}`;
  const email = `${sub}@example.com`;
  const as = `browser-${sub}`;
  const claims = { sub, email, ...proof };
  const say = async (text: string, followUp?: { channel: string }) => {
    const events = await web.events({ as, text, claims });
    await hub.hub.ingest.ingest(
      web.origin,
      events.map((e) => (e.type === "message" && followUp !== undefined ? { ...e, followUp } : e)),
    );
    await web.hears(as, (await web.heard(as)).length + 1);
  };
  await say("Please mail me what I miss", { channel: "email" });
  const threadId = await web.threadOf(as);
  // What was answered to that is none of the test's.
  await hub.sql("UPDATE outbox SET state = 'delivered' WHERE thread_id = $1", [threadId]);
  await hub.settled();
  return { ref: await hub.refOf({ type: "external", value: sub }), email, threadId, say };
}

const write = (ref: string, text: string) =>
  writeToCustomer(hub.parts, { workspaceId: hub.workspaceId, ref, content: { text }, channel: "web" });
const mailsTo = (email: string) => mailbox.simulator.heard(email).map((h) => h.text);
const notesIn = async (ref: string) =>
  (await hub.timeline(ref)).filter((m) => m.author === "system").map((m) => m.text);

describe("what a customer has not seen on the web", () => {
  it("comes by mail once, to the address that is proven theirs, and says where it is from", async () => {
    const { ref, email, threadId } = await visitor();
    await write(ref, "Your chair has been shipped.");
    await write(ref, "It arrives on Friday.");
    await eventually("the mail", () => Promise.resolve(mailsTo(email).length > 0));
    await hub.settled();
    await sleep(1_500);
    expect(mailsTo(email)).toHaveLength(1);
    expect(mailsTo(email)[0]).toMatch(/copy of what we write in your chat[^]*has been shipped[^]*on Friday/);
    const timeline = await hub.timeline(ref);
    expect(timeline.filter((m) => m.channel === "email")).toMatchObject([{ author: "system", state: "sent" }]);
    // The copy is no second answer on the web, and is not copied again.
    expect(timeline.filter((m) => m.threadId === threadId && m.text.includes("shipped"))).toHaveLength(1);
    await write(ref, "Anything else?");
    await eventually("the next one", () => Promise.resolve(mailsTo(email).length === 2));
    expect(mailsTo(email)[1]).not.toContain("shipped");
    await hub.settled();
  });

  it("does not come when they were back in time", async () => {
    const { ref, email, say } = await visitor();
    await write(ref, "Are you still there?");
    await say("Yes, I am");
    await eventually("the answer to that", async () =>
      (await hub.timeline(ref)).some((m) => m.text === "You said: Yes, I am"),
    );
    await hub.sql(
      "UPDATE outbox SET state = 'delivered' FROM message m WHERE m.id = outbox.message_id AND m.author = 'bot'",
    );
    await hub.settled();
    expect(mailsTo(email)).toEqual([]);
  });

  it("does not come when they don't wish it any more", async () => {
    const { ref, email, threadId } = await visitor();
    await write(ref, "One last thing.");
    await wishFollowUp(hub.parts, { workspaceId: hub.workspaceId, threadId, channel: undefined });
    await hub.settled();
    expect(mailsTo(email)).toEqual([]);
    await expect(
      wishFollowUp(hub.parts, { workspaceId: hub.workspaceId, threadId, channel: "pigeon" }),
    ).rejects.toMatchObject({ kind: "invalid" });
  });

  it("goes to no address that they only claimed; staff find a note instead", async () => {
    const { ref, email, threadId } = await visitor({});
    await write(ref, "A secret.");
    await eventually("the note", async () => (await notesIn(ref)).length > 0);
    await hub.settled();
    expect(mailsTo(email)).toEqual([]);
    expect(await notesIn(ref)).toEqual([expect.stringMatching(/^\[not seen: a message\. .* E-mail, but/)]);
    // The note is for staff: no page shows it, no generator is told, and it is not sent.
    expect((await hub.context(threadId)).history.map((m) => m.text)).not.toContainEqual(
      expect.stringContaining("not seen"),
    );
    expect(
      await hub.sql("SELECT 1 FROM outbox o JOIN message m ON m.id = o.message_id WHERE m.kind = 'system'"),
    ).toEqual([]);
  });
});

it("what a customer has not seen is said in no call, not even one that shows their number", async () => {
  const voice = await hub.account("voice");
  const phone = "+14155620077";
  const claims = { sub: "caller", phone_number: phone, phone_number_verified: true };
  await web.say({ as: "browser-caller", text: "Hello", claims });
  await hub.settled();
  const ref = await hub.refOf({ type: "external", value: "caller" });
  const threadId = await web.threadOf("browser-caller");
  // Somebody calls, and nobody vouches for the number that they show.
  await voice.simulator.act?.({ as: phone, action: "call" });
  await voice.simulator.say({ as: phone, text: "It is me" });
  await eventually("an answer in the call", () =>
    Promise.resolve(voice.simulator.heard(phone).some(({ text }) => text.includes("It is me"))),
  );
  await wishFollowUp(hub.parts, { workspaceId: hub.workspaceId, threadId, channel: "voice" });
  await write(ref, "Your code for the door is 4711.");
  await eventually("the note", async () => (await notesIn(ref)).length > 0);
  await hub.settled();
  expect(await notesIn(ref)).toEqual([expect.stringMatching(/^\[not seen: a message\. .* Telephone, but/)]);
  expect(JSON.stringify(voice.simulator.heard(phone))).not.toContain("4711");
});

describe("a link that is taken back", () => {
  const afterMove = { afterMove: regroupConversations };

  it("meanwhile: nothing goes to the one who is not them any more", async () => {
    const sms = await hub.account("sms");
    const phone = "+14155620001";
    await sms.say({ as: phone, text: "hi" });
    await sms.hears(phone, 1);
    const { ref, threadId } = await visitor();
    const refs: [string, string] = [ref, await hub.refOf({ type: "phone", value: phone })];
    await wishFollowUp(hub.parts, { workspaceId: hub.workspaceId, threadId, channel: "sms" });
    const merge = () =>
      mergeProfiles({ ...hub.parts, ...afterMove }, { workspaceId: hub.workspaceId, refs, by: "test" });
    const { id } = await merge();
    await write(ref, "For the two of you.");
    await sms.hears(phone, 2);
    await hub.settled();

    await write(ref, "For one of you.");
    await undoMerge({ ...hub.parts, ...afterMove }, { workspaceId: hub.workspaceId, id, by: "test" });
    await eventually("the note", async () => (await notesIn(ref)).some((n) => n.startsWith("[not seen")));
    await hub.settled();
    expect((await sms.heard(phone)).map((h) => h.text).join()).not.toContain("one of you");
  });

  it("between making the copy and sending it: it is cancelled", async () => {
    const idle = await startTestHub({ beside: hub, worker: false });
    try {
      const { ref, email, threadId } = await visitor();
      await write(ref, "Held up.");
      await eventually(
        "it was sent on the web",
        async () =>
          (await hub.sql("SELECT 1 FROM outbox WHERE thread_id = $1 AND state = 'sent'", [threadId])).length > 0,
      );
      // The mail account is asked to wait, so that the copy does.
      await hub.sql(
        "INSERT INTO account_gate (workspace_id, account_id, held_until) VALUES ($1, $2, now() + interval '6 seconds')",
        [hub.workspaceId, mailbox.id],
      );
      await eventually("the copy waits", async () => {
        await followUp(idle.parts, { workspaceId: hub.workspaceId, threadId });
        return (await hub.timeline(ref)).some((m) => m.channel === "email" && m.state === "pending");
      });
      await hub.sql("UPDATE profile SET epoch = epoch + 1");
      await hub.settled();
      expect(mailsTo(email)).toEqual([]);
      expect((await hub.timeline(ref)).filter((m) => m.channel === "email")).toMatchObject([{ state: "cancelled" }]);
    } finally {
      await hub.sql("DELETE FROM account_gate");
      await idle.stop();
    }
  });
});

describe("a page that is open", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway(hub);
  });
  afterAll(() => gateway?.close());

  it("acknowledges what it is told: that is delivered, and not sent elsewhere", async () => {
    const { simulator } = await gateway.account("web");
    const claims = { sub: "open-page", email: "open.page@example.com", email_verified: true };
    await simulator.say({ as: "open", text: "hello", claims });
    await eventually("an answer", () => Promise.resolve(simulator.heard("open").length === 1));
    const ref = await hub.refOf({ type: "external", value: "open-page" });
    const [message] = await hub.timeline(ref);
    const changed = await gateway.call("PATCH", `/v1/threads/${message?.threadId}`, { followUp: { channel: "email" } });
    expect(changed).toMatchObject({ status: 200, body: { followUp: { channel: "email" } } });
    const { messageIds } = await write(ref, "You are here.");
    await eventually("it is delivered", async () =>
      (await hub.timeline(ref)).some((m) => m.id === messageIds[0] && m.state === "delivered"),
    );
    await hub.settled();
    expect(mailsTo("open.page@example.com")).toEqual([]);
  });
});
