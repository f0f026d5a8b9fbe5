import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { telegramGround } from "../../test/support/telegram.ts";
import type { TelegramGround } from "../../test/support/telegram.ts";
import type { MessageEvent } from "../contract/index.ts";
import { adapter } from "./index.ts";

const SARAH = "700100200";
const OLGA = "700500600";
const connection = "bc_1";

let ground: TelegramGround;
beforeEach(async () => {
  ground = await telegramGround();
});
afterEach(() => ground.stop());

const call = () => ({ settings: ground.settings, accountId: "a", signal: AbortSignal.timeout(5_000) });

/** Sarah writes to Olga's account, which the bot answers for. */
async function written(): Promise<MessageEvent> {
  await ground.double.connectBusiness({ owner: OLGA, connection });
  await ground.double.sayToBusiness({ as: SARAH, name: "Sarah", connection, text: "Is it in stock?" });
  return ground.last();
}

describe("a business account", () => {
  it("is answered for in the customer's own thread", async () => {
    const event = await written();
    expect(event).toMatchObject({ content: { kind: "text" }, thread: { audience: "private" } });
    expect(event.addressed).toBeUndefined();
    const { providerId } = await ground.send({ text: "It is." }, event.thread.address);
    expect(ground.calls.at(-1)?.payload).toMatchObject({ business_connection_id: connection, chat_id: Number(SARAH) });
    expect(providerId).toMatch(new RegExp(`^7001000001:${SARAH}:\\d+:${connection}$`));
  });

  it("may be written from by its owner, which is an echo answered by nobody", async () => {
    await written();
    await ground.double.sayToBusiness({ as: SARAH, connection, text: "Yes, in black", by: OLGA });
    expect(ground.last()).toMatchObject({
      echo: true,
      addressed: false,
      author: { identifiers: [{ type: "telegram", value: SARAH }] },
    });
  });

  it("closes its window after a day, without the right to reply, or before the customer wrote", async () => {
    const { address } = (await written()).thread;
    const other = { chat_id: "700100201", business_connection_id: connection };
    await expect(ground.send({ text: "Hello?" }, other)).rejects.toMatchObject({ kind: "window" });
    await ground.double.connectBusiness({ owner: OLGA, connection, canReply: false });
    await expect(ground.send({ text: "It is." }, address)).rejects.toMatchObject({ kind: "window", code: "403" });
    await ground.double.connectBusiness({ owner: OLGA, connection, isEnabled: false });
    await expect(ground.send({ text: "It is." }, address)).rejects.toMatchObject({ kind: "never", code: "400" });
  });

  it("tells staff when it lets the bot no longer reply, and when it does again", async () => {
    const steps = [{}, { canReply: false }, { isEnabled: false }, {}];
    for (const step of steps) await ground.double.connectBusiness({ owner: OLGA, connection, ...step });
    const notices = ground.events.filter((event) => event.type === "notice");
    expect(notices.map(({ level }) => level)).toEqual(["ok", "warning", "warning", "ok"]);
    expect(new Set(notices.map(({ topic }) => topic))).toEqual(new Set([`business:${connection}`]));
    expect(notices.map(({ detail }) => detail).join(" ")).not.toContain(OLGA);
  });
});

describe("attention", () => {
  it("shows that an answer is being written, wherever that is", async () => {
    const { address } = (await written()).thread;
    const places = [
      address,
      { chat_id: "-1001", message_thread_id: 7 },
      { chat_id: "-1001", direct_messages_topic_id: 9 },
    ];
    for (const at of places) await adapter.typing?.({ address: at }, call());
    expect(ground.calls.map(({ payload }) => payload)).toEqual([
      { chat_id: Number(SARAH), business_connection_id: connection, action: "typing" },
      { chat_id: -1001, message_thread_id: 7, action: "typing" },
      { chat_id: -1001, action: "typing" },
    ]);
    await expect(adapter.typing?.({ address: {} }, call())).rejects.toThrow(/address/);
  });

  it("marks a business account's chat as read; a bot's own has no such mark", async () => {
    const { thread, eventKey } = await written();
    await adapter.markRead?.({ address: thread.address, eventKey }, call());
    const message_id = Number(eventKey.split(":")[3]);
    const payload = { business_connection_id: connection, chat_id: Number(SARAH), message_id };
    expect(ground.calls).toEqual([{ method: "readBusinessMessage", payload }]);
    await adapter.markRead?.({ address: { chat_id: SARAH }, eventKey: `message:1:${SARAH}:5` }, call());
    expect(ground.calls).toHaveLength(1);
  });
});
