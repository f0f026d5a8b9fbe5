// `npm test` (`npm run check` is the same): everything that must hold, cheapest first; stops at the first failure.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { z } from "zod";

const root = path.join(import.meta.dirname, "..");
const scratch = mkdtempSync(path.join(tmpdir(), "throughline-check-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
const report = path.join(scratch, "report.json");

/** What is checked, and what to do when it fails. */
const steps: { name: string; command: string[]; advice: string; loud?: true }[] = [
  { name: "format", command: ["oxfmt", "--check", "."], advice: 'run "npx oxfmt ."' },
  { name: "types", command: ["tsc", "-p", "."], advice: "mend the types above" },
  ...["widget", "console", "playground/page"]
    .filter((page) => existsSync(path.join(root, `apps/${page}/tsconfig.json`)))
    .map((page) => ({
      name: `types of the ${page}`,
      command: ["tsc", "--noEmit", "-p", `apps/${page}`],
      advice: "mend the types above",
    })),
  { name: "lint", command: ["oxlint", "--type-aware"], advice: "mend what the linter found" },
  {
    name: "import rule",
    command: ["depcruise", "--config", ".dependency-cruiser.mjs", "apps", "adapters", "scripts", "test"],
    advice: "design, section 3, says who may import whom",
  },
  { name: "dead code", command: ["knip"], advice: "remove what nothing uses" },
  {
    name: "migrations",
    command: ["node", "scripts/migration.ts", "--check"],
    advice: 'run "npm run db:diff -- <name>"',
  },
  {
    name: "tests",
    command: ["vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
    advice: "see the failed tests above",
    loud: true,
  },
];

for (const { name, command, advice, loud } of steps) {
  const began = performance.now();
  const [program = "", ...args] = command;
  const done = spawnSync(path.join(root, "node_modules/.bin", program), args, {
    cwd: root,
    encoding: "utf8",
    stdio: loud ? "inherit" : "pipe",
    maxBuffer: 64 * 1024 * 1024,
  });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  if (done.status !== 0) {
    const how = done.error?.message ?? (done.signal === null ? `exit code ${done.status}` : `signal ${done.signal}`);
    console.error(`${done.stdout ?? ""}${done.stderr ?? ""}\n✗ ${name} (${how}, ${seconds} s): ${advice}`);
    printTotals();
    process.exit(1);
  }
  console.log(`✓ ${name} (${seconds} s)`);
}
printTotals();

/** One closing line that a person and a machine can read; nothing when the tests were not reached. */
function printTotals(): void {
  if (!existsSync(report)) return;
  const Report = z.object({
    numPassedTests: z.number(),
    numFailedTests: z.number(),
    numPendingTests: z.number(),
    numTodoTests: z.number(),
    numFailedTestSuites: z.number(),
  });
  const totals = Report.parse(JSON.parse(readFileSync(report, "utf8")));
  // A file that does not load has a failed suite and no test.
  const failed = Math.max(totals.numFailedTests, totals.numFailedTestSuites > 0 ? 1 : 0);
  const skipped = totals.numPendingTests + totals.numTodoTests;
  console.log(`${totals.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
}
