import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StartError } from "../platform/start-error.ts";
import { newId } from "../platform/ids.ts";
import type { KeyStore } from "./keystore.ts";
import { loadMasterKey } from "./master-key.ts";
import { ErasedError, openVault, type Vault } from "./vault.ts";
import { SealBrokenError } from "./seal.ts";

/** A key store in memory, as the database one behaves. */
function memoryStore(): KeyStore {
  const keys = new Map<string, { wrapped: Buffer; generation: number }>();
  return {
    load: (ids) =>
      Promise.resolve(
        new Map(
          ids.flatMap((id) => {
            const key = keys.get(id);
            return key ? [[id, key] as const] : [];
          }),
        ),
      ),
    add(added) {
      for (const { id, wrapped } of added) if (!keys.has(id)) keys.set(id, { wrapped, generation: 0 });
      return Promise.resolve();
    },
    remove(ids) {
      for (const id of ids) keys.delete(id);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

const workspace = newId();
const master = randomBytes(32);
let store: KeyStore;
let vault: Vault;
beforeAll(async () => {
  store = memoryStore();
  vault = await openVault(master, store);
});

async function keyed(): Promise<string> {
  const id = newId();
  await vault.createKeys(workspace, [id]);
  return id;
}

describe("a seal", () => {
  it("opens in its place with its key, and shows nothing of what is in it", async () => {
    const id = await keyed();
    const ring = await vault.unlock([id]);
    const value = { text: "words of a customer", n: [1, null, "ü🙂"] };
    const sealed = ring.seal(id, `message.body:${id}`, value);
    expect(ring.open(id, `message.body:${id}`, sealed)).toEqual(value);
    expect(sealed.includes("words")).toBe(false);
    expect(ring.seal(id, `message.body:${id}`, value).equals(sealed)).toBe(false);
  });

  it("does not open elsewhere, with another key, or damaged in any byte", async () => {
    const [id, other] = [await keyed(), await keyed()];
    const ring = await vault.unlock([id, other]);
    const sealed = ring.seal(id, `message.body:${id}`, "secret");
    expect(() => ring.open(id, `message.body:${other}`, sealed)).toThrow(SealBrokenError);
    expect(() => ring.open(id, `thread.address:${id}`, sealed)).toThrow(SealBrokenError);
    expect(() => ring.open(other, `message.body:${id}`, sealed)).toThrow(SealBrokenError);
    for (let at = 0; at < sealed.length; at++) {
      const damaged = Buffer.from(sealed);
      damaged.writeUInt8((sealed[at] ?? 0) ^ 1, at);
      expect(() => ring.open(id, `message.body:${id}`, damaged)).toThrow(SealBrokenError);
      expect(() => ring.open(id, `message.body:${id}`, sealed.subarray(0, at))).toThrow(SealBrokenError);
    }
  });

  it("is gone for ever once its key is destroyed", async () => {
    const id = await keyed();
    const sealed = (await vault.unlock([id])).seal(id, `message.body:${id}`, "secret");
    await vault.destroyKeys([id]);
    const ring = await vault.unlock([id]);
    expect(ring.has(id)).toBe(false);
    expect(() => ring.open(id, `message.body:${id}`, sealed)).toThrow(ErasedError);
  });

  it("is read by another process over the same key store, and a key that exists stays", async () => {
    const id = await keyed();
    const sealed = (await vault.unlock([id])).seal(id, `message.body:${id}`, "secret");
    const second = await openVault(master, store);
    await second.createKeys(workspace, [id]);
    expect((await second.unlock([id])).open(id, `message.body:${id}`, sealed)).toBe("secret");
  });
});

it("the wrong master key is told at start", async () => {
  await expect(openVault(randomBytes(32), store)).rejects.toThrow(StartError);
  await expect(openVault(randomBytes(32), store)).rejects.toThrow(/master key is not the one/);
});

it("a blind index is equal only for equal text in one workspace and domain, in every process", async () => {
  const other = newId();
  const index = vault.blind(workspace, "identifier phone", "+14155550123");
  const second = await openVault(master, store);
  expect(second.blind(workspace, "identifier phone", "+14155550123").equals(index)).toBe(true);
  const others = [
    vault.blind(other, "identifier phone", "+14155550123"),
    vault.blind(workspace, "identifier email", "+14155550123"),
    vault.blind(workspace, "identifier phone", "+14155550124"),
    vault.blind(workspace, "identifier", "phone\0+14155550123"),
    (await openVault(randomBytes(32), memoryStore())).blind(workspace, "identifier phone", "+14155550123"),
  ];
  for (const each of others) expect(each.equals(index)).toBe(false);
});

describe("the master key", () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), "throughline-key-"));
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }));
  const load = (masterKey?: string) => loadMasterKey({ masterKey, dataDir });

  it("is made once, for its owner's eyes, and refused when others may read it", async () => {
    const [first, again] = await Promise.all([load(), load()]);
    const file = path.join(dataDir, "master.key");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(first).toHaveLength(32);
    expect(again.equals(first)).toBe(true);
    await chmod(file, 0o644);
    await expect(load()).rejects.toThrow(/read by others/);
    await chmod(file, 0o600);
    await writeFile(file, (await readFile(file, "utf8")).slice(0, 20));
    await expect(load()).rejects.toThrow(StartError);
  });

  it("from the environment has 32 bytes of base64", async () => {
    const key = randomBytes(32);
    expect((await load(key.toString("base64"))).equals(key)).toBe(true);
    for (const bad of [
      "",
      "short",
      randomBytes(31).toString("base64"),
      "not base64 at all, but long enough to be one",
    ]) {
      await expect(load(bad)).rejects.toThrow(/MASTER_KEY/);
    }
  });
});
