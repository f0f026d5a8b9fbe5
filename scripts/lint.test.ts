import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";

const root = path.join(import.meta.dirname, "..");
const copy = mkdtempSync(path.join(tmpdir(), "throughline-lint-"));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Lints one file under the project's own configuration. */
function lint(source: string): { status: number | null; output: string } {
  for (const entry of [".oxlintrc.json", "tsconfig.json", "package.json"]) {
    cpSync(path.join(root, entry), path.join(copy, entry));
  }
  rmSync(path.join(copy, "node_modules"), { force: true });
  symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));
  writeFileSync(path.join(copy, "seed.ts"), source);
  const program = path.join(root, "node_modules/.bin/oxlint");
  const done = spawnSync(program, ["--type-aware", "seed.ts"], { cwd: copy, encoding: "utf8" });
  return { status: done.status, output: done.stdout + done.stderr };
}

it("finds a queued job that nobody waits for, which is a lost message", () => {
  const ring = (call: string) =>
    `import type { Queue } from "bullmq";\nexport async function ring(queue: Queue): Promise<void> {\n  ${call};\n}\n`;
  const bad = lint(ring('queue.add("inbound", {})'));
  expect(bad.output).toContain("no-floating-promises");
  expect(bad.status).toBe(1);
  expect(lint(ring('await queue.add("inbound", {})'))).toMatchObject({ status: 0 });
});
