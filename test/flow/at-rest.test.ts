import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { Redis } from "ioredis";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createLinkCode } from "../../apps/core/identity/link-codes.ts";
import { mergeProfiles } from "../../apps/core/identity/merges.ts";
import { regroupConversations } from "../../apps/core/conversation/regroup.ts";
import { uploadMedia } from "../../apps/core/media/outgoing.ts";
import { openMedia } from "../../apps/core/media/views.ts";
import { writeToCustomer } from "../../apps/core/outbound/write.ts";
import type { Generator } from "../../apps/core/reply/generator.ts";
import { startTestHub, type TestHub } from "../support/hub.ts";
import { seeker, type Found } from "../support/planted.ts";
import { samplesOf } from "../support/samples.ts";
import { redisAvailable, redisReason, startRedis, type TestRedis } from "../support/redis.ts";

const NEEDLES = {
  phone: "4155559917",
  telegram: "700987654321",
  sub: "customer-quokka-17",
  email: "zebrafinch.sarah@meerkat.example",
  name: "Wilhelmina Zebrafinch",
  inbound: "the parcel never reached Bumblebee Lane",
  reply: "we are sorry about Bumblebee's neighbours",
  staff: "a handwritten apology from Ottilie",
  state: "remembers-the-walrus",
  because: "the customer asked twice for pelicans",
  file: "a photograph of a broken pangolin",
  filename: "certificate-of-the-aardvark.pdf",
  nonAscii: "Größe für Frau Łukasiewicz",
} as const;

let redis: TestRedis | undefined;
let hub: TestHub;
const secrets: string[] = [];
beforeAll(async () => {
  redis = redisAvailable ? await startRedis() : undefined;
  const generator: Generator = {
    name: "planting",
    generate: () =>
      Promise.resolve({ messages: [{ text: NEEDLES.reply }], state: { note: NEEDLES.state }, because: [] }),
  };
  hub = await startTestHub({ generator, ...(redis ? { redisUrl: redis.url } : {}) });
  const [whatsapp, telegram, web] = await Promise.all([
    hub.account("whatsapp"),
    hub.account("telegram"),
    hub.account("web"),
  ]);
  for (const { simulator } of [whatsapp, telegram, web]) {
    const found = JSON.stringify(simulator.settings).match(
      /"(?:accessToken|appSecret|verifyToken|botToken|secretToken|secret|sessionSecret)":"([^"]+)"/g,
    );
    secrets.push(...(found ?? []).map((pair) => pair.split('":"')[1]?.slice(0, -1) ?? ""));
  }
  await whatsapp.say({ as: `+1${NEEDLES.phone}`, text: NEEDLES.inbound, name: NEEDLES.name });
  await hub.settled();
  await telegram.say({ as: NEEDLES.telegram, text: NEEDLES.nonAscii, name: NEEDLES.name });
  const claims = { sub: NEEDLES.sub, email: NEEDLES.email, email_verified: true, name: NEEDLES.name };
  await web.say({ as: "browser", text: NEEDLES.inbound, claims });
  const email = await hub.account("email");
  const media = { kind: "document" as const, mime: "application/pdf", filename: NEEDLES.filename, data: planted() };
  await email.say({ as: NEEDLES.email, text: NEEDLES.inbound, media });
  await hub.settled();
  const ref = await hub.refOf({ type: "telegram", value: NEEDLES.telegram });
  const other = await hub.refOf({ type: "phone", value: `+1${NEEDLES.phone}` });
  const { workspaceId } = hub;
  const upload = await uploadMedia(hub.parts, workspaceId, { bytes: planted(), filename: NEEDLES.filename });
  await writeToCustomer(hub.parts, { workspaceId, ref, content: { text: NEEDLES.staff, media: upload } });
  const { code } = await createLinkCode(hub.parts, { workspaceId: hub.workspaceId, ref });
  secrets.push(code);
  const parts = { ...hub.parts, afterMove: regroupConversations };
  await mergeProfiles(parts, {
    workspaceId: hub.workspaceId,
    refs: [ref, other],
    by: "staff",
    reason: NEEDLES.because,
  });
  await hub.settled();
});
afterAll(async () => {
  await hub?.stop();
  await redis?.stop();
});

/** A document with a needle in it. */
function planted(): Buffer {
  const [invoice] = samplesOf("document");
  return Buffer.concat([invoice.data, Buffer.from(`% ${NEEDLES.file}\n`)]);
}

const needles = () => [...Object.values(NEEDLES), ...secrets];

