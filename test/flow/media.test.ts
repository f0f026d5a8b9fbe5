import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import S3rver from "s3rver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DownloadError, type InboundEvent, type MediaKind } from "../../adapters/contract/index.ts";
import { openIngest } from "../../apps/core/inbound/ingest.ts";
import { SHARDS } from "../../apps/core/media/blobs.ts";
import { sendableMedia, uploadMedia } from "../../apps/core/media/outgoing.ts";
import { sweepStrays } from "../../apps/core/media/strays.ts";
import { openMedia } from "../../apps/core/media/views.ts";
import { writeToCustomer } from "../../apps/core/outbound/write.ts";
import { customerRef } from "../../apps/core/platform/ids.ts";
import { ErasedError } from "../../apps/core/vault/vault.ts";
import { eventually, onBothBackends, startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";
import { samplesOf } from "../support/samples.ts";
import { toyAdapters } from "../support/toy-hub.ts";

const [photo] = samplesOf("image");
const [invoice] = samplesOf("document");

/** Sarah sends a photo, which is fetched, or a document, which comes with the event. */
function sends(kind: "image" | "document", more: { id?: string; data?: Buffer; text?: string } = {}) {
  const sample = kind === "image" ? photo : invoice;
  const media = { ...sample, kind: kind satisfies MediaKind, ...(more.data ? { data: more.data } : {}) };
  return { as: "toy-sarah", text: more.text ?? "Look", media, ...(more.id === undefined ? {} : { id: more.id }) };
}

const sarahs = (hub: TestHub) => hub.refOf({ type: "toy", value: "toy-sarah" });

/** The files of Sarah's messages, newest first. */
async function filesOf(hub: TestHub, workspaceId?: string) {
  const ref = await hub.refOf({ type: "toy", value: "toy-sarah" }, workspaceId);
  return (await hub.timeline(ref, workspaceId)).flatMap((entry) => entry.media ?? []);
}

async function bytesOf(hub: TestHub, id: string, workspaceId = hub.workspaceId): Promise<Buffer | undefined> {
  return (await openMedia(hub.parts, workspaceId, id))?.bytes;
}

async function blobsIn(hub: TestHub): Promise<string[]> {
  const entries = await readdir(path.join(hub.dataDir, "media"), { recursive: true, withFileTypes: true }).catch(
    () => [],
  );
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}

onBothBackends("a customer's file", (backend) => {
  let hub: TestHub;
  let toy: TestAccount;
  let isDown = false;
  let asked = 0;
  beforeAll(async () => {
    const adapters = toyAdapters((media, context, download) => {
      asked++;
      if (isDown) throw new DownloadError("later", "the provider answered 503");
      return download(media, context);
    });
    hub = await startTestHub({ ...(await backend()), adapters, env: { MEDIA_MAX_BYTES: "20000" } });
    toy = await hub.account("toy");
  });
  afterAll(() => hub?.stop());

  it("is fetched beside the conversation, kept sealed, and shown with what it really is", async () => {
    await toy.say({ ...sends("image"), media: { ...photo, mime: "image/png", filename: "a/b\u0000\u202E.jpg" } });
    await hub.settled();
    const [file] = await filesOf(hub);
    expect(file).toEqual({
      id: expect.any(String),
      kind: "image",
      state: "stored",
      mime: "image/jpeg",
      size: photo.data.length,
      filename: "b.jpg",
    });
    expect((await bytesOf(hub, file?.id ?? ""))?.equals(photo.data)).toBe(true);
    const [blob = ""] = await blobsIn(hub);
    expect(path.basename(blob)).toBe(file?.id);
    expect((await readFile(blob)).includes(photo.data.subarray(20, 40))).toBe(false);
    const [entry] = (await hub.timeline(await sarahs(hub))).filter((e) => e.direction === "in");
    expect(entry).toMatchObject({ kind: "media", text: "[image: a/b\u0000\u202E.jpg] Look" });
    expect(await toy.hears("toy-sarah", 1)).toHaveLength(1);
  });

  it("that came with the event is stored with it, and its bytes stand nowhere else", async () => {
    await toy.say(sends("document"));
    await hub.settled();
    const [file] = await filesOf(hub);
    expect(file).toMatchObject({ kind: "document", state: "stored", mime: "application/pdf", filename: "invoice.pdf" });
    expect((await bytesOf(hub, file?.id ?? ""))?.equals(invoice.data)).toBe(true);
    const [row] = await hub.sql<{ size: number }>("SELECT max(length(body)) AS size FROM message");
    expect(row?.size).toBeLessThan(1_500);
    expect(asked).toBe(1);
  });

  it("comes when its provider is up again, and meanwhile staff are told", async () => {
    isDown = true;
    await toy.say(sends("image", { text: "Once more" }));
    await eventually("a first try", async () => (await filesOf(hub))[0]?.error);
    const [waiting] = await filesOf(hub);
    expect(waiting).toMatchObject({ state: "pending", error: "the provider answered 503" });
    isDown = false;
    await hub.settled();
    const [file] = await filesOf(hub);
    expect(file).toMatchObject({ id: waiting?.id, state: "stored", mime: "image/jpeg" });
    expect(file).not.toHaveProperty("error");
  });

  it("that ends the process each time it is fetched is given up", async () => {
    isDown = true;
    await toy.say(sends("image"));
    await eventually("a first try", async () => (await filesOf(hub))[0]?.error !== undefined);
    const [file] = await filesOf(hub);
    // As claims leave it whose processes did not live to say how they ended.
    await hub.sql("UPDATE media SET attempts = 20, held_until = NULL WHERE id = $1", [file?.id]);
    const before = asked;
    await hub.sql("UPDATE due SET due_at = clock_timestamp() - interval '1 minute' WHERE id = $1", [file?.id]);
    await hub.settled();
    isDown = false;
    expect(asked).toBe(before);
    expect((await filesOf(hub))[0]).toMatchObject({ state: "failed", error: expect.stringMatching(/^given up/) });
  });

  it("that is too large is refused with the reason, and the thread goes on", async () => {
    const before = (await toy.heard("toy-sarah")).length;
    const blobs = (await blobsIn(hub)).length;
    for (const kind of ["image", "document"] as const) await toy.say(sends(kind, { data: Buffer.alloc(20_001, "x") }));
    await toy.say({ as: "toy-sarah", text: "Did you get them?" });
    await hub.settled();
    const [document, image] = await filesOf(hub);
    for (const file of [document, image]) expect(file).toMatchObject({ state: "failed", error: /larger than/ });
    expect((await blobsIn(hub)).length).toBe(blobs);
    expect((await toy.heard("toy-sarah")).length).toBeGreaterThan(before);
  });

  it("that is delivered again is kept once", async () => {
    const before = { files: (await filesOf(hub)).length, blobs: (await blobsIn(hub)).length };
    for (let time = 0; time < 3; time++) await toy.say(sends("document", { id: "the-same" }));
    const events = await toy.events(sends("document", { id: "at-once" }));
    await Promise.all(Array.from({ length: 8 }, () => hub.hub.ingest.ingest(toy.origin, events)));
    await hub.settled();
    expect((await filesOf(hub)).length).toBe(before.files + 2);
    expect((await blobsIn(hub)).length).toBe(before.blobs + 2);
  });
});

describe("files", () => {
  let hub: TestHub;
  let toy: TestAccount;
  beforeAll(async () => {
    hub = await startTestHub({ adapters: toyAdapters() });
    toy = await hub.account("toy");
  });
  afterAll(() => hub?.stop());

  it("whose message was never stored are swept away, those of messages are not", async () => {
    await toy.say(sends("document"));
    await hub.settled();
    const events = await toy.events(sends("document", { id: "killed" }));
    // As after a kill between the bytes and the row: the bytes are written, and then the database is gone.
    const broken: TestHub["parts"]["db"] = { ...hub.parts.db, transaction: () => Promise.reject(new Error("killed")) };
    await expect(openIngest({ ...hub.parts, db: broken }).ingest(toy.origin, events)).rejects.toThrow("killed");
    const before = await blobsIn(hub);
    expect(before).toHaveLength(2);
    expect(await sweepStrays(hub.parts, SHARDS)).toBe(0);
    expect(await sweepStrays(hub.parts, SHARDS, { graceMs: 0 })).toBe(1);
    expect(await blobsIn(hub)).toHaveLength(1);
    const [file] = await filesOf(hub);
    expect((await bytesOf(hub, file?.id ?? ""))?.equals(invoice.data)).toBe(true);
    // The provider delivers again what was not acknowledged.
    await hub.hub.ingest.ingest(toy.origin, events);
    expect(await filesOf(hub)).toHaveLength(2);
  });

  it("are sent to customers as copies of their own", async () => {
    await toy.say({ as: "toy-sarah", text: "The invoice?" });
    await hub.settled();
    const { workspaceId } = hub;
    const upload = await uploadMedia(hub.parts, workspaceId, { bytes: photo.data, filename: "chair.jpg" });
    const ref = await sarahs(hub);
    await writeToCustomer(hub.parts, { workspaceId, ref, content: { text: "This one?", media: upload } });
    await hub.settled();
    const heard = (await toy.heard("toy-sarah")).at(-1);
    expect(heard).toMatchObject({
      text: "This one?",
      media: { kind: "image", mime: "image/jpeg", filename: "chair.jpg" },
    });
    expect(Buffer.from(heard?.media?.data ?? []).equals(photo.data)).toBe(true);
    const [entry] = await hub.timeline(ref);
    expect(entry).toMatchObject({
      direction: "out",
      kind: "media",
      state: "sent",
      text: "This one?",
    });
    expect(entry?.media).toHaveLength(1);
    expect(entry?.media?.[0]?.id).not.toBe(upload.id);
    // What the channel does not take is named in the text, with a link where there can be one.
    const [clip] = samplesOf("video");
    const video = await uploadMedia(hub.parts, workspaceId, { bytes: clip.data, filename: "how-to.mp4" });
    const publicUrl = "https://hub.example";
    await writeToCustomer(hub.parts, { workspaceId, ref, content: { text: "See", media: video }, publicUrl });
    await hub.settled();
    const texts = (await toy.heard("toy-sarah")).map(({ text }) => text).join("\n");
    expect(texts).toMatch(/\[video how-to\.mp4: .+\]\nhttps:\/\/hub\.example\/media\/[\w-]{72}/);
    // Forgotten unless sent: the copies stay.
    const before = (await filesOf(hub)).length;
    await sleep(5);
    await sweepStrays(hub.parts, [], { unsentMs: 1 });
    expect(await openMedia(hub.parts, workspaceId, upload.id)).toBeUndefined();
    expect(await filesOf(hub)).toHaveLength(before);
    expect((await bytesOf(hub, entry?.media?.[0]?.id ?? ""))?.equals(photo.data)).toBe(true);
  });

  it("are refused where they are no file of the workspace, and nothing a writer says of them counts", async () => {
    const { workspaceId } = hub;
    const elsewhere = await hub.workspace();
    const foreign = await uploadMedia(hub.parts, elsewhere, { bytes: photo.data });
    const ref = await sarahs(hub);
    const write = (media: typeof foreign) =>
      writeToCustomer(hub.parts, { workspaceId, ref, content: { text: "x", media } });
    await expect(write(foreign)).rejects.toThrow(/no such file/);
    expect(await openMedia(hub.parts, workspaceId, foreign.id)).toBeUndefined();
    const page = await uploadMedia(hub.parts, workspaceId, {
      bytes: Buffer.from("<html><script>alert(1)"),
      mime: "image/png",
    });
    expect(page).toMatchObject({ kind: "document", mime: "text/plain" });
    const before = (await toy.heard("toy-sarah")).length;
    await write({ ...page, mime: "image/png", kind: "image" });
    await hub.settled();
    const heard = (await toy.heard("toy-sarah")).slice(before);
    expect(heard.every(({ media }) => media === undefined)).toBe(true);
  });

  it("of another customer's messages are not sent, their own are", async () => {
    const { workspaceId } = hub;
    await toy.say({ ...sends("document"), as: "toy-ann" });
    await toy.say(sends("document"));
    await hub.settled();
    const [ofSarah] = await filesOf(hub);
    const media = await sendableMedia(hub.parts, workspaceId, ofSarah?.id ?? "");
    const write = async (value: string) =>
      writeToCustomer(hub.parts, {
        workspaceId,
        ref: await hub.refOf({ type: "toy", value }),
        content: { text: "Here", media },
      });
    await expect(write("toy-ann")).rejects.toThrow(/another customer's/);
    await write("toy-sarah");
    await hub.settled();
    expect((await toy.heard("toy-ann")).filter(({ text }) => text.startsWith("Here"))).toEqual([]);
    expect((await filesOf(hub))[0]).toMatchObject({ state: "stored", filename: media.filename });
  });

  it("go with the customer's key, and nobody else's do", async () => {
    const { workspaceId } = hub;
    await toy.say({ ...sends("image"), as: "toy-jo" });
    await toy.say(sends("image"));
    await hub.settled();
    const upload = await uploadMedia(hub.parts, workspaceId, { bytes: photo.data });
    for (const value of ["toy-sarah", "toy-jo"]) {
      const ref = await hub.refOf({ type: "toy", value });
      await writeToCustomer(hub.parts, { workspaceId, ref, content: { text: "", media: upload } });
    }
    await hub.settled();
    const ofJo = (await hub.timeline(await hub.refOf({ type: "toy", value: "toy-jo" }))).flatMap((e) => e.media ?? []);
    const ofSarah = await filesOf(hub);
    expect(ofJo).toHaveLength(2);
    const [row] = await hub.sql<{ key_id: string }>("SELECT key_id FROM media WHERE id = $1", [ofJo[0]?.id]);
    await hub.parts.vault.destroyKeys([row?.key_id ?? ""]);
    for (const file of ofJo) await expect(bytesOf(hub, file.id)).rejects.toThrow(ErasedError);
    for (const file of ofSarah) if (file.state === "stored") expect(await bytesOf(hub, file.id)).toBeDefined();
    expect(await bytesOf(hub, upload.id)).toBeDefined();
  });

  it("of two workspaces never mix", async () => {
    const other = await hub.workspace();
    const theirs = await hub.account("toy", { workspaceId: other });
    await theirs.say(sends("document"));
    await hub.settled();
    const [file] = await filesOf(hub, other);
    expect((await bytesOf(hub, file?.id ?? "", other))?.equals(invoice.data)).toBe(true);
    expect(await openMedia(hub.parts, hub.workspaceId, file?.id ?? "")).toBeUndefined();
    expect((await filesOf(hub)).map(({ id }) => id)).not.toContain(file?.id);
  });
});

describe("a provider that misbehaves", () => {
  let hub: TestHub;
  let toy: TestAccount;
  let answer: () => Promise<{ body: Readable }>;
  beforeAll(async () => {
    hub = await startTestHub({ adapters: toyAdapters(() => answer()) });
    toy = await hub.account("toy");
  });
  afterAll(() => hub?.stop());

  const ends = async () => {
    await toy.say(sends("image"));
    await hub.settled();
    return (await filesOf(hub))[0];
  };

  it("says that a file is gone, and staff see why", async () => {
    answer = () => Promise.reject(new DownloadError("never", "the provider answered 404"));
    expect(await ends()).toMatchObject({ state: "failed", error: "the provider answered 404" });
  });

  it("sends something else than it says", async () => {
    answer = () => Promise.resolve({ body: Readable.from([Buffer.from("<html>not found</html>")]), mime: "image/png" });
    expect(await ends()).toMatchObject({ state: "stored", kind: "document", mime: "text/plain" });
  });

  it("never stops sending", async () => {
    answer = () => Promise.resolve({ body: Readable.from(endless()) });
    expect(await ends()).toMatchObject({ state: "failed", error: "the file is larger than 32 MiB" });
  });

  it("breaks off, and an adapter without advice quotes nobody", async () => {
    let tries = 0;
    answer = () => {
      if (tries++ > 0) return Promise.resolve({ body: Readable.from([photo.data]) });
      return Promise.reject(new Error("could not fetch the photo of Sarah Miller"));
    };
    await toy.say(sends("image"));
    const told = await eventually("a first try", async () => (await filesOf(hub))[0]?.error);
    expect(told).toBe("the file could not be fetched or kept (Error)");
    await hub.settled();
    expect((await filesOf(hub))[0]).toMatchObject({ state: "stored", mime: "image/jpeg" });
  });
});

it("a hub with a bucket keeps its files there, and nothing on disk", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "throughline-s3-"));
  const configureBuckets = [{ name: "files" }];
  const server = new S3rver({ address: "127.0.0.1", port: 0, silent: true, directory, configureBuckets });
  const { port } = await server.run();
  const hub = await startTestHub({
    adapters: toyAdapters(),
    env: {
      S3_BUCKET: "files",
      S3_ENDPOINT: `http://127.0.0.1:${port}`,
      S3_ACCESS_KEY_ID: "S3RVER",
      S3_SECRET_ACCESS_KEY: "S3RVER",
    },
  });
  try {
    const toy = await hub.account("toy");
    await toy.say(sends("image"));
    await toy.say(sends("document"));
    await hub.settled();
    const files = await filesOf(hub);
    expect(files.map(({ state }) => state)).toEqual(["stored", "stored"]);
    const [document, image] = await Promise.all(files.map(({ id }) => bytesOf(hub, id)));
    expect([document?.equals(invoice.data), image?.equals(photo.data)]).toEqual([true, true]);
    expect(await blobsIn(hub)).toEqual([]);
    expect(await sweepStrays(hub.parts, SHARDS, { graceMs: 0 })).toBe(0);
  } finally {
    await hub.stop();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  }
});

