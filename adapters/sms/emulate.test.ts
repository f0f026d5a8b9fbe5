import { randomUUID } from "node:crypto";
import { createServer } from "node:net";
import { createEmulator } from "emulate";
import { expect, it, onTestFinished } from "vitest";
import { startMiniHub } from "../../test/support/mini-hub.ts";
import { aside } from "../../test/support/send-context.ts";
import { settings as account } from "./fixtures/sign.ts";
import { adapter } from "./index.ts";
import { smsSettings } from "./settings.ts";

/** The emulator is told its port: it can't say which one it was given. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A double of Twilio that others wrote (`emulate`), and a hub that listens to it. */
async function stage() {
  const port = await freePort();
  const settings = smsSettings.parse({ ...account, apiBaseUrl: `http://127.0.0.1:${port}` });
  const hub = await startMiniHub(adapter, settings);
  const { accountSid, authToken, phoneNumber = "", apiBaseUrl } = settings;
  const emulator = await createEmulator({
    service: "twilio",
    port,
    seed: {
      twilio: {
        account: { sid: accountSid, auth_token: authToken },
        phone_numbers: [{ phone_number: phoneNumber, sms_url: hub.webhookUrl }],
      },
    },
  });
  onTestFinished(async () => {
    await emulator.close();
    await hub.stop();
  });
  const simulate = async (what: string, form: Record<string, string>) => {
    const response = await fetch(`${apiBaseUrl}/_twilio/simulate/${what}`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}` },
      body: new URLSearchParams(form),
    });
    if (!response.ok) throw new Error(`the emulator answered ${response.status}: ${await response.text()}`);
  };
  return { hub, settings, simulate };
}

it("understands an independent Twilio: signed messages in, a send, its statuses", async () => {
  const { hub, settings, simulate } = await stage();
  const [From, To] = ["+14155550123", "+14155550100"];

  await simulate("inbound-message", { From, To, Body: " Hei 🪑 «ø» + % & = " });
  expect(hub.events).toMatchObject([
    { type: "message", content: { kind: "text", text: " Hei 🪑 «ø» + % & = " }, thread: { address: { phone: From } } },
  ]);

  const id = randomUUID();
  const context = { settings, ...aside(), webhookUrl: hub.webhookUrl, signal: AbortSignal.timeout(5000) };
  const { providerId } = await adapter.send({ id, content: { text: "Hallo ✅" }, address: { phone: From } }, context);
  expect(providerId).toMatch(/^SM/);
  for (const Status of ["sending", "sent", "delivered", "undelivered"]) {
    await simulate("message-status", { MessageSid: providerId, Status });
  }
  expect(hub.events.slice(1)).toMatchObject(
    (["sent", "delivered", "failed"] as const).map((status) => ({ type: "status", providerId, messageId: id, status })),
  );
  // One message, and queued, sending, sent, delivered, undelivered: every one signed, none refused.
  expect(hub.requests).toHaveLength(6);
  expect(hub.deliveries).toHaveLength(6);

  const stolen = { ...context, settings: { ...settings, authToken: "stolen" } };
  await expect(adapter.send({ id, content: { text: "x" }, address: { phone: From } }, stolen)).rejects.toMatchObject({
    kind: "credentials",
  });
});
