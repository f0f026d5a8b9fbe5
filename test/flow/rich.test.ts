import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Heard, Simulator } from "../../adapters/contract/index.ts";
import { routes } from "../../apps/core/api/routes.ts";
import { eventually, startTestHub, type TestHub } from "../support/hub.ts";
import { samplesOf } from "../support/samples.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";

const SARAH = "+14155550161";
const CHOICES = [
  { id: "oak", title: "Oak" },
  { id: "ash", title: "Ash" },
];

let hub: TestHub;
let gateway: TestGateway;
let whatsapp: { id: string; simulator: Simulator };
let sms: { id: string; simulator: Simulator };
let ref: string;
beforeAll(async () => {
  hub = await startTestHub();
  gateway = await startTestGateway(hub);
  [whatsapp, sms] = await Promise.all([gateway.account("whatsapp"), gateway.account("sms")]);
  for (const { simulator } of [whatsapp, sms]) await simulator.say({ as: SARAH, text: "hello", name: "Sarah" });
  await hub.settled();
  ref = await hub.refOf({ type: "phone", value: SARAH });
});
afterAll(async () => {
  await gateway?.close();
  await hub?.stop();
});

async function writes(body: Record<string, unknown>): Promise<void> {
  const answer = await gateway.call("POST", `/v1/profiles/${ref}/messages`, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  await hub.settled();
}

async function hears({ simulator }: { simulator: Simulator }, text: RegExp): Promise<Heard> {
  return eventually(`${String(text)} is heard`, async () => simulator.heard(SARAH).find((h) => text.test(h.text)));
}

async function newestItem() {
  const { body } = await gateway.call("GET", `/v1/profiles/${ref}/timeline`);
  return routes["timeline.read"].responses[200].parse(body).items[0];
}

describe("a rich message of staff", () => {
  const said = {
    text: "Which wood for your desk?",
    buttons: CHOICES,
    link: { url: "https://shop.example/woods", title: "See them" },
  };

  it("arrives as what each channel has, and stands so in the timeline", async () => {
    await writes({ ...said, channel: "whatsapp" });
    expect((await hears(whatsapp, /Which wood/)).buttons).toEqual(CHOICES);
    expect(await newestItem()).toMatchObject({ channel: "whatsapp", buttons: CHOICES });
    await writes({ ...said, channel: "sms" });
    const lines = "Which wood for your desk?\n\nSee them: https://shop.example/woods\n\n1. Oak\n2. Ash";
    expect((await hears(sms, /Which wood/)).text).toBe(lines);
    expect(await newestItem()).toMatchObject({ channel: "sms", text: lines });
  });

  it("is shown beforehand as the channel will carry it, with what it counts as", async () => {
    const preview = async (channel: string, body: object) => {
      const answer = await gateway.call("POST", `/v1/channels/${channel}/preview`, body);
      expect(answer.status).toBe(200);
      return routes["channels.preview"].responses[200].parse(answer.body).parts;
    };
    expect(await preview("whatsapp", said)).toEqual([
      { text: "Which wood for your desk?\n\nSee them: https://shop.example/woods", buttons: CHOICES },
    ]);
    expect(await preview("sms", { text: "x".repeat(200) })).toEqual([
      { text: "x".repeat(200), measure: { unit: "segment", count: 2, detail: "GSM-7" } },
    ]);
    expect((await preview("sms", { text: "ж".repeat(71) }))[0]?.measure).toEqual({
      unit: "segment",
      count: 2,
      detail: "UCS-2",
    });
    expect(await preview("sms", { text: "word ".repeat(400) })).toHaveLength(2);
    expect((await gateway.call("POST", "/v1/channels/pigeon/preview", { text: "x" })).status).toBe(404);
    const before = whatsapp.simulator.heard(SARAH).length;
    await hub.settled();
    expect(whatsapp.simulator.heard(SARAH)).toHaveLength(before);
  });
});

describe("a file of staff", () => {
  async function uploaded(): Promise<string> {
    const response = await fetch(`${gateway.url}/v1/media`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}`, "content-type": "image/jpeg" },
      body: new Uint8Array(samplesOf("image", undefined)[0].data),
    });
    expect(response.status).toBe(201);
    return routes["media.upload"].responses[201].parse(await response.json()).id;
  }

  it("arrives with its words", async () => {
    const id = await uploaded();
    await writes({ text: "Your new desk", media: { id }, channel: "whatsapp" });
    const heard = await hears(whatsapp, /Your new desk/);
    expect(heard.media).toMatchObject({ kind: "image", mime: "image/jpeg" });
    expect(await newestItem()).toMatchObject({ text: "Your new desk", media: [{ kind: "image", state: "stored" }] });
  });

  it("is shown beforehand as what the channel makes of it", async () => {
    const media = { id: await uploaded() };
    const preview = async (channel: string) => {
      const { body } = await gateway.call("POST", `/v1/channels/${channel}/preview`, { text: "Your desk", media });
      return routes["channels.preview"].responses[200].parse(body).parts;
    };
    expect(await preview("whatsapp")).toMatchObject([
      { text: "Your desk", media: { kind: "image", mime: "image/jpeg" } },
    ]);
    expect(await preview("sms")).toMatchObject([{ media: { kind: "image" }, measure: { unit: "MMS", count: 1 } }]);
  });

  it("is refused when there is none such", async () => {
    const media = { id: "0199c0de-0000-7000-8000-000000000001" };
    const answer = await gateway.call("POST", `/v1/profiles/${ref}/messages`, { text: "Look", media });
    expect(answer.body).toMatchObject({ status: 400, field: "media" });
  });
});

it("the limits of every channel are shown in full", async () => {
  const { body } = await gateway.call("GET", "/v1/channels");
  const { items } = routes["channels.list"].responses[200].parse(body);
  for (const { id, limits } of items) {
    expect(limits).toEqual(JSON.parse(JSON.stringify(hub.parts.adapters.get(id)?.limits)));
  }
  expect(items.length).toBeGreaterThan(3);
});

describe("an approved message", () => {
  const news = { name: "we_are_back", language: "en_US", variables: { first_name: "Sarah", topic: "desks" } };
  const words = "Hello Sarah, there is news on your question about desks.";
  const send = (to: string, body: object) => gateway.call("POST", `/v1/profiles/${to}/messages`, body);

  it("is listed with its variables, whatever its state", async () => {
    const answer = await gateway.call("GET", `/v1/channel-accounts/${whatsapp.id}/templates`);
    const { items } = routes["channelAccounts.templates"].responses[200].parse(answer.body);
    expect(items).toContainEqual(
      expect.objectContaining({ name: "we_are_back", status: "approved", variables: ["first_name", "topic"] }),
    );
    expect(items.map((one) => one.status)).toContain("rejected");
    const none = await gateway.call("GET", `/v1/channel-accounts/${sms.id}/templates`);
    expect(none.body).toEqual({ items: [] });
  });

  it("is refused by the provider of an account with a dead token: a problem with advice, not a defect", async () => {
    const settings = { ...whatsapp.simulator.settings, accessToken: "dead" };
    const { body } = await gateway.call("POST", "/v1/channel-accounts", {
      channel: "whatsapp",
      name: "Dead",
      settings,
    });
    const { id } = routes["channelAccounts.create"].responses[201].parse(body);
    const refused = await gateway.call("GET", `/v1/channel-accounts/${id}/templates`);
    expect(refused.body).toMatchObject({ status: 502, type: "urn:throughline:problem:provider-refused" });
  });

  it("names what is wrong with it, and is not sent", async () => {
    for (const [field, template] of [
      ["template.variables.topic", { ...news, variables: { first_name: "Sarah" } }],
      ["template.name", { name: "autumn_sale", language: "de" }],
      ["template.language", { ...news, language: "fr" }],
    ] as const) {
      expect((await send(ref, { template, channel: "whatsapp" })).body).toMatchObject({ status: 400, field });
    }
    expect((await send(ref, { template: news, channel: "sms" })).body).toMatchObject({ status: 409, field: "channel" });
  });

  it("reaches a customer whose reply window is closed, where words can't", async () => {
    await hub.sql("UPDATE thread SET last_inbound_at = now() - interval '25 hours' WHERE account_id = $1", [
      whatsapp.id,
    ]);
    expect((await send(ref, { text: "hello again", channel: "whatsapp" })).status).toBe(409);
    // Of all channels, the one that has it.
    await writes({ template: news });
    expect((await hears(whatsapp, /there is news/)).text).toBe(words);
    expect(await newestItem()).toMatchObject({
      text: words,
      template: { name: "we_are_back", language: "en_US" },
      channel: "whatsapp",
    });
    expect(["sent", "delivered", "read"]).toContain((await newestItem())?.state);
  });

  it("reaches a customer who has never written there, and their answer comes into the same thread", async () => {
    const as = "+14155550162";
    await sms.simulator.say({ as, text: "is my desk ready?" });
    await hub.settled();
    const stranger = await hub.refOf({ type: "phone", value: as });
    expect((await send(stranger, { text: "yes", channel: "whatsapp" })).status).toBe(409);
    const sent = await send(stranger, { template: news, channel: "whatsapp" });
    const { message } = routes["messages.send"].responses[202].parse(sent.body);
    await eventually("it is heard", async () => whatsapp.simulator.heard(as).some((h) => h.text === words));
    await whatsapp.simulator.say({ as, text: "great, thanks" });
    await hub.settled();
    const answer = (await hub.timeline(stranger)).find((m) => m.text === "great, thanks");
    expect(answer?.threadId).toBe(message.threadId);
  });
});
