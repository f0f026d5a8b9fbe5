import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import S3rver from "s3rver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../platform/ids.ts";
import { checkBlobs, shardOf, SHARDS, type BlobStore } from "./blobs.ts";
import { openDisk } from "./disk.ts";
import { openS3 } from "./s3.ts";

const credentials = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "throughline-blobs-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function everything(blobs: BlobStore): Promise<string[]> {
  const names: string[] = [];
  for (const shard of SHARDS) for await (const { name } of blobs.list(shard)) names.push(name);
  return names;
}

function behaves(open: () => Promise<BlobStore>): void {
  let blobs: BlobStore;
  beforeAll(async () => {
    blobs = await open();
  });
  afterAll(() => blobs?.close());

  it("gives back what was put, and nothing where nothing was", async () => {
    const [one, two] = [newId(), newId()];
    const bytes = randomBytes(300_000);
    await blobs.put(one, bytes);
    await blobs.put(two, Buffer.alloc(0));
    expect((await blobs.get(one))?.equals(bytes)).toBe(true);
    expect((await blobs.get(two))?.length).toBe(0);
    expect(await blobs.get(newId())).toBeUndefined();
    await blobs.put(one, Buffer.from("another"));
    expect((await blobs.get(one))?.toString()).toBe("another");
  });

  it("removes and lists", async () => {
    const names = Array.from({ length: 20 }, newId);
    for (const name of names) await blobs.put(name, Buffer.from(name));
    await blobs.remove([newId(), ...names.slice(0, 10)]);
    const left = await everything(blobs);
    expect(left).toEqual(expect.arrayContaining(names.slice(10)));
    expect(left.filter((name) => names.slice(0, 10).includes(name))).toEqual([]);
    const found: { name: string; at: Date }[] = [];
    for await (const blob of blobs.list(shardOf(names[19] ?? ""))) found.push(blob);
    const mine = found.find(({ name }) => name === names[19]);
    expect(Math.abs(Date.now() - (mine?.at.getTime() ?? 0))).toBeLessThan(60_000);
    await blobs.remove([]);
  });

  it("says that it is well, and leaves nothing of the question", async () => {
    const before = (await everything(blobs)).length;
    await checkBlobs(blobs);
    expect((await everything(blobs)).length).toBe(before);
  });
}

describe("blobs on disk", () => {
  behaves(() => Promise.resolve(openDisk(path.join(folder, "disk"))));

  it("are never seen half written, whoever writes at once", async () => {
    const blobs = openDisk(path.join(folder, "race"));
    const name = newId();
    const versions = Array.from({ length: 8 }, (_, n) => Buffer.alloc(200_000, n));
    const writing = Promise.all(versions.map((bytes) => blobs.put(name, bytes)));
    let seen = 0;
    for (let reads = 0; reads < 50; reads++) {
      const bytes = await blobs.get(name);
      if (bytes === undefined) continue;
      seen++;
      expect(bytes.length).toBe(200_000);
      expect(new Set(bytes).size).toBe(1);
    }
    await writing;
    expect(seen).toBeGreaterThan(0);
    expect(await readdir(path.join(folder, "race", shardOf(name)))).toEqual([name]);
  });

  it("lead nowhere else by their names", async () => {
    const blobs = openDisk(path.join(folder, "names"));
    for (const name of ["../x", "a/b", ".hidden", "", "a\0b", "..\\x"])
      await expect(blobs.put(name, Buffer.from("x"))).rejects.toThrow(/not a name/);
  });

  it("can't be kept in a place that is no folder, and says so", async () => {
    const blobs = openDisk("/dev/null/media");
    await expect(checkBlobs(blobs)).rejects.toThrow(/ENOTDIR/);
  });
});

describe("blobs in a bucket", () => {
  let server: S3rver;
  let endpoint: string;
  beforeAll(async () => {
    server = new S3rver({
      address: "127.0.0.1",
      port: 0,
      silent: true,
      directory: path.join(folder, "s3"),
      configureBuckets: [{ name: "media" }],
    });
    endpoint = `http://127.0.0.1:${(await server.run()).port}`;
  });
  afterAll(() => server?.close());

  behaves(() => Promise.resolve(openS3({ bucket: "media", endpoint, region: "us-east-1", credentials })));

  it("that isn't there are a trouble, not an absence", async () => {
    const blobs = openS3({ bucket: "another", endpoint, region: "us-east-1", credentials });
    await expect(blobs.get(newId())).rejects.toThrow();
    await expect(checkBlobs(blobs)).rejects.toThrow();
    blobs.close();
  });

  it("are refused without a key that is known", async () => {
    const wrong = { accessKeyId: "another", secretAccessKey: "another" };
    const blobs = openS3({ bucket: "media", endpoint, region: "us-east-1", credentials: wrong });
    await expect(blobs.put(newId(), Buffer.from("x"))).rejects.toThrow();
    blobs.close();
  });

  it("are not waited for for ever where the server hangs", { timeout: 60_000 }, async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const blobs = openS3({
      bucket: "media",
      endpoint: `http://127.0.0.1:${address.port}`,
      region: "us-east-1",
      credentials,
      timeoutMs: 300,
    });
    await expect(blobs.get(newId())).rejects.toThrow();
    blobs.close();
    silent.closeAllConnections();
    silent.close();
  });
});
