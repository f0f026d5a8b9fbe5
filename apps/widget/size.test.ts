import { readFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";

/** What a page pays for the widget, in bytes over the wire. */
const BUDGET = 30_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "widget-"));
  await build({
    configFile: join(import.meta.dirname, "vite.config.ts"),
    logLevel: "error",
    build: { outDir: folder, emptyOutDir: true },
  });
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test("the widget is one script of less than 30 KB, compressed", async () => {
  expect(await readdir(folder)).toEqual(["widget.js"]);
  const script = await readFile(join(folder, "widget.js"));
  expect(script.toString()).toContain("throughline-widget");
  expect(gzipSync(script).byteLength).toBeLessThan(BUDGET);
});
