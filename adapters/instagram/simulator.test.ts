import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { InboundEvent, OutboundContent } from "../contract/index.ts";
import { guardedFetchDouble } from "../../test/support/guarded-fetch.ts";
import { MINI_ACCOUNT, startMiniHub } from "../../test/support/mini-hub.ts";
import type { MiniHub } from "../../test/support/mini-hub.ts";
import { samplesOf } from "../../test/support/samples.ts";
import { adapter } from "./index.ts";
import { authorOf } from "./people.ts";
import { instagramSettings } from "./settings.ts";
import type { InstagramSettings } from "./settings.ts";
import { simulator } from "./simulator.ts";
import type { InstagramSimulator } from "./simulator.ts";

let people = 0;
/** Somebody new in every test, so that no test reads what another one sent. */
let sarah: string;
let meta: InstagramSimulator;
let hub: MiniHub;
let settings: InstagramSettings;
let since = 0;
beforeAll(async () => {
  meta = await simulator.start();
  settings = instagramSettings.parse(meta.settings);
  hub = await startMiniHub(adapter, settings);
  meta.attach(hub);
});
afterAll(async () => {
  await hub.stop();
  await meta.stop();
});
beforeEach(async () => {
  sarah = `69152876${String(++people).padStart(8, "0")}`;
  await meta.say({ as: sarah, text: "hello" });
  since = hub.events.length;
});

function send(content: OutboundContent, changes: Partial<InstagramSettings> = {}) {
  return adapter.send(
    { id: "01998d2e-5a10-7c3e-9f00-3a5b7c9d1e2f", content, address: { igsid: sarah } },
    {
      settings: { ...settings, ...changes },
      accountId: MINI_ACCOUNT,
      webhookUrl: hub.webhookUrl,
      media: hub.media,
      state: hub.state,
      signal: AbortSignal.timeout(5_000),
    },
  );
}

/** What has come in since the test began, once there is so much. */
async function came(count: number): Promise<InboundEvent[]> {
  await vi.waitFor(() => expect(hub.events.length - since).toBeGreaterThanOrEqual(count));
  return hub.events.slice(since);
}

describe("Meta's echo of a send", () => {
  it("names the message by the id that the send was answered with", async () => {
    const { providerId } = await send({ text: "In stock" });
    expect(await came(1)).toMatchObject([
      { type: "message", eventKey: `echo:${providerId}`, echo: true, providerId, content: { text: "In stock" } },
    ]);
  });

  it("settles the send where it brings our reference", async () => {
    const { providerId } = await send({ text: "In stock" }, { sendReference: true });
    expect(await came(1)).toMatchObject([
      { type: "status", providerId, messageId: "01998d2e-5a10-7c3e-9f00-3a5b7c9d1e2f", status: "sent" },
    ]);
  });

  it("comes for what the business writes in its app, too", async () => {
    const { id } = await meta.writeInApp({ to: sarah, text: "Ida here" });
    expect(await came(1)).toMatchObject([{ echo: true, providerId: id, content: { kind: "text", text: "Ida here" } }]);
    expect(meta.heard(sarah).at(-1)?.text).toBe("Ida here");
  });
});

it("tells that a message was read when its reader does something", async () => {
  const { providerId } = await send({ text: "Are you there?" });
  await meta.say({ as: sarah, text: "I am" });
  await vi.waitFor(() =>
    expect(hub.events.slice(since)).toContainEqual(
      expect.objectContaining({ type: "status", providerId, status: "read" }),
    ),
  );
});

it("brings a link's code along when it is followed", async () => {
  const invitation = adapter.link?.(settings, "Zm9vYmFyLWJheg");
  const text = meta.opens?.(invitation?.url ?? "");
  await meta.say({ as: sarah, text: text ?? "" });
  expect(await came(1)).toMatchObject([{ content: { kind: "start", token: "Zm9vYmFyLWJheg" } }]);
  expect(meta.opens?.("https://ig.me/m/somebody_else?ref=x")).toBeUndefined();
});

it("lets a customer react, take a message back and mention the business", async () => {
  await send({ text: "Here you are" });
  await came(1);
  const ids = () => meta.actions?.(sarah).map(({ id }) => id);
  expect(ids()).toEqual(["react", "unsend", "mention"]);
  for (const action of ["react", "unsend", "mention"]) await meta.act({ as: sarah, action });
  const kinds = (await came(4)).flatMap((event) => (event.type === "message" ? [event.content.kind] : []));
  expect(kinds).toEqual(["text", "reaction", "remove", "system"]);
  expect(ids()).toEqual(["react", "mention"]);
  await expect(meta.act({ as: sarah, action: "unsend" })).rejects.toThrow("can't do that now");
});

describe("files", () => {
  it("come from the address that the webhook names, to whoever has it whole", async () => {
    const [photo] = samplesOf("image");
    await meta.say({ as: sarah, text: "", media: photo });
    const [event] = await came(1);
    if (event?.type !== "message" || event.content.kind !== "media") throw new Error("no file came");
    const { ref } = event.content;
    const signal = AbortSignal.timeout(5_000);
    const { fetch } = guardedFetchDouble(signal);
    const at = { settings, accountId: MINI_ACCOUNT, signal, fetch };
    const file = await adapter.download?.({ ref, kind: "image" }, at);
    if (file === undefined) throw new Error("no file was downloaded");
    expect(await buffer(file.body)).toEqual(photo.data);
    expect(file.mime).toBe("image/jpeg");
    const forged = ref.replace(/signature=.*/, "signature=forged");
    await expect(adapter.download?.({ ref: forged, kind: "image" }, at)).rejects.toMatchObject({ kind: "never" });
  });

  it("are fetched before a message is taken: one that is not there is refused", async () => {
    const media = hub.media.put(samplesOf("image")[0]);
    await send({ text: "", media });
    expect(meta.heard(sarah).at(-1)?.media).toMatchObject({ kind: "image", mime: "image/jpeg", size: media.size });
    const gone = { ...media, id: "01998d2e-5a10-7c3e-9f00-000000000000" };
    await expect(send({ text: "", media: gone })).rejects.toMatchObject({ kind: "never", code: "100/2018047" });
    const webp = hub.media.put(samplesOf("sticker")[0]);
    await expect(send({ text: "", media: { ...webp, kind: "image" } })).rejects.toMatchObject({ kind: "never" });
  });
});

it("tells the name of who has written, once it is asked", async () => {
  const context = { settings, accountId: MINI_ACCOUNT, signal: AbortSignal.timeout(5_000) };
  await meta.say({ as: sarah, text: "it's me", name: "Sarah Holm" });
  const username = `user_${sarah.slice(-4)}`;
  expect(await adapter.profile?.(authorOf(sarah), context)).toEqual({ name: "Sarah Holm", username });
  await expect(adapter.profile?.(authorOf("6915287699999999"), context)).rejects.toThrow("consent");
});

it("knows no opt-out, and says so", () => {
  expect(() => meta.failNext("optedOut")).toThrow("no opt-out");
});
