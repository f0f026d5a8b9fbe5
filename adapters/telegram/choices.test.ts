import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryState } from "../../test/support/mini-hub.ts";
import { telegramGround } from "../../test/support/telegram.ts";
import type { TelegramGround } from "../../test/support/telegram.ts";
import type { MessageEvent } from "../contract/index.ts";
import { recall, rememberReplies } from "./choices.ts";

const SARAH = "700100200";
const GROUP = "-1001234567890";
const toSarah = { chat_id: SARAH };
const replies = [
  { id: "size:large", title: "Large" },
  { id: "size:small", title: "Small" },
];

let ground: TelegramGround;
beforeEach(async () => {
  ground = await telegramGround();
});
afterEach(() => ground.stop());

const markups = () => ground.calls.map(({ payload }) => payload["reply_markup"]);

describe("quick replies", () => {
  it("are a reply keyboard, whose pressed key is the choice", async () => {
    const { providerId } = await ground.send({ text: "Which size?", quickReplies: replies }, toSarah);
    expect(markups()).toEqual([
      { keyboard: [[{ text: "Large" }], [{ text: "Small" }]], one_time_keyboard: true, resize_keyboard: true },
    ]);
    expect(ground.double.hasKeys(SARAH)).toBe(true);
    await ground.double.press({ as: SARAH, message: providerId, button: "Small" });
    expect(ground.last().content).toEqual({ kind: "choice", id: "size:small", text: "Small" });
    expect(ground.last().eventKey).toMatch(/^message:/);
    expect(ground.double.hasKeys(SARAH)).toBe(false);
  });

  it("may be typed, and are over once anything was said", async () => {
    await ground.send({ text: "Which size?", quickReplies: replies }, toSarah);
    await ground.double.say({ as: SARAH, text: "What is the difference?" });
    await ground.double.say({ as: SARAH, text: "Large" });
    expect(ground.last().content).toEqual({ kind: "text", text: "Large" });
    await ground.send({ text: "Again: which size?", quickReplies: replies }, toSarah);
    await ground.double.say({ as: SARAH, text: "Large" });
    expect(ground.last().content).toMatchObject({ kind: "choice", id: "size:large" });
  });

  it("stay while the hub goes on talking, and go with its next message after they were answered", async () => {
    await ground.send({ text: "Which size?", quickReplies: replies }, toSarah);
    await ground.send({ text: "Large is 80 cm." }, toSarah);
    expect(ground.double.hasKeys(SARAH)).toBe(true);
    await ground.double.say({ as: SARAH, text: "Neither" });
    await ground.send({ text: "I see." }, toSarah);
    expect(ground.double.hasKeys(SARAH)).toBe(false);
    await ground.send({ text: "Anything else?" }, toSarah);
    expect(markups().slice(1)).toEqual([undefined, { remove_keyboard: true }, undefined]);
  });

  it("are buttons in a group and for a business account, where a pressed key would be said to nobody", async () => {
    await ground.double.connectBusiness({ owner: "700500600", connection: "bc1" });
    await ground.double.sayToBusiness({ as: SARAH, connection: "bc1", text: "hi" });
    for (const address of [{ chat_id: GROUP }, { ...toSarah, business_connection_id: "bc1" }]) {
      await ground.send({ text: "Which size?", quickReplies: replies }, address);
    }
    const inline = { inline_keyboard: replies.map(({ id, title }) => [{ text: title, callback_data: id }]) };
    expect(markups()).toEqual([inline, inline]);
  });

  it("are read the same when the answer is delivered again", async () => {
    const state = memoryState();
    await rememberReplies(toSarah, replies, state);
    const said = (id: string): MessageEvent => ({
      type: "message",
      eventKey: `message:1:${SARAH}:${id}`,
      thread: { aliases: [`chat:${SARAH}`], audience: "private", address: toSarah },
      author: { identifiers: [{ type: "telegram", value: SARAH, assurance: 2 }] },
      content: { kind: "text", text: "Large" },
    });
    const first = await recall(said("7"), state);
    expect(first.content.kind).toBe("choice");
    expect(await recall(said("7"), state)).toEqual(first);
    expect((await recall(said("8"), state)).content.kind).toBe("text");
  });
});
