import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OutboundContent } from "../../adapters/contract/index.ts";
import { openInbound } from "../../apps/core/conversation/body.ts";
import { createLinkCode } from "../../apps/core/identity/link-codes.ts";
import { writeToCustomer } from "../../apps/core/outbound/write.ts";
import type { Generator } from "../../apps/core/reply/generator.ts";
import { saidIn, startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

const WOODS = [
  { id: "wood:oak", title: "Oak" },
  { id: "wood:ash", title: "Ash" },
];

/** Offers two woods to who asks for them; else says back what it understood. */
const asking: Generator = {
  name: "asking",
  generate(context) {
    const last = context.pending.at(-1);
    const said = saidIn(context);
    const message: OutboundContent =
      said === "which wood?"
        ? { text: "Which one?", quickReplies: WOODS }
        : { text: `${last?.kind}: ${last?.choice ?? said}` };
    return Promise.resolve({ messages: [message], because: ["asking"] });
  },
};

let hub: TestHub;
let sms: TestAccount;
let email: TestAccount;
let telegram: TestAccount;
let people = 0;
beforeAll(async () => {
  hub = await startTestHub({ generator: asking });
  [sms, email, telegram] = await Promise.all([hub.account("sms"), hub.account("email"), hub.account("telegram")]);
});
afterAll(() => hub?.stop());

async function says(account: TestAccount, as: string, text: string): Promise<string[]> {
  await account.say({ as, text });
  await hub.settled();
  return (await account.heard(as)).map((h) => h.text);
}

const somebody = {
  sms: () => `+1415558${String(++people).padStart(4, "0")}`,
  email: () => `ann${++people}@example.org`,
};

describe.each(["sms", "email"] as const)("options as numbered lines, on %s", (channel) => {
  const account = () => (channel === "sms" ? sms : email);

  it("are chosen by their number or their title, and what was typed is kept", async () => {
    for (const answer of ["2", "(2)", "ash"]) {
      const as = somebody[channel]();
      expect(await says(account(), as, "which wood?")).toEqual(["Which one?\n\n1. Oak\n2. Ash"]);
      expect((await says(account(), as, answer)).at(-1)).toBe("choice: wood:ash");
      const [row] = await hub.sql<{ id: string; kind: string; identifier_id: string; body: Buffer }>(
        "SELECT id, kind, identifier_id, body FROM message WHERE thread_id = $1 AND out_seq = 0 ORDER BY seq DESC LIMIT 1",
        [await account().threadOf(as)],
      );
      if (row === undefined) throw new Error("a message expected");
      const body = openInbound(await hub.parts.vault.unlock([row.identifier_id]), row);
      expect(row.kind).toBe("choice");
      expect(body.content).toEqual({ kind: "choice", id: "wood:ash", text: "Ash" });
      expect(body.extra?.["typed"]).toBe(answer);
    }
  });

  it("are not chosen by other numbers, nor once something else was said", async () => {
    const as = somebody[channel]();
    expect((await says(account(), as, "2")).at(-1)).toBe("text: 2");
    await says(account(), as, "which wood?");
    expect((await says(account(), as, "3")).at(-1)).toBe("text: 3");
    expect((await says(account(), as, "2")).at(-1)).toBe("text: 2");
  });
});

it("are void when staff has written since", async () => {
  const as = somebody.sms();
  await says(sms, as, "which wood?");
  const ref = await hub.refOf({ type: "phone", value: as });
  const told = { workspaceId: hub.workspaceId, ref, content: { text: "One moment, please." } };
  await writeToCustomer(hub.parts, told);
  await hub.settled();
  expect((await says(sms, as, "2")).at(-1)).toBe("text: 2");
});

it("answer the question whether to connect two chats", async () => {
  const [phone, as] = [somebody.sms(), String(7_005_000 + ++people)];
  await says(telegram, as, "hello there");
  await says(sms, phone, "hello here");
  const ref = await hub.refOf({ type: "telegram", value: as });
  const { code } = await createLinkCode(hub.parts, { workspaceId: hub.workspaceId, ref });
  expect((await says(sms, phone, code)).at(-1)).toMatch(/Is that you\?\n\n1\. Yes, that's me\n2\. No$/);
  expect(await hub.profileOf({ type: "phone", value: phone })).not.toBe(
    await hub.profileOf({ type: "telegram", value: as }),
  );
  await says(sms, phone, "1.");
  expect(await hub.profileOf({ type: "phone", value: phone })).toBe(
    await hub.profileOf({ type: "telegram", value: as }),
  );
});
