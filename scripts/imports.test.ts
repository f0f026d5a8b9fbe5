import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";

const root = path.join(import.meta.dirname, "..");
const copy = mkdtempSync(path.join(tmpdir(), "throughline-imports-"));

const Cruise = z.object({
  summary: z.object({
    totalCruised: z.number(),
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

beforeAll(() => {
  const isSource = (from: string) => !/\/(dist|node_modules)$/.test(from);
  for (const entry of [
    "apps",
    "adapters",
    "prisma",
    "test/support",
    ".dependency-cruiser.mjs",
    "package.json",
    "tsconfig.json",
  ]) {
    cpSync(path.join(root, entry), path.join(copy, entry), { recursive: true, filter: isSource });
  }
  symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function cruise(): z.infer<typeof Cruise>["summary"] {
  const args = ["--config", ".dependency-cruiser.mjs", "--output-type", "json", "apps", "adapters"];
  const done = spawnSync(path.join(copy, "node_modules/.bin/depcruise"), args, {
    cwd: copy,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return Cruise.parse(JSON.parse(done.stdout)).summary;
}

it("really reads the source, and finds nothing forbidden", () => {
  const { totalCruised, violations } = cruise();
  expect(totalCruised).toBeGreaterThan(100);
  expect(violations).toEqual([]);
});

const forbidden: [rule: string, from: string, to: string][] = [
  ["contract-stands-alone", "adapters/contract/seed.ts", "adapters/registry.ts"],
  ["adapter-knows-the-contract", "adapters/telegram/seed.ts", "adapters/whatsapp/index.ts"],
  ["provider-knows-the-contract", "adapters/providers/meta/seed.ts", "adapters/whatsapp/index.ts"],
  ["provider-knows-the-contract", "adapters/providers/twilio/seed.ts", "adapters/providers/meta/signature.ts"],
  ["adapter-knows-the-contract", "adapters/web/seed.ts", "apps/core/platform/ids.ts"],
  ["core-platform", "apps/core/platform/seed.ts", "apps/core/vault/seal.ts"],
  ["core-vault", "apps/core/vault/seed.ts", "apps/core/identity/resolve.ts"],
  ["core-identity", "apps/core/identity/seed.ts", "apps/core/conversation/take.ts"],
  ["core-conversation", "apps/core/conversation/seed.ts", "apps/core/inbound/ingest.ts"],
  ["core-outbound", "apps/core/outbound/seed.ts", "apps/core/inbound/ingest.ts"],
  ["core-platform", "apps/core/platform/seed-adapter.ts", "adapters/whatsapp/index.ts"],
  ["core-api", "apps/core/api/seed.ts", "apps/core/platform/ids.ts"],
  ["core-has-named-rooms", "apps/core/attic/seed.ts", "apps/core/platform/ids.ts"],
  ["gateway-stands-on-core", "apps/gateway/seed.ts", "apps/worker/seed.ts"],
  ["worker-stands-on-core", "apps/worker/seed.ts", "apps/gateway/seed.ts"],
  ["widget-knows-the-api", "apps/widget/src/seed.ts", "apps/core/platform/ids.ts"],
  ["no-test-in-the-product", "apps/core/identity/seed-test.ts", "apps/core/platform/embedded.test.ts"],
];

it("finds every forbidden import that is put in", () => {
  for (const [, from, to] of forbidden) {
    const file = path.join(copy, from);
    mkdirSync(path.dirname(file), { recursive: true });
    let target = path.relative(path.dirname(file), path.join(copy, to));
    if (!target.startsWith(".")) target = `./${target}`;
    appendFileSync(file, `import type * as seeded from "${target}";\nexport type Seeded = typeof seeded;\n`);
  }
  const ringed = (other: string) => `import { part } from "./ring-${other}.ts";\nexport { part };\n`;
  writeFileSync(path.join(copy, "apps/core/vault/ring-a.ts"), ringed("b"));
  writeFileSync(path.join(copy, "apps/core/vault/ring-b.ts"), ringed("a"));

  const found = cruise().violations.map((violation) => `${violation.rule.name}: ${violation.from} → ${violation.to}`);
  for (const [rule, from, to] of forbidden) expect(found).toContain(`${rule}: ${from} → ${to}`);
  expect(found.filter((violation) => violation.startsWith("no-circular: apps/core/vault/ring-"))).not.toEqual([]);
});
