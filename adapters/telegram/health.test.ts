import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { telegramGround } from "../../test/support/telegram.ts";
import type { TelegramGround } from "../../test/support/telegram.ts";
import { callBotApi } from "./botApi.ts";
import { adapter } from "./index.ts";
import { allowedUpdates } from "./parse.ts";

const SARAH = "700100200";

let ground: TelegramGround;
beforeEach(async () => {
  ground = await telegramGround();
  await adapter.connect?.(ground.settings, { webhookUrl: ground.webhookUrl });
});
afterEach(() => ground.stop());

async function found(changes: Partial<TelegramGround["settings"]> = {}) {
  const context = { accountId: "a", webhookUrl: ground.webhookUrl, signal: AbortSignal.timeout(5_000) };
  return adapter.health?.({ ...context, settings: { ...ground.settings, ...changes } });
}

const codes = async (...changes: Parameters<typeof found>) => (await found(...changes))?.map(({ code }) => code);

const call = (method: string, payload: object) =>
  callBotApi(ground.settings, { method, payload }, AbortSignal.timeout(5_000));

describe("an account's health", () => {
  it("is good once it is connected, by webhook or polling", async () => {
    expect(await found()).toEqual([]);
    await adapter.connect?.({ ...ground.settings, mode: "polling" }, { webhookUrl: ground.webhookUrl });
    expect(await found({ mode: "polling" })).toEqual([]);
  });

  it("is bad with a dead token", async () => {
    expect(await found({ botToken: "1234567:AAAAAAAAAAAAAAAAAAAAAAAAA" })).toMatchObject([
      { code: "token_dead", level: "problem" },
    ]);
  });

  it("tells where updates go instead", async () => {
    await call("setWebhook", { url: "https://elsewhere.example/x", allowed_updates: allowedUpdates });
    expect(await codes()).toEqual(["webhook_elsewhere"]);
    expect(await codes({ mode: "polling" })).toEqual(["webhook_elsewhere"]);
    await call("deleteWebhook", {});
    expect(await codes()).toEqual(["webhook_missing"]);
  });

  it("warns of another username, and of kinds of updates that aren't asked for", async () => {
    expect(await codes({ botUsername: "another_bot" })).toEqual(["username_changed"]);
    await call("setWebhook", { url: ground.webhookUrl, allowed_updates: ["message"] });
    expect(await found()).toMatchObject([{ code: "updates_not_asked_for", detail: expect.stringMatching(/reaction/) }]);
    await call("setWebhook", { url: ground.webhookUrl });
    expect(await codes()).toEqual(["updates_not_asked_for"]);
  });

  it("warns of deliveries that fail", async () => {
    const { secretToken } = ground.settings;
    ground.settings = { ...ground.settings, secretToken: "another-secret-token" };
    await expect(ground.double.say({ as: SARAH, text: "hello?" })).rejects.toThrow(/401/);
    ground.settings = { ...ground.settings, secretToken };
    expect(await found()).toMatchObject([{ code: "webhook_failing", detail: expect.stringMatching(/401/) }]);
  });

  it("warns of updates that wait", async () => {
    await adapter.connect?.({ ...ground.settings, mode: "polling" }, { webhookUrl: ground.webhookUrl });
    const waiting = Array.from({ length: 100 }, (_, i) =>
      ground.double.say({ as: SARAH, text: `${i}` }).catch(() => undefined),
    );
    expect(await codes({ mode: "polling" })).toEqual(["updates_waiting"]);
    await ground.double.stop();
    await Promise.all(waiting);
  });

  it("can't be told when Telegram is away", async () => {
    await expect(found({ apiBaseUrl: "http://127.0.0.1:9" })).rejects.toThrow(/could not be asked/);
  });
});