async function* endless(): AsyncGenerator<Buffer> {
  const chunk = Buffer.alloc(1024 * 1024);
  for (;;) yield chunk;
}

it("a mail's attachments come with it, and the whole mail is kept beside what is shown", async () => {
  const hub = await startTestHub();
  try {
    const email = await hub.account("email");
    const say = { as: "sarah@example.com", text: "My photo", media: { ...photo, kind: "image" as const } };
    const events: InboundEvent[] = await email.events(say);
    await hub.hub.ingest.ingest(email.origin, events);
    await hub.settled();
    const [row] = await hub.sql<{ profile_id: string }>("SELECT profile_id FROM identifier WHERE type = 'email'");
    const entries = await hub.timeline(customerRef(row?.profile_id ?? ""));
    const [file] = entries.flatMap((entry) => entry.media ?? []);
    expect(file).toMatchObject({ state: "stored", mime: "image/jpeg", filename: "photo.jpg" });
    expect((await bytesOf(hub, file?.id ?? ""))?.equals(photo.data)).toBe(true);
    const [original] = entries.flatMap((entry) => entry.original ?? []);
    expect((await bytesOf(hub, original ?? ""))?.toString()).toMatch(/^Subject: .+\bMIME-Version: 1\.0/ms);
  } finally {
    await hub.stop();
  }
});
