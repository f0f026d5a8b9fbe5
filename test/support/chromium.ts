import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium, type Browser, type Page } from "playwright-core";
import { expect } from "vitest";
import { z } from "zod";

const executable = [
  process.env["CHROMIUM"],
  spawnSync("which", ["chromium", "chromium-browser", "google-chrome"], { encoding: "utf8" }).stdout.split("\n")[0],
].find((file) => file !== undefined && file !== "" && existsSync(file));
const FLAGS =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

/** Whether this machine has a browser for tests. */
export const chromiumAvailable = executable !== undefined;

/** What to do where it has none. */
export const chromiumReason = "needs Chromium (Debian: apt-get install chromium), or CHROMIUM=<its path>";

/** Starts the machine's Chromium, without a window. @throws Error where there is none */
export function openChromium(): Promise<Browser> {
  if (executable === undefined) throw new Error(chromiumReason);
  return chromium.launch({ executablePath: executable, args: FLAGS.split(" ") });
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const axeResult = z.object({
  violations: z.array(
    z.object({ id: z.string(), impact: z.string().nullish(), nodes: z.array(z.object({ html: z.string() })) }),
  ),
  passes: z.array(z.object({ id: z.string() })),
});

/** What axe-core calls serious or critical on a page, shadow trees included; empty is good. */
export async function violations(page: Page): Promise<string[]> {
  // What is fading in is not yet what it will be. A document does not tell of the animations in its shadow trees.
  const moving = `[document, ...[...document.querySelectorAll("*")].flatMap((e) => e.shadowRoot ?? [])]
    .flatMap((root) => root.getAnimations()).filter((a) => a.effect.getTiming().iterations === 1).length`;
  await expect.poll(() => page.evaluate(moving), { timeout: 5_000 }).toBe(0);
  await page.evaluate(axeSource);
  const found = axeResult.parse(await page.evaluate("axe.run({ resultTypes: ['violations'] })"));
  expect(found.passes.length).toBeGreaterThan(10);
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}
