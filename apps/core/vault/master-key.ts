import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { StartError } from "../platform/start-error.ts";

/**
 * The key that wraps all data keys: `MASTER_KEY` (32 bytes, base64), else the file `master.key` (mode 0600) in the data
 * directory, made at the first start. Never in the database.
 * @throws {StartError} when it is malformed, or others may read the file
 */
export async function loadMasterKey(options: { masterKey: string | undefined; dataDir: string }): Promise<Buffer> {
  if (options.masterKey !== undefined) return parseKey(options.masterKey, "MASTER_KEY");
  const file = join(options.dataDir, "master.key");
  try {
    await mkdir(options.dataDir, { recursive: true });
    const handle = await open(file, "wx", 0o600);
    await handle.writeFile(`${randomBytes(32).toString("base64")}\n`);
    await handle.sync();
    await handle.close();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) {
      throw new StartError(`DATA_DIR ${options.dataDir} can't be written: make it writable, or set MASTER_KEY`);
    }
  }
  const mode = (await stat(file)).mode & 0o077;
  if (mode !== 0) throw new StartError(`${file} can be read by others: chmod 600 it`);
  return parseKey(await readFile(file, "utf8"), file);
}

function parseKey(text: string, where: string): Buffer {
  const key = Buffer.from(text.trim(), "base64");
  if (key.length !== 32) throw new StartError(`${where} must hold 32 bytes in base64 (openssl rand -base64 32)`);
  return key;
}
