import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { createApiKey } from "../../apps/core/access/api-keys.ts";
import { mediaLink } from "../../apps/core/media/links.ts";
import { uploadMedia } from "../../apps/core/media/outgoing.ts";
import { writeToCustomer } from "../../apps/core/outbound/write.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";
import { samplesOf } from "../support/samples.ts";
import { toyAdapters } from "../support/toy-hub.ts";

const [photo] = samplesOf("image");
const [invoice] = samplesOf("document");
const [voice] = samplesOf("voice");
const uploaded = z.strictObject({
  id: z.uuid(),
  kind: z.string(),
  mime: z.string(),
  size: z.number(),
  filename: z.string().optional(),
});

let hub: TestHub;
let toy: TestAccount;
let gateway: TestGateway;
beforeAll(async () => {
  hub = await startTestHub({ adapters: toyAdapters(), env: { MEDIA_MAX_BYTES: "50000" } });
  toy = await hub.account("toy");
  gateway = await startTestGateway(hub);
});
afterAll(async () => {
  await gateway?.close();
  await hub?.stop();
});

function ask(path: string, init: RequestInit & { key?: string } = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${init.key ?? gateway.key}`);
  return fetch(gateway.url + path, { ...init, headers });
}

async function upload(bytes: Buffer, headers: Record<string, string> = {}, query = "") {
  const response = await ask(`/v1/media${query}`, { method: "POST", body: new Uint8Array(bytes), headers });
  return { status: response.status, body: (await response.json()) as unknown };
}

async function keyOf(workspaceId: string, scopes: string[]): Promise<string> {
  return (await createApiKey(hub.parts.db, { workspaceId, name: "another", scopes })).key;
}

describe("an upload", () => {
  it("is told what it is by its bytes, and can be read again as a download that runs nowhere", async () => {
    const named = { "content-type": "text/html", "x-filename": encodeURIComponent("Stuhl “blau”.jpg") };
    const { status, body } = await upload(photo.data, named);
    expect(status).toBe(201);
    const file = uploaded.parse(body);
    expect(file).toMatchObject({
      kind: "image",
      mime: "image/jpeg",
      size: photo.data.length,
      filename: "Stuhl “blau”.jpg",
    });
    const response = await ask(`/v1/media/${file.id}`);
    expect(response.status).toBe(200);
    expect(Buffer.from(await response.arrayBuffer()).equals(photo.data)).toBe(true);
    const told = Object.fromEntries(response.headers);
    expect(told).toMatchObject({
      "content-type": "image/jpeg",
      "content-length": String(photo.data.length),
      "cache-control": "private, no-store",
      "content-security-policy": "default-src 'none'; sandbox",
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
    });
    expect(told["content-disposition"]).toMatch(
      /^attachment; filename="Stuhl .+\.jpg"; filename\*=UTF-8''Stuhl%20%E2%80%9Cblau%E2%80%9D\.jpg$/,
    );
  });

  it("may be named in Content-Disposition, but never with a path", async () => {
    for (const [given, name] of [
      ['attachment; filename="a \\"b\\".pdf"', 'a "b".pdf'],
      ["attachment; filename=plain.pdf", "plain.pdf"],
      ["attachment; filename=x.pdf; filename*=UTF-8''%C3%BC.pdf", "ü.pdf"],
      ['attachment; filename="../../etc/passwd"', "passwd"],
      ["attachment", undefined],
    ] as const) {
      const { body } = await upload(invoice.data, { "content-disposition": given });
      expect(uploaded.parse(body).filename, given).toBe(name);
    }
    expect((await upload(invoice.data, { "x-filename": "%zz" })).status).toBe(400);
  });

  it("can be a voice message, as far as it is sound", async () => {
    expect((await upload(voice.data, {}, "?kind=voice")).body).toMatchObject({ kind: "voice", mime: "audio/ogg" });
    expect((await upload(photo.data, {}, "?kind=voice")).status).toBe(400);
    expect((await upload(photo.data, {}, "?kind=document")).body).toMatchObject({
      kind: "document",
      mime: "image/jpeg",
    });
    expect((await upload(photo.data, {}, "?kind=hologram")).status).toBe(400);
  });

  it("is refused when it is empty, too large, or its sender may not write", async () => {
    expect((await upload(Buffer.alloc(0))).status).toBe(400);
    expect((await upload(Buffer.alloc(50_000, "x"))).status).toBe(201);
    expect((await upload(Buffer.alloc(50_001, "x"))).status).toBe(413);
    const reader = await keyOf(hub.workspaceId, ["messages:read"]);
    expect((await ask("/v1/media", { method: "POST", body: "x", key: reader })).status).toBe(403);
    const writer = await keyOf(hub.workspaceId, ["messages:write"]);
    const { id } = uploaded.parse((await upload(photo.data)).body);
    expect((await ask(`/v1/media/${id}`, { key: writer })).status).toBe(403);
    expect((await fetch(`${gateway.url}/v1/media/${id}`)).status).toBe(401);
  });

  it("is made once for an Idempotency-Key, and another file needs another key", async () => {
    const key = { "idempotency-key": "the-photo" };
    const first = await upload(photo.data, key);
    expect(await upload(photo.data, key)).toEqual(first);
    expect((await upload(invoice.data, key)).status).toBe(422);
  });

  it("is not there for another workspace", async () => {
    const { id } = uploaded.parse((await upload(photo.data)).body);
    const foreign = await keyOf(await hub.workspace(), ["*"]);
    expect((await ask(`/v1/media/${id}`, { key: foreign })).status).toBe(404);
    expect((await ask(`/v1/media/${id}`)).status).toBe(200);
  });
});

it("a customer's file stands in the timeline, and says why it can't be read yet", async () => {
  await toy.say({ as: "toy-sarah", text: "", media: { ...invoice, filename: "receipt.pdf" } });
  await hub.settled();
  const ref = await hub.refOf({ type: "toy", value: "toy-sarah" });
  const timeline = z.object({
    items: z.array(z.object({ media: z.array(z.looseObject({ id: z.uuid() })).optional() })),
  });
  const read = async () => {
    const answer = await gateway.call("GET", `/v1/profiles/${ref}/timeline`);
    return timeline.parse(answer.body).items.flatMap((item) => item.media ?? [])[0];
  };
  const file = await read();
  expect(file).toMatchObject({ kind: "document", state: "stored", mime: "application/pdf", filename: "receipt.pdf" });
  const path = `/v1/media/${file?.id}`;
  expect((await ask(path)).status).toBe(200);
  await hub.sql("UPDATE media SET state = 'failed', error = 'the provider answered 404' WHERE id = $1", [file?.id]);
  const failed = await gateway.call("GET", path);
  expect(failed).toMatchObject({ status: 409, body: { type: "urn:throughline:problem:media-failed" } });
  expect(await read()).toMatchObject({ state: "failed", error: "the provider answered 404" });
});

describe("a link", () => {
  const get = (url: string, headers: Record<string, string> = {}, method = "GET") => fetch(url, { headers, method });

  async function linkTo(bytes: Buffer, filename: string, forMs?: number): Promise<string> {
    const { id } = await uploadMedia(hub.parts, hub.workspaceId, { bytes, filename });
    return mediaLink(hub.parts.vault, gateway.url, { workspaceId: hub.workspaceId, id }, forMs);
  }

  it("opens a file without a key, in place only where nothing can run", async () => {
    const shown = await get(await linkTo(photo.data, "chair.jpg"));
    expect(shown.status).toBe(200);
    expect(Buffer.from(await shown.arrayBuffer()).equals(photo.data)).toBe(true);
    expect(Object.fromEntries(shown.headers)).toMatchObject({
      "content-type": "image/jpeg",
      "content-disposition": `inline; filename="chair.jpg"; filename*=UTF-8''chair.jpg`,
      "content-security-policy": "default-src 'none'; sandbox",
      "cross-origin-resource-policy": "cross-origin",
      "x-content-type-options": "nosniff",
      "cache-control": "private, max-age=300",
    });
    for (const [bytes, name, type] of [
      [
        Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"),
        "a.svg",
        "text/plain; charset=utf-8",
      ],
      [Buffer.from("<html><script>1</script>"), "a.html", "text/plain; charset=utf-8"],
      [invoice.data, "a.pdf", "application/pdf"],
    ] as const) {
      const download = await get(await linkTo(bytes, name));
      expect(download.headers.get("content-type")).toBe(type);
      expect(download.headers.get("content-disposition")).toBe(
        `attachment; filename="${name}"; filename*=UTF-8''${name}`,
      );
    }
  });

  it("serves a part, as players ask for, and headers alone", async () => {
    const url = await linkTo(photo.data, "chair.jpg");
    const part = await get(url, { range: "bytes=10-19" });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe(`bytes 10-19/${photo.data.length}`);
    expect(Buffer.from(await part.arrayBuffer()).equals(photo.data.subarray(10, 20))).toBe(true);
    expect((await get(url, { range: "bytes=9999-" })).status).toBe(416);
    expect((await get(url, { range: "bytes=0-1,4-5" })).status).toBe(200);
    const head = await get(url, {}, "HEAD");
    expect([head.status, head.headers.get("content-length")]).toEqual([200, String(photo.data.length)]);
  });

  it("is shown in a preview as long as it will be, and opens nothing there: a key that may write may not read by it", async () => {
    const [clip] = samplesOf("video");
    const file = await uploadMedia(hub.parts, hub.workspaceId, { bytes: clip.data, filename: "how-to.mp4" });
    const key = await keyOf(hub.workspaceId, ["messages:write"]);
    const body = JSON.stringify({ text: "See", media: { id: file.id } });
    const headers = { "content-type": "application/json" };
    const response = await ask("/v1/channels/toy/preview", { method: "POST", key, headers, body });
    expect(response.status).toBe(200);
    const [, shown] = /(\/media\/[\w-]+)/.exec(await response.text()) ?? [];
    const real = mediaLink(hub.parts.vault, "", { workspaceId: hub.workspaceId, id: file.id });
    expect(shown).toHaveLength(real.length);
    expect((await fetch(gateway.url + (shown ?? ""))).status).toBe(404);
    expect((await fetch(gateway.url + real)).status).toBe(200);
  });

  it("opens nothing once it has run out, was changed, or its file is gone", async () => {
    expect((await get(await linkTo(photo.data, "a.jpg", -5_000))).status).toBe(404);
    const url = await linkTo(photo.data, "a.jpg");
    expect((await get(`${url.slice(0, -1)}${url.endsWith("A") ? "Q" : "A"}`)).status).toBe(404);
    expect((await get(`${gateway.url}/media/nothing`)).status).toBe(404);
    const elsewhere = await hub.workspace();
    const { id } = await uploadMedia(hub.parts, hub.workspaceId, { bytes: photo.data });
    const crossed = mediaLink(hub.parts.vault, gateway.url, { workspaceId: elsewhere, id });
    expect((await get(crossed)).status).toBe(404);
  });

  it("is what an adapter gives a provider that fetches, until the customer is erased", async () => {
    await toy.say({ as: "toy-tom", text: "The photo, please" });
    await hub.settled();
    const ref = await hub.refOf({ type: "toy", value: "toy-tom" });
    const media = await uploadMedia(hub.parts, hub.workspaceId, { bytes: photo.data });
    await writeToCustomer(hub.parts, { workspaceId: hub.workspaceId, ref, content: { text: "", media } });
    await hub.settled();
    const [own] = (await hub.timeline(ref)).flatMap((entry) => entry.media ?? []);
    const url = mediaLink(hub.parts.vault, gateway.url, { workspaceId: hub.workspaceId, id: own?.id ?? "" });
    expect((await get(url)).status).toBe(200);
    const [row] = await hub.sql<{ key_id: string }>("SELECT key_id FROM media WHERE id = $1", [own?.id]);
    await hub.parts.vault.destroyKeys([row?.key_id ?? ""]);
    expect((await get(url)).status).toBe(404);
    expect((await gateway.call("GET", `/v1/media/${own?.id}`)).status).toBe(410);
  });
});
