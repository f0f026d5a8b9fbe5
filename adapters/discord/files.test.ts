import { randomUUID } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import type { MessageEvent, OutboundContent, RemoteMedia } from "../contract/index.ts";
import { guardedFetchDouble } from "../../test/support/guarded-fetch.ts";
import { startMiniHub } from "../../test/support/mini-hub.ts";
import { complaints } from "./documentedApi.ts";
import { download } from "./download.ts";
import { adapter } from "./index.ts";
import { discordSettings } from "./settings.ts";
import type { DiscordSettings } from "./settings.ts";
import type { ApiCall } from "./simulatedServer.ts";
import { simulator } from "./simulator.ts";

const SARAH = "900000000000000001";
const PHOTO = { kind: "image", mime: "image/png", filename: "the leg.png", data: Buffer.from("a broken leg") } as const;

async function stage() {
  const double = await simulator.start();
  const settings = discordSettings.parse(double.settings);
  const calls: ApiCall[] = [];
  double.onCall((call) => calls.push(call));
  const hub = await startMiniHub(adapter, settings);
  onTestFinished(async () => {
    await hub.stop();
    await double.stop();
    expect(calls.flatMap((call) => complaints(call))).toEqual([]);
  });
  const signal = AbortSignal.timeout(5_000);
  const send = (content: OutboundContent, address: MessageEvent["thread"]["address"] = { user_id: SARAH }) =>
    adapter.send(
      { id: randomUUID(), content, address },
      { settings, accountId: "a", webhookUrl: hub.webhookUrl, media: hub.media, state: hub.state, signal },
    );
  const look = (more: Partial<DiscordSettings> = {}) =>
    adapter.health?.({ settings: { ...settings, ...more }, accountId: "a", webhookUrl: "", signal });
  const fetchFile = (media: RemoteMedia) => {
    const { fetch, asked } = guardedFetchDouble(signal);
    return { asked, file: download(media, { settings, accountId: "a", signal, fetch }) };
  };
  const last = () => {
    const event = hub.events.at(-1);
    if (event?.type !== "message") throw new Error("no message came");
    return event;
  };
  return { double, settings, hub, calls, send, look, fetchFile, last, signal };
}

function refIn({ content }: MessageEvent): string {
  if (content.kind !== "media") throw new Error(`no file came: ${content.kind}`);
  return content.ref;
}

describe("files from Discord", () => {
  it("are fetched without the token, and from their message again when the URL has expired", async () => {
    const { double, settings, calls, fetchFile, last } = await stage();
    await double.say({ as: SARAH, text: "Look", media: PHOTO });
    const ref = refIn(last());
    const first = fetchFile({ ref, kind: "image" });
    expect((await buffer((await first.file).body)).equals(PHOTO.data)).toBe(true);
    double.expireFiles();
    const second = fetchFile({ ref, kind: "image" });
    expect((await buffer((await second.file).body)).equals(PHOTO.data)).toBe(true);
    expect(second.asked).toHaveLength(2);
    expect(calls.filter(({ method, path }) => method === "GET" && path.includes("/messages/"))).toHaveLength(1);
    for (const { url, headers } of [...first.asked, ...second.asked]) {
      expect(`${url} ${JSON.stringify(headers)}`).not.toContain(settings.botToken);
      expect(url).not.toContain("#");
    }
  });

  it("are gone with their message, and never fetched from elsewhere", async () => {
    const { double, fetchFile, last } = await stage();
    const { id } = await double.say({ as: SARAH, text: "Look", media: PHOTO });
    const ref = refIn(last());
    await double.remove({ id });
    double.expireFiles();
    await expect(fetchFile({ ref, kind: "image" }).file).rejects.toMatchObject({ kind: "never" });
    for (const foreign of [
      "https://cdn.discordapp.com.attacker.example/attachments/1/2/x.png",
      "https://cdn.discordapp.com@attacker.example/attachments/1/2/x.png",
      "http://cdn.discordapp.com/attachments/1/2/x.png",
      "https://cdn.discordapp.com/api/v10/users/@me",
      `${ref.replace(/\/attachments\/.*/, "")}/api/v10/users/@me`,
    ]) {
      const { asked, file } = fetchFile({ ref: foreign, kind: "image" });
      await expect(file, foreign).rejects.toMatchObject({ kind: "never" });
      expect(asked).toEqual([]);
    }
  });

  it("in a room come to the room, voice messages as what they are", async () => {
    const { double, last } = await stage();
    const [room] = double.rooms ?? [];
    if (room === undefined) throw new Error("there is no room");
    await double.say({ as: SARAH, text: "Look", media: PHOTO, room: room.id });
    expect(last()).toMatchObject({
      addressed: true,
      thread: { audience: "room", aliases: [`channel:${room.id}`] },
      content: { kind: "media", media: "image", text: "Look" },
    });
    await double.say({ as: SARAH, text: "", media: { kind: "voice", mime: "audio/ogg", data: PHOTO.data } });
    expect(last()).toMatchObject({ content: { kind: "media", media: "voice", mime: "audio/ogg" } });
  });
});

