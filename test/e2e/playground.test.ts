import { mkdtempSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { chromiumAvailable, chromiumReason, openChromium, violations } from "../support/chromium.ts";
import { samplesOf } from "../support/samples.ts";
import { startPlayground, type TestPlayground } from "../support/playground.ts";

const [picture] = samplesOf("image");
const root = path.join(import.meta.dirname, "../..");
describe.skipIf(!chromiumAvailable)(`the playground's page${chromiumAvailable ? "" : ` (${chromiumReason})`}`, () => {
  let play: TestPlayground;
  let browser: Browser;
  const dist = mkdtempSync(path.join(tmpdir(), "throughline-page-"));
  /** What a person with the console open would see in red. */
  const complaints: string[] = [];

  beforeAll(async () => {
    const config = path.join(root, "apps/playground/page/vite.config.ts");
    const args = ["build", "--logLevel", "warn", "--outDir", dist, "-c", config];
    const built = spawnSync(path.join(root, "node_modules/.bin/vite"), args, { encoding: "utf8" });
    if (built.status !== 0) throw new Error(`the page can't be built: ${built.stderr}`);
    play = await startPlayground({ readingMs: 300, dist });
    browser = await openChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await play?.close();
    rmSync(dist, { recursive: true, force: true });
  });

  async function visit(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(`${play.url}/playground`);
    await page.getByRole("textbox").first().waitFor();
    return page;
  }

  const phone = (page: Page, channel: string) => page.locator(`section[data-channel="${channel}"]`);
  const panel = (page: Page) => page.getByRole("complementary", { name: "The unified customer" });

  async function say(page: Page, channel: string, text: string): Promise<void> {
    const box = phone(page, channel).getByRole("textbox", { name: /^Message on/ });
    await box.fill(text);
    await box.press("Enter");
    await phone(page, channel).locator(".bubble-said").filter({ hasText: text }).waitFor();
  }

  const hears = (page: Page, channel: string, text: RegExp | string) =>
    phone(page, channel).locator(".bubble-heard").filter({ hasText: text }).last().waitFor();

  /** These phones, and perhaps others that ring at the same number, are one customer's. */
  async function isSarahs(page: Page, channels: string[]): Promise<void> {
    const colours = () =>
      Promise.all(channels.map((channel) => phone(page, channel).locator(".who").getAttribute("class")));
    await expect.poll(async () => [...new Set(await colours())].join()).toMatch(/^who who-\d$/);
    for (const channel of channels) expect(await phone(page, channel).locator(".who").innerText()).toBe("Sarah");
    const count = /on (\d+|one) phones?/.exec(await panel(page).innerText())?.[1];
    expect(Number(count)).toBeGreaterThanOrEqual(channels.length);
  }

  it("lets a person be Sarah on three phones, and shows one customer", async () => {
    const page = await visit();
    await expect.poll(() => panel(page).innerText()).toContain("Say something on any phone");
    expect(await violations(page)).toEqual([]);

    await phone(page, "web").getByText("Signed in to the shop").click();
    await say(page, "web", "I need an ergonomic office chair for under $300. What do you recommend?");
    await hears(page, "web", "ErgoComfort Pro at $279");
    await expect.poll(() => panel(page).getByRole("heading", { level: 2 }).innerText()).toBe("Sarah");

    await say(page, "whatsapp", "Hi, I was looking at office chairs yesterday.");
    await hears(page, "whatsapp", /Hi Sarah! Yes, you were looking at the ErgoComfort Pro/);
    await isSarahs(page, ["web", "whatsapp"]);

    await phone(page, "web").getByRole("button", { name: "Telegram" }).click();
    await phone(page, "telegram").locator(".bubble-said").filter({ hasText: "/start tl-" }).waitFor();
    await isSarahs(page, ["web", "whatsapp", "telegram"]);
    expect(await phone(page, "web").getByRole("button", { name: "Telegram" }).count()).toBe(0);
    await say(page, "telegram", "How much is the ErgoMax?");
    await hears(page, "telegram", "$349");

    const button = phone(page, "telegram").locator(".bubble-buttons button").filter({ hasText: "See the specs" });
    await button.last().click();
    await hears(page, "telegram", /ErgoMax specifications/);

    const marks = panel(page).locator(".timeline .mark");
    await expect
      .poll(async () => [...new Set(await marks.allInnerTexts())].sort())
      .toEqual(["Telegram", "Web chat", "WhatsApp"]);
    await panel(page).getByText("delivered ✓✓").first().waitFor();
    expect(await violations(page)).toEqual([]);
    const sizes = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]";
    expect(await page.evaluate(sizes)).toEqual([1440, 900]);
    await page.reload();
    await hears(page, "telegram", /ErgoMax specifications/);
    await isSarahs(page, ["web", "whatsapp", "telegram"]);
    await page.context().close();
  });

  it("keeps somebody else apart", async () => {
    const page = await visit();
    await phone(page, "whatsapp").getByRole("button", { name: "Change" }).click();
    await phone(page, "whatsapp").getByRole("button", { name: "Tom" }).click();
    await phone(page, "whatsapp").getByRole("button", { name: "What is your return policy?" }).click();
    await hears(page, "whatsapp", /30 days/);
    await expect.poll(() => panel(page).getByRole("heading", { level: 2 }).innerText()).toBe("Tom");
    expect(await panel(page).innerText()).not.toContain("ErgoMax");
    expect(await phone(page, "whatsapp").innerText()).not.toContain("Sarah");
    await page.context().close();
  });

  it("says what was wrong with a handle, and loses no words", async () => {
    const page = await visit();
    const telegram = phone(page, "telegram");
    await telegram.getByRole("button", { name: "Change" }).click();
    await telegram.getByLabel("Handle").fill("bob");
    await telegram.getByRole("button", { name: "Use this phone" }).click();
    await telegram.getByLabel("Message on Telegram", { exact: true }).fill("hello there");
    await telegram.getByRole("button", { name: "Send on Telegram" }).click();
    await telegram.getByRole("alert").filter({ hasText: "a Telegram handle is a user id" }).waitFor();
    expect(await telegram.getByRole("textbox", { name: /^Message on/ }).inputValue()).toBe("hello there");
    // The browser itself reports refused requests; this one was meant.
    const meant = complaints.splice(0).filter((text) => !text.includes("400 (Bad Request)"));
    expect(meant).toEqual([]);
    await page.context().close();
  });

  it("replays the journey at a button, once at a time", async () => {
    const page = await visit({ colorScheme: "dark" });
    const replay = page.getByRole("button", { name: "Replay the journey" });
    await replay.click();
    await page.getByRole("progressbar", { name: "The journey" }).waitFor();
    expect(await page.getByRole("button", { name: /^Playing \d+ of \d+/ }).isDisabled()).toBe(true);
    expect(await page.getByLabel("Story").isDisabled()).toBe(true);
    await page.getByText("One customer, one conversation").waitFor({ timeout: 60_000 });
    await hears(page, "web", /ErgoDesk mat at \$39/);
    await hears(page, "telegram", /SP\d{10}US/);
    await hears(page, "whatsapp", /purchase link/);
    await isSarahs(page, ["web", "whatsapp", "telegram"]);
    expect(await violations(page)).toEqual([]);
    await page.context().close();
  });

  it("replays the lost parcel: a photo comes in, and a person answers it", async () => {
    const page = await visit();
    await page
      .getByLabel("Story")
      .selectOption({ label: "A lost parcel: Discord, e-mail by staff, a photo on WhatsApp" });
    await page.getByRole("button", { name: "Replay the journey" }).click();
    await page.getByText("One customer, one conversation").waitFor({ timeout: 60_000 });
    await hears(page, "email", /photo of the place/);
    await hears(page, "whatsapp", /A new chair leaves our warehouse today/);
    const photo = phone(page, "whatsapp").getByRole("img", { name: "front-door.jpg" });
    await photo.scrollIntoViewIfNeeded();
    expect(await photo.evaluate((image): unknown => Reflect.get(image, "naturalWidth"))).toBe(480);
    await expect.poll(() => panel(page).innerText()).toMatch(/Staff/);
    expect(await violations(page)).toEqual([]);
    await page.context().close();
  });

  it("goes to a room where everybody reads, and hands a file over", async () => {
    const page = await visit();
    const discord = phone(page, "discord");
    await page.getByRole("navigation", { name: "Phones" }).getByRole("button", { name: "Discord" }).click();
    await discord.getByRole("group", { name: "Places on Discord" }).getByRole("button", { name: "#support" }).click();
    await say(page, "discord", "Where is my order?");
    await hears(page, "discord", /where others read along/);
    await discord.getByRole("button", { name: "Direct" }).click();
    await discord.locator(".bubble-said").filter({ hasText: "Where is my order?" }).waitFor({ state: "detached" });

    const file = { name: "chair.jpg", mimeType: picture.mime, buffer: picture.data };
    await phone(page, "telegram").locator("input[type=file]").setInputFiles(file);
    await phone(page, "telegram").getByRole("img", { name: "chair.jpg" }).waitFor();
    await expect.poll(() => panel(page).innerText()).toContain("[image");
    expect(await violations(page)).toEqual([]);
    await page.context().close();
  });

  it("becomes tabs on a narrow screen, and can be used by keyboard alone", async () => {
    const page = await visit({ viewport: { width: 390, height: 800 }, reducedMotion: "reduce" });
    expect(await page.locator("section.phone").count()).toBe(1);
    const first = page.getByRole("tab").first();
    await first.focus();
    const second = page.getByRole("tab", { selected: true });
    for (let presses = 0; presses < 10 && (await second.innerText()) !== "Telegram"; presses++) {
      await page.keyboard.press("ArrowRight");
    }
    expect(await second.innerText()).toBe("Telegram");
    expect(await second.evaluate((tab) => tab === tab.ownerDocument.activeElement)).toBe(true);
    // Tab on until the field; every stop must be visible.
    for (let stops = 0; stops < 30; stops++) {
      await page.keyboard.press("Tab");
      const focus = z.object({ name: z.string().nullable(), outline: z.string() }).parse(
        await page.evaluate(`(() => {
          const at = document.activeElement;
          const track = at.matches(".switch input") ? at.nextElementSibling : at;
          return { name: at.getAttribute("aria-label"), outline: getComputedStyle(track).outlineStyle };
        })()`),
      );
      expect(focus.outline).not.toBe("none");
      if (focus.name === "Message on Telegram") break;
    }
    await page.keyboard.type("What is your return policy?");
    await page.keyboard.press("Enter");
    await hears(page, "telegram", /30 days/);
    const width = await page.evaluate("document.documentElement.scrollWidth");
    expect(width).toBeLessThanOrEqual(390);
    expect(await violations(page)).toEqual([]);
    await first.focus();
    await page.keyboard.press("End");
    await panel(page).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.context().close();
  });

  it("allows no foreign frame, script or style, and complains of nothing", async () => {
    const answer = await play.ask("");
    const policy = String(answer.headers["content-security-policy"]);
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "frame-ancestors 'none'",
    ]) {
      expect(policy).toContain(rule);
    }
    expect(policy).not.toContain("unsafe");
    expect(answer.headers["cache-control"]).toBe("no-cache");
    const script = /src="\/playground(\/assets\/[^"]+\.js)"/.exec(String(answer.body))?.[1] ?? "";
    expect((await play.ask(script)).headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    expect((await play.ask("/assets/gone.js")).status).toBe(404);
    expect((await play.ask("/assets/..%2findex.html")).status).toBeGreaterThanOrEqual(400);
    expect(complaints).toEqual([]);
  });

  it("says so when the hub is away", async () => {
    const page = await visit();
    await play.hangUp();
    await page.getByRole("alert").filter({ hasText: "Reconnecting" }).waitFor();
    expect(await page.getByRole("button", { name: "Replay the journey" }).isDisabled()).toBe(true);
    await page.context().close();
  });
});
