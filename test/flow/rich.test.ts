import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Heard, Simulator } from "../../adapters/contract/index.ts";
import { routes } from "../../apps/core/api/routes.ts";
import { eventually, startTestHub, type TestHub } from "../support/hub.ts";
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

it("the limits of every channel are shown in full", async () => {
  const { body } = await gateway.call("GET", "/v1/channels");
  const { items } = routes["channels.list"].responses[200].parse(body);
  for (const { id, limits } of items) {
    expect(limits).toEqual(JSON.parse(JSON.stringify(hub.parts.adapters.get(id)?.limits)));
  }
  expect(items.length).toBeGreaterThan(3);
});