describe("files to Discord", () => {
  it("go up with the message, in one call, and are the same file again with the same nonce", async () => {
    const { double, hub, calls, send } = await stage();
    const media = hub.media.put(PHOTO);
    await send({ text: "**Like** this?", format: "light", media });
    await send({ text: "", media: { ...media, filename: '../"leg"\r\n.png' } });
    expect(double.heard(SARAH)).toMatchObject([
      { text: "Like this?", media: { kind: "image", mime: "image/png", filename: "the leg.png", size: 12 } },
      { text: "", media: { filename: ".._leg_.png" } },
    ]);
    const [first] = calls.filter(({ path }) => path.endsWith("/messages"));
    expect([...(first?.files.keys() ?? [])]).toEqual(["files[0]"]);
  });

  it("are refused where they are too large or gone", async () => {
    const { double, hub, send } = await stage();
    const media = hub.media.put(PHOTO);
    await expect(send({ text: "", media: { ...media, size: 10_000_001 } })).rejects.toMatchObject({ kind: "never" });
    await expect(send({ text: "", media: { ...media, kind: "sticker" } })).rejects.toMatchObject({ kind: "never" });
    await expect(send({ text: "", media: { ...media, id: randomUUID() } })).rejects.toMatchObject({ kind: "never" });
    expect(double.heard(SARAH)).toEqual([]);
  });
});

describe("the account", () => {
  it("is healthy, or says what ails it", async () => {
    const { look, settings, double } = await stage();
    expect(await look()).toMatchObject([{ code: "commands_missing", level: "warning" }]);
    await adapter.connect?.(settings, { webhookUrl: "" });
    expect(await look()).toEqual([]);
    const other = `${settings.botToken.slice(0, -4)}AAAA`;
    expect(await look({ botToken: other })).toMatchObject([{ code: "token_dead", level: "problem" }]);
    expect(await look({ messageContent: true })).toMatchObject([{ code: "intent_missing" }]);
    double.configure({ interactions_endpoint_url: "https://elsewhere.example", remaining: 0, shards: 3 });
    expect((await look())?.map(({ code }) => code)).toEqual([
      "webhook_elsewhere",
      "sessions_used_up",
      "sharding_wanted",
    ]);
    await expect(look({ apiBaseUrl: "http://127.0.0.1:9" })).rejects.toThrow(Error);
  });

  it("waits as a whole for the global limit, and for a channel's only there", async () => {
    const { double, send } = await stage();
    await send({ text: "first" });
    double.limitNext();
    await expect(send({ text: "x" }, { channel_id: "900000000000000910" })).rejects.toMatchObject({
      kind: "later",
      scope: "account",
      retryAfterMs: 2_000,
    });
    const again = await stage();
    again.double.failNext("rate");
    await expect(again.send({ text: "x" })).rejects.toMatchObject({ kind: "later", scope: "thread" });
  });

  it("shows that it is writing, in a channel or to a user", async () => {
    const { settings, calls, signal } = await stage();
    const context = { settings, accountId: "a", signal };
    await adapter.typing?.({ address: { channel_id: "900000000000000910" } }, context);
    await adapter.typing?.({ address: { user_id: SARAH } }, context);
    expect(calls.map(({ path }) => path).filter((path) => path.endsWith("/typing"))).toHaveLength(2);
    await expect(adapter.typing?.({ address: {} }, context)).rejects.toThrow(/address/);
  });

  it("invites to its profile, with the command to use there", async () => {
    const { double, settings, last } = await stage();
    const invitation = adapter.link?.(settings, "Zm9v-YmFy_1");
    expect(invitation).toEqual({ url: "https://discord.com/users/900000000000000900", say: "/link code:Zm9v-YmFy_1" });
    await double.say({ as: SARAH, text: invitation?.say ?? "" });
    expect(last().content).toEqual({ kind: "start", token: "Zm9v-YmFy_1" });
  });
});
