import { randomUUID } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { Readable } from "node:stream";
import { expect, it, onTestFinished, vi } from "vitest";
import { DownloadError } from "../contract/index.ts";
import type { DownloadContext, OutboundContent } from "../contract/index.ts";
import { startMiniHub } from "../../test/support/mini-hub.ts";
import { download } from "./download.ts";
import { health } from "./health.ts";
import { adapter } from "./index.ts";
import { smsSettings } from "./settings.ts";
import type { SmsSettings } from "./settings.ts";
import { simulator } from "./simulator.ts";
import type { SmsSimulatorOptions } from "./simulator.ts";

const SARAH = "+14155550123";
const PHOTO = {
  kind: "image",
  mime: "image/png",
  filename: "leg.png",
  data: Buffer.from("PNG of a broken leg"),
} as const;

async function stage(options?: SmsSimulatorOptions) {
  const double = await simulator.start(options);
  const settings = smsSettings.parse(double.settings);
  const hub = await startMiniHub(adapter, settings);
  double.attach(hub);
  onTestFinished(async () => {
    await double.stop();
    await hub.stop();
  });
  const send = (content: OutboundContent, more: Partial<SmsSettings> = {}, id = randomUUID()) =>
    adapter.send(
      { id, content, address: { phone: SARAH } },
      {
        settings: { ...settings, ...more },
        accountId: "a",
        webhookUrl: hub.webhookUrl,
        media: hub.media,
        state: hub.state,
        signal: AbortSignal.timeout(5000),
      },
    );
  const look = (more: Partial<SmsSettings> = {}) =>
    health({
      settings: { ...settings, ...more },
      accountId: "a",
      webhookUrl: hub.webhookUrl,
      signal: AbortSignal.timeout(5000),
    });
  return { double, settings, hub, send, look };
}

/** A fetch that notes what it was asked, at the double or at whatever a step answers. */
function asking(answer?: (url: string) => { status: number; location?: string }) {
  const asked: { url: string; isSigned: boolean; hosts: string[] }[] = [];
  const fetched: DownloadContext<SmsSettings>["fetch"] = async (url, { headers = {}, hosts = [] } = {}) => {
    asked.push({ url, isSigned: "authorization" in headers, hosts });
    if (answer !== undefined) {
      const { status, location } = answer(url);
      return { status, headers: { location }, body: Readable.from([]) };
    }
    const response = await fetch(url, { headers, redirect: "manual" });
    if (response.status >= 400) throw new DownloadError("never", `answered ${response.status}`);
    const body = Readable.from([Buffer.from(await response.arrayBuffer())]);
    return { status: response.status, headers: Object.fromEntries(response.headers), body };
  };
  const context = (settings: SmsSettings) => ({
    settings,
    accountId: "a",
    signal: AbortSignal.timeout(5000),
    fetch: fetched,
  });
  return { asked, context };
}

it("a picture comes in with its words, and is fetched with the credentials at the API only", async () => {
  const { double, hub, settings } = await stage();
  await double.say({ as: SARAH, text: "The leg is broken", media: PHOTO });
  const [event] = hub.events;
  if (event?.type !== "message" || event.content.kind !== "media") throw new Error("no file came in");
  expect(event.content).toMatchObject({ media: "image", mime: "image/png", text: "The leg is broken" });
  const { asked, context } = asking();
  const file = await download({ ref: event.content.ref, kind: "image" }, context(settings));
  expect((await buffer(file.body)).equals(PHOTO.data)).toBe(true);
  expect(file).toMatchObject({ mime: "image/png", filename: "leg.png" });
  expect(asked.map(({ isSigned }) => isSigned)).toEqual([true, false]);
});

