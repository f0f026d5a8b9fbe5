import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase, type TestDatabase } from "../test/support/postgres.ts";

const run = promisify(execFile);
const HUB = path.join(import.meta.dirname, "hub.ts");

describe("the command line", () => {
  let database: TestDatabase;
  let env: Record<string, string>;
  beforeAll(async () => {
    database = await createDatabase();
    env = {
      DATABASE_URL: database.url,
      KEYSTORE_URL: database.keystoreUrl,
      MASTER_KEY: randomBytes(32).toString("base64"),
    };
  });
  afterAll(() => database?.drop());

  async function hub(args: string[], more: Record<string, string> = {}) {
    const options = { env: { PATH: process.env["PATH"], ...env, ...more }, timeout: 25_000 };
    const failed = (error: unknown) => {
      if (!(error instanceof Error && "code" in error && "stdout" in error && "stderr" in error)) throw error;
      return { code: error.code, stdout: String(error.stdout), stderr: String(error.stderr) };
    };
    return run(process.execPath, [HUB, ...args], options).then((done) => ({ code: 0, ...done }), failed);
  }

  it("makes a key and prints it alone, lists it without showing it, and revokes it", async () => {
    const made = await hub(["apikey", "create", "--name", "shop", "--scopes", "profiles:read,messages:write"]);
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^tl_[\w-]{43}\n$/) });
    const listed = await hub(["apikey", "list"]);
    expect(listed.stdout).toMatch(/\tshop\tprofiles:read,messages:write\t.*\tactive\n$/);
    expect(listed.stdout).not.toContain(made.stdout.trim());
    const prefix = made.stdout.slice(0, 9);
    expect(await hub(["apikey", "revoke", prefix])).toMatchObject({ code: 0 });
    expect(await hub(["apikey", "revoke", prefix])).toMatchObject({ code: 1, stdout: "" });
    expect((await hub(["apikey", "list"])).stdout).toContain("revoked");
  });

  it("answers what it does not understand with its usage and exit code 2, and does nothing", async () => {
    for (const args of [
      [],
      ["nonsense"],
      ["apikey"],
      ["apikey", "create", "--name", "x"],
      ["apikey", "create", "--name", "x", "--scopes", "everything"],
      ["apikey", "create", "--nonsense"],
      ["migrate", "now"],
    ]) {
      const answer = await hub(args);
      expect(answer, args.join(" ")).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("Usage:") });
    }
    expect(await hub(["--help"])).toMatchObject({ code: 0, stdout: expect.stringContaining("Usage:") });
  });

  it("migrates, and finds what is in trouble", async () => {
    expect(await hub(["migrate"])).toMatchObject({ code: 0 });
    const healthy = await hub(["doctor"]);
    // The tests' database runs without fsync, which is trouble indeed; everything else is well.
    const lines = healthy.stdout.trim().split("\n");
    expect(lines.filter((line) => line.startsWith("TROUBLE"))).toEqual([expect.stringContaining("fsync")]);
    expect(lines.join("\n")).toMatch(/ok {6}key store/);
    const otherKey = await hub(["doctor"], { MASTER_KEY: randomBytes(32).toString("base64") });
    expect(otherKey).toMatchObject({ code: 1, stdout: expect.stringContaining("the master key is not the one") });
    const nowhere = await hub(["doctor"], { DATABASE_URL: "postgresql://nobody@127.0.0.1:1/none" });
    expect(nowhere).toMatchObject({ code: 1, stdout: expect.stringContaining("TROUBLE database") });
    expect((await hub(["migrate"], { PORT: "x" })).stderr).toMatch(/^PORT: /);
  });

  it("works on an embedded database that nobody runs, and leaves nothing behind", async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), "throughline-hub-"));
    const embedded = { DATA_DIR: dataDir, DATABASE_URL: "", KEYSTORE_URL: "", MASTER_KEY: "" };
    const made = await hub(["apikey", "create", "--name", "first", "--scopes", "*"], embedded);
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^tl_/) });
    const doctor = await hub(["doctor"], embedded);
    expect(doctor).toMatchObject({ code: 0, stdout: expect.stringContaining("embedded") });
    await rm(dataDir, { recursive: true, force: true });
  });
});
