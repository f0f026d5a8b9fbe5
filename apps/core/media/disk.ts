import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { shardOf, type BlobStore } from "./blobs.ts";

/** Ends the names of files that are being written. */
const DRAFT = ".draft";

/**
 * Keeps blobs as files of a folder: written beside their place, flushed, renamed, and the folder flushed, so that after a
 * power cut a blob is there as a whole or not at all.
 */
export function openDisk(folder: string): BlobStore {
  const fileOf = (name: string): string => path.join(folder, shardOf(name), safe(name));
  return {
    place: folder,
    async put(name, bytes) {
      const file = fileOf(name);
      const draft = `${file}.${randomUUID()}${DRAFT}`;
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      try {
        const handle = await open(draft, "wx", 0o600);
        try {
          await handle.writeFile(bytes);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(draft, file);
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
      await flushed(path.dirname(file));
    },
    async get(name) {
      try {
        return await readFile(fileOf(name));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    async remove(names) {
      for (const name of names) await rm(fileOf(name), { force: true });
    },
    async *list(shard) {
      const at = path.join(folder, shard);
      for (const name of await namesIn(at)) {
        const found = await stat(path.join(at, name)).catch(absent);
        if (found !== undefined) yield { name, at: found.mtime };
      }
    },
    close() {},
  };
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(absent)) ?? [];
}

/** A file system that can't flush a folder (Windows) keeps renames in its own journal. */
async function flushed(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Names are ids of ours; one that could lead out of the folder is a defect. */
function safe(name: string): string {
  if (!/^[\w.-]+$/.test(name) || name.startsWith(".")) throw new Error("not a name of a blob");
  return name;
}

function absent(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