it("a file is fetched nowhere but at Twilio, and not without end", async () => {
  const { settings } = await stage();
  const path = `/2010-04-01/Accounts/${settings.accountSid}/Messages/MM1/Media/ME1`;
  const { asked, context } = asking((url) => ({ status: 307, location: `${url}x` }));
  const refs = [
    `https://api.twilio.com.attacker.example${path}`,
    `https://api.twilio.com@attacker.example${path}`,
    `http://api.twilio.com${path}`,
    `https://api.twilio.com:8443${path}`,
    `https://api.twilio.com/2010-04-01/Accounts/AC00000000000000000000000000000000/Messages/MM1/Media/ME1`,
    `https://api.twilio.com/2010-04-01/Accounts/${settings.accountSid}/Messages.json`,
  ];
  for (const ref of refs) {
    await expect(download({ ref, kind: "image" }, context(settings))).rejects.toMatchObject({ kind: "never" });
  }
  expect(asked).toEqual([]);
  const looping = download({ ref: `https://api.dublin.ie1.twilio.com${path}`, kind: "image" }, context(settings));
  await expect(looping).rejects.toMatchObject({ kind: "never" });
  expect(asked[0]).toMatchObject({ isSigned: true, hosts: ["api.dublin.ie1.twilio.com"] });
  expect(asked.length).toBe(4);
  for (const { isSigned, hosts } of asked.slice(1)) {
    expect(isSigned).toBe(false);
    expect(hosts).toContain("mms.twiliocdn.com");
    expect(hosts).not.toContain("api.dublin.ie1.twilio.com");
  }
});

it("a file goes out with its caption, fetched by Twilio from the media store", async () => {
  const { double, hub, send } = await stage();
  const { providerId } = await send({ text: "Like this?", media: hub.media.put(PHOTO) });
  expect(providerId).toMatch(/^MM/);
  await vi.waitFor(() => expect(double.heard(SARAH)).toHaveLength(1));
  expect(double.heard(SARAH)).toMatchObject([
    { id: providerId, text: "Like this?", media: { kind: "image", mime: "image/png", size: PHOTO.data.length } },
  ]);
  await send({ text: "", media: hub.media.put({ ...PHOTO, kind: "document", mime: "application/pdf" }) });
  await vi.waitFor(() => expect(double.heard(SARAH).at(-1)).toMatchObject({ text: "", media: { kind: "document" } }));
});

it("a file that Twilio can't fetch or won't take fails by its status, in our words", async () => {
  const { double, hub, send } = await stage();
  const file = hub.media.put(PHOTO);
  await send({ text: "Gone", media: { ...file, id: randomUUID() } });
  await vi.waitFor(() => expect(hub.events).toHaveLength(1));
  const mislabelled = hub.media.put({ ...PHOTO, mime: "application/x-msdownload" });
  await send({ text: "Mislabelled", media: { ...mislabelled, mime: "image/png" } });
  await vi.waitFor(() => expect(hub.events).toHaveLength(2));
  expect(hub.events).toMatchObject([
    { status: "failed", error: { code: "11200", detail: expect.stringMatching(/could not fetch the file/) } },
    { status: "failed", error: { code: "12300", detail: expect.stringMatching(/type/) } },
  ]);
  expect(double.heard(SARAH)).toEqual([]);
});

it("a file that the number or Twilio does not take is not sent at all", async () => {
  const { double, hub, send } = await stage();
  const file = hub.media.put(PHOTO);
  await expect(send({ text: "x", media: file }, { mms: false })).rejects.toMatchObject({ kind: "never" });
  await expect(send({ text: "x", media: { ...file, size: 5_000_001 } })).rejects.toMatchObject({ kind: "never" });
  await expect(send({ text: "x", media: { ...file, kind: "sticker" } })).rejects.toMatchObject({ kind: "never" });
  await expect(send({ text: "x".repeat(1601), media: file })).rejects.toMatchObject({ kind: "never" });
  expect(double.heard(SARAH)).toEqual([]);
});

it("a healthy account has nothing to tell, and an ill one says what to do", async () => {
  const { look } = await stage();
  expect(await look()).toEqual([]);
  expect(await look({ authToken: "stolen" })).toMatchObject([{ code: "token_dead", level: "problem" }]);
  expect(await look({ phoneNumber: "+14155550199" })).toMatchObject([{ code: "number_gone" }]);
  await expect(look({ apiBaseUrl: "http://127.0.0.1:9" })).rejects.toThrow(/ECONNREFUSED/);
  const suspended = await stage({ accountStatus: "suspended" });
  expect(await suspended.look()).toMatchObject([
    { code: "account_inactive", detail: expect.stringMatching(/suspended/) },
  ]);
  const elsewhere = await stage({ smsUrl: "https://elsewhere.example/sms" });
  expect(await elsewhere.look()).toMatchObject([{ code: "webhook_elsewhere", level: "problem" }]);
  const service = { messagingServiceSid: "MG0123456789abcdef0123456789abcdef" };
  expect(await elsewhere.look(service)).toEqual([]);
});