function filesIn(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

function inFiles(files: string[]): (Found & { file: string })[] {
  const seek = seeker(needles());
  return files.flatMap((file) => seek(readFileSync(file)).map((f) => ({ ...f, file: path.basename(file) })));
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The files of both databases, and the write-ahead log that they share with others. */
async function databaseFiles(): Promise<string[]> {
  return withClient(inject("postgresUrl"), async (client) => {
    await client.query("CHECKPOINT");
    const {
      rows: [where],
    } = await client.query<{ data_directory: string }>("SHOW data_directory");
    const names = [hub.database.url, hub.database.keystoreUrl].map((url) => new URL(url).pathname.slice(1));
    const { rows } = await client.query<{ oid: string }>("SELECT oid::text FROM pg_database WHERE datname = ANY($1)", [
      names,
    ]);
    const directory = where?.data_directory ?? "";
    expect(rows).toHaveLength(2);
    return [...rows.map((r) => path.join(directory, "base", r.oid)), path.join(directory, "pg_wal")].flatMap(filesIn);
  });
}

/** Every row of every table as text, as a dump has it. */
async function everyRow(url: string): Promise<Buffer> {
  return withClient(url, async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
        WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
    );
    expect(tables.length).toBeGreaterThan(0);
    const texts: string[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      texts.push(name, ...rows.map((r) => r.row));
    }
    const text = texts.join("\n");
    const bytes = [...text.matchAll(/\\x([0-9a-f]+)/g)].map(([, hex = ""]) => Buffer.from(hex, "hex"));
    return Buffer.concat([Buffer.from(text), ...bytes]);
  });
}

it("every file that was kept is where the next test looks", async () => {
  const rows = await hub.sql<{ id: string }>("SELECT id FROM media WHERE state = 'stored' ORDER BY id");
  const blobs = filesIn(path.join(hub.dataDir, "media")).map((file) => path.basename(file));
  // An attachment, the mail that it came with, an upload and the customer's copy of it.
  expect(rows.length).toBeGreaterThanOrEqual(4);
  expect(blobs.sort()).toEqual(rows.map((row) => row.id).sort());
});

describe("what is stored shows no customer's words, names or addresses, and no secret of a channel", () => {
  it("in the files of the databases", async () => {
    expect(secrets.length).toBeGreaterThan(5);
    const files = await databaseFiles();
    expect(files.length).toBeGreaterThan(100);
    expect(inFiles(files)).toEqual([]);
  });

  it("in the media store, where the files can be read with the key", async () => {
    const files = filesIn(path.join(hub.dataDir, "media"));
    expect(inFiles(files)).toEqual([]);
    const [upload] = await hub.sql<{ id: string }>("SELECT id FROM media WHERE message_id IS NULL");
    const opened = await openMedia(hub.parts, hub.workspaceId, upload?.id ?? "");
    expect(seeker(needles())(opened?.bytes ?? Buffer.alloc(0)).map((found) => found.needle)).toContain(NEEDLES.file);
  });

  it("in a full read of both databases", async () => {
    const seek = seeker(needles());
    for (const url of [hub.database.url, hub.database.keystoreUrl]) expect(seek(await everyRow(url))).toEqual([]);
  });

  it("in a dump", (context) => {
    if (spawnSync("pg_dump", ["--version"]).status !== 0)
      context.skip("needs pg_dump (Debian: apt-get install postgresql-client)");
    const seek = seeker(needles());
    for (const url of [hub.database.url, hub.database.keystoreUrl]) {
      const { stdout, stderr, status } = spawnSync("pg_dump", [url], { maxBuffer: 256 * 1024 * 1024 });
      if (status !== 0 && stderr.includes("server version mismatch"))
        context.skip("this pg_dump is older than the server");
      expect(status, stderr.toString()).toBe(0);
      expect(seek(stdout)).toEqual([]);
    }
  });

  it.skipIf(!redisAvailable)(`in Redis${redisAvailable ? "" : ` (${redisReason})`}`, async () => {
    if (redis === undefined) throw new Error("Redis expected");
    const client = new Redis(redis.url);
    const seek = seeker(needles());
    for (const key of await client.keys("*"))
      expect(seek((await client.dumpBuffer(key)) ?? Buffer.alloc(0))).toEqual([]);
    await client.save();
    client.disconnect();
    const files = filesIn(redis.dir);
    expect(files.length).toBeGreaterThan(1);
    expect(inFiles(files)).toEqual([]);
  });
});

it("what is not sealed would be found, in every guise", async () => {
  const word = Buffer.from(`x ${NEEDLES.name} y`);
  const guises: Record<string, string | Buffer> = {
    plain: word,
    base64: word.toString("base64"),
    "base64, one further": Buffer.concat([Buffer.from("z"), word]).toString("base64"),
    hex: word.toString("hex"),
    gzip: Buffer.concat([Buffer.from("before"), gzipSync(word)]),
    json: JSON.stringify({ name: NEEDLES.nonAscii }),
  };
  const seek = seeker(needles());
  for (const [guise, bytes] of Object.entries(guises)) expect(seek(Buffer.from(bytes)), guise).not.toEqual([]);
  expect(seek(Buffer.from("nothing of the kind"))).toEqual([]);
  await hub.sql("CREATE TABLE planted (word bytea, text text)");
  await hub.sql("INSERT INTO planted VALUES ($1, $2)", [gzipSync(word), NEEDLES.inbound]);
  const found = inFiles(await databaseFiles());
  expect(found.map((f) => f.needle)).toEqual(expect.arrayContaining([NEEDLES.name, NEEDLES.inbound]));
  const read = seek(await everyRow(hub.database.url)).map((f) => f.needle);
  expect(read).toEqual(expect.arrayContaining([NEEDLES.name, NEEDLES.inbound]));
});
