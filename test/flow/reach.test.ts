import { afterAll, beforeAll, expect, it } from "vitest";
import { listConversations } from "../../apps/core/conversation/cases.ts";
import { writeToCustomer } from "../../apps/core/outbound/write.ts";
import { eventually, startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

let hub: TestHub;
let web: TestAccount;
let mailbox: TestAccount;
beforeAll(async () => {
  hub = await startTestHub();
  [web, mailbox] = await Promise.all([hub.account("web"), hub.account("email")]);
});
afterAll(() => hub?.stop());

/** Somebody who is signed in on the web; `email_verified` as told. */
async function visitor(sub: string, claims: Record<string, string | boolean>): Promise<string> {
  await web.say({ as: `browser-${sub}`, text: "My order has not arrived", claims: { sub, ...claims } });
  await hub.settled();
  return hub.refOf({ type: "external", value: sub });
}

const written = (ref: string, text: string) =>
  writeToCustomer(hub.parts, { workspaceId: hub.workspaceId, ref, content: { text }, channel: "email" });

it("staff write a first mail to a proven address; the answer comes back into the same thread and conversation", async () => {
  const email = "lost.parcel@example.com";
  const ref = await visitor("lost", { email, email_verified: true });
  const { threadId, messageIds } = await written(ref, "We are looking for your parcel.");
  await hub.settled();
  const [heard] = mailbox.simulator.heard(email);
  expect(heard?.text).toContain("We are looking for your parcel.");
  const again = await written(ref, "We have found it.");
  expect(again.threadId).toBe(threadId);
  await hub.settled();

  await mailbox.simulator.say({ as: email, text: "Thank you, please send it again" });
  await hub.settled();
  const timeline = (await hub.timeline(ref)).filter((m) => m.channel === "email");
  expect(new Set(timeline.map((m) => m.threadId))).toEqual(new Set([threadId]));
  expect(
    timeline
      .map((m) => m.text)
      .toReversed()
      .slice(0, 3),
  ).toEqual(["We are looking for your parcel.", "We have found it.", "Thank you, please send it again"]);
  expect(timeline.find((m) => m.id === messageIds[0])).toMatchObject({ author: "staff", state: "sent" });
  const { items } = await listConversations(hub.parts, hub.workspaceId, { ref, limit: 10 });
  expect(items).toHaveLength(1);
});

it("writes where the customer prefers, although they have never written there", async () => {
  const email = "prefers.mail@example.com";
  const ref = await visitor("prefers", { email, email_verified: true, preferred_channel: "email" });
  const chosen = await writeToCustomer(hub.parts, {
    workspaceId: hub.workspaceId,
    ref,
    content: { text: "As you like" },
  });
  expect(chosen.channel).toBe("email");
  await eventually("the mail", async () => mailbox.simulator.heard(email).length === 1);
});

it.each([
  ["an address that was only claimed", { email: "claimed@example.com" }],
  ["no address at all", {}],
])("never writes to %s", async (_, claims) => {
  const ref = await visitor(`claims-${Object.keys(claims).length}`, claims);
  await expect(written(ref, "Hello?")).rejects.toMatchObject({ kind: "conflict" });
  expect(mailbox.simulator.heard("claimed@example.com")).toEqual([]);
});
