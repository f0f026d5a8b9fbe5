import { randomUUID } from "node:crypto";
import { createServer } from "node:net";
import { createEmulator } from "emulate";
import { expect, it, onTestFinished } from "vitest";
import { startMiniHub } from "../../test/support/mini-hub.ts";
import { aside } from "../../test/support/send-context.ts";
import { settings as account } from "./fixtures/sign.ts";
import { adapter } from "./index.ts";
import { voiceSettings } from "./settings.ts";

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
  const settings = voiceSettings.parse({ ...account, apiBaseUrl: `http://127.0.0.1:${port}` });
  const hub = await startMiniHub(adapter, settings);
  const { accountSid, authToken, phoneNumber, apiBaseUrl } = settings;
  const emulator = await createEmulator({
    service: "twilio",
    port,
    seed: {
      twilio: {
        account: { sid: accountSid, auth_token: authToken },
        phone_numbers: [{ phone_number: phoneNumber, voice_url: hub.webhookUrl, status_callback: hub.webhookUrl }],
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
    const body: unknown = await response.json();
    if (!response.ok) throw new Error(`the emulator answered ${response.status}: ${JSON.stringify(body)}`);
    return typeof body === "object" && body !== null && "sid" in body ? String(body.sid) : "";
  };
  return { hub, settings, simulate };
}

it("understands an independent Twilio: signed calls in, what is said in one, a call back and its statuses", async () => {
  const { hub, settings, simulate } = await stage();
  const [From, To] = ["+14155550123", "+14155550100"];

  const sid = await simulate("inbound-call", { From, To });
  expect(hub.events).toMatchObject([
    {
      type: "message",
      content: { kind: "call", direction: "in", status: "started" },
      thread: { address: { phone: From, callSid: sid } },
      author: { identifiers: [{ type: "phone", value: From, assurance: 1 }] },
    },
  ]);

  const id = randomUUID();
  const context = { settings, ...aside(), webhookUrl: hub.webhookUrl, signal: AbortSignal.timeout(5000) };
  const message = { id, content: { text: "Hallo ✅" }, address: { phone: From, attested: false, callSid: sid } };
  expect(await adapter.send(message, context)).toEqual({ providerId: `${sid}:${id}` });

  await simulate("call-status", { CallSid: sid, Status: "completed" });
  expect(hub.events[1]).toMatchObject({ content: { kind: "call", direction: "in", status: "ended" } });

  // It keeps no call from being spoken into after its end, as Twilio does: a call that it has never had is as good as over.
  const back = { ...message, id: randomUUID(), address: { phone: From, attested: false, callSid: "CA0" } };
  await expect(adapter.send({ ...back, automatic: true }, context)).rejects.toMatchObject({ kind: "window" });
  const { providerId } = await adapter.send({ ...back, automatic: false }, context);
  const called = providerId.split(":")[0] ?? "";
  for (const Status of ["in-progress", "completed"]) await simulate("call-status", { CallSid: called, Status });
  expect(hub.events.slice(2)).toMatchObject([
    { type: "status", status: "delivered", providerId, messageId: back.id },
    { type: "status", status: "delivered", providerId, messageId: back.id },
    { type: "message", content: { kind: "call", direction: "out", status: "ended" } },
  ]);
  expect(hub.deliveries.length).toBe(hub.requests.length); // Every one signed, none refused.

  const stolen = { ...context, ...aside(), settings: { ...settings, authToken: "stolen" } };
  await expect(adapter.send(message, stolen)).rejects.toMatchObject({ kind: "credentials" });
});
