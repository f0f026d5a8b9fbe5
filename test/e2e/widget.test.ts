import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import jwt from "jsonwebtoken";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { OutboundContent } from "../../adapters/contract/index.ts";
import type { Generator } from "../../apps/core/reply/generator.ts";
import { chromiumAvailable, chromiumReason, openChromium, violations } from "../support/chromium.ts";
import { samplesOf } from "../support/samples.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { repeating, saidIn, startTestHub, type TestHub } from "../support/hub.ts";

const root = path.join(import.meta.dirname, "../..");
const KEY = "a secret that the shop shares with its hub";
const AUDIENCE = "garden-shop";
const LIVE = { pollMs: 500 };

/** A network that is down is reported by the browser itself; these tests mean it. */
const NO_HUB = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|WebSocket connection to/;

/** Awaits what a page comes to show, on a busy machine too. */
const soon = <T>(probe: () => T | Promise<T>) => expect.poll(probe, { timeout: 20_000 });

const MENU: OutboundContent[] = [
  { text: "We have spades of every kind.", link: { url: "https://shop.example/spades", title: "All spades" } },
  {
    text: "Our **best** ones, see [the guide](https://shop.example/guide).",
    format: "light",
    list: {
      label: "Choose a spade",
      sections: [
        {
          title: "Spades",
          rows: [
            { id: "short", title: "Short", description: "60 cm" },
            { id: "long", title: "Long" },
          ],
        },
      ],
    },
  },
];

/** Says back what was asked; offers answers to choose from; thinks about "slow" questions until it is let go. */
function thinking(): { generator: Generator; letGo: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const generate: Generator["generate"] = async (context, options) => {
    const said = saidIn(context);
    if (said.includes("slow")) await promise;
    if (said.includes("menu")) return { messages: MENU, because: ["menu"] };
    if (!said.includes("offer")) return repeating.generate(context, options);
    const buttons = ["Thanks", "When will it arrive?"].map((title, i) => ({ id: `offer-${i}`, title }));
    return { messages: [{ text: "See https://post.example/track/1042 for it.", buttons }], because: ["offers"] };
  };
  return { generator: { name: "thinking", generate }, letGo: resolve };
}

/** A shop whose pages carry the widget, and forbid everything else. */
async function openShop(hubUrl: () => string, account: () => string) {
  const server = createServer((request, response) => {
    if (request.url === "/favicon.ico") return void response.writeHead(204).end();
    const socket = hubUrl().replace(/^http/, "ws");
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.setHeader(
      "content-security-policy",
      `default-src 'none'; script-src ${hubUrl()}; img-src ${hubUrl()}; connect-src ${hubUrl()} ${socket}`,
    );
    response.end(`<!doctype html><html lang="en"><head><title>Garden shop</title>
      <meta name="viewport" content="width=device-width, initial-scale=1"></head>
      <body><main><h1>Garden shop</h1><p>Spades, seeds and sensible shoes. <a href="/spades">To the spades</a></p></main>
      <script src="${hubUrl()}/widget.js" data-account="${account()}" async></script></body></html>`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the shop's page has no port");
  return {
    port: address.port,
    origin: `http://127.0.0.1:${address.port}`,
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

describe.skipIf(!chromiumAvailable)(`the widget on a page${chromiumAvailable ? "" : ` (${chromiumReason})`}`, () => {
  let hub: TestHub;
  let gateway: TestGateway;
  let port: number;
  let account: string;
  let shop: Awaited<ReturnType<typeof openShop>>;
  let browser: Browser;
  const { generator, letGo } = thinking();
  const dist = mkdtempSync(path.join(tmpdir(), "throughline-widget-"));
  const widgetFile = path.join(dist, "widget.js");

  beforeAll(async () => {
    const args = ["build", "--logLevel", "warn", "--outDir", dist, "-c", path.join(root, "apps/widget/vite.config.ts")];
    const built = spawnSync(path.join(root, "node_modules/.bin/vite"), args, { encoding: "utf8" });
    if (built.status !== 0) throw new Error(`the widget can't be built: ${built.stderr}`);
    hub = await startTestHub({ generator });
    gateway = await startTestGateway(hub, LIVE, { widgetFile });
    port = Number(new URL(gateway.url).port);
    shop = await openShop(
      () => gateway.url,
      () => account,
    );
    const settings = {
      keys: [{ kid: "shop", algorithm: "HS256", secret: KEY }],
      audience: AUDIENCE,
      sessionSecret: "signs the sessions of this widget",
      allowedOrigins: [shop.origin],
    };
    const answer = await gateway.call("POST", "/v1/channel-accounts", { channel: "web", name: "Shop", settings });
    account = z.object({ id: z.string() }).parse(answer.body).id;
    browser = await openChromium();
  });
  afterAll(async () => {
    letGo();
    await browser?.close();
    await shop?.close();
    await gateway?.close();
    await hub?.stop();
    rmSync(dist, { recursive: true, force: true });
  });

  async function comeBack(): Promise<void> {
    gateway = await startTestGateway(hub, LIVE, { port, widgetFile });
  }

  /** What each page would show in red to a person with the console open. */
  const complaints = new Map<Page, string[]>();

  async function visit(options: BrowserContextOptions = {}, origin = shop.origin): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 900, height: 760 }, ...options });
    const page = await context.newPage();
    const heard: string[] = [];
    complaints.set(page, heard);
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") heard.push(message.text());
    });
    page.on("pageerror", (error) => heard.push(String(error)));
    await page.goto(origin);
    await launcher(page).waitFor();
    return page;
  }

  /** Ends a visit, in which nothing but this may have been complained of. */
  async function leave(page: Page, meant?: RegExp): Promise<void> {
    const unmeant = (complaints.get(page) ?? []).filter((text) => !(meant?.test(text) ?? false));
    await page.context().close();
    expect(unmeant).toEqual([]);
  }

  const launcher = (page: Page) => page.getByRole("button", { name: /^(Open|Close) chat/, expanded: false });
  const panel = (page: Page) => page.getByRole("dialog", { name: "Chat with us" });
  const log = (page: Page) => page.getByRole("log", { name: "Messages" });
  const field = (page: Page) => page.getByRole("textbox", { name: "Your message" });
  const notice = (page: Page) => panel(page).locator(".notice");
  const bubbles = (page: Page) => log(page).locator(".bubble").allInnerTexts();
  const withStatus = (page: Page, status: string) => log(page).locator(`[data-status="${status}"]`);

  /** The page shows exactly these messages, in this order. */
  const shows = (page: Page, texts: string[]) => soon(() => bubbles(page)).toEqual(texts);

  async function say(page: Page, text: string): Promise<void> {
    await field(page).fill(text);
    await field(page).press("Enter");
  }

  /** What has the focus, through shadow trees: its tag and accessible name. */
  function focus(page: Page): Promise<unknown> {
    return page.evaluate(`(() => {
        let at = document.activeElement;
        while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
        return at === null ? "nothing" : at.tagName.toLowerCase() + " " + (at.getAttribute("aria-label") ?? at.id);
      })()`);
  }

  /** The identifier of the session that this browser keeps. */
  async function sessionOf(page: Page) {
    const kept = z
      .object({ session: z.string() })
      .parse(await page.evaluate(`JSON.parse(localStorage.getItem("throughline:${account}"))`));
    return { type: "web", value: z.object({ sid: z.string() }).parse(jwt.decode(kept.session)).sid };
  }

  /** What is stored of somebody's messages, oldest first. */
  async function timeline(identifier: { type: string; value: string }): Promise<string[]> {
    const entries = await hub.timeline(await hub.refOf(identifier));
    return entries
      .filter(({ kind }) => kind !== "system")
      .map(({ text }) => text)
      .reverse();
  }

  function tokenOf(sub: string, name: string): string {
    return jwt.sign({ sub, name, aud: AUDIENCE }, KEY, { algorithm: "HS256", keyid: "shop", expiresIn: "5m" });
  }

  it("sends a picture and shows it, also after a reload; refuses what is too large", async () => {
    const page = await visit();
    await launcher(page).click();
    await panel(page).getByRole("button", { name: "Attach a file" }).waitFor();
    const [picture] = samplesOf("image");
    await field(page).fill("My spade");
    const picker = panel(page).locator("input[type=file]");
    await picker.setInputFiles({ name: "spade.jpg", mimeType: picture.mime, buffer: picture.data });
    const shown = log(page).getByRole("img", { name: "spade.jpg" });
    await shown.waitFor();
    await soon(() => shown.evaluate((image): unknown => Reflect.get(image, "naturalWidth"))).toBeGreaterThan(0);
    await soon(() => bubbles(page)).toEqual(["My spade", expect.stringContaining("You said:")]);
    expect(await field(page).inputValue()).toBe("");
    expect(await violations(page)).toEqual([]);

    await picker.setInputFiles({
      name: "big.bin",
      mimeType: "application/zip",
      buffer: Buffer.alloc(10 * 1024 * 1024 + 1),
    });
    await panel(page).getByText("Files may have up to 10 MB.").waitFor();
    await page.reload();
    await launcher(page).click();
    await log(page).getByRole("img", { name: "spade.jpg" }).waitFor();
    await leave(page);
  });

  it("lets a customer who is signed in choose where else they are answered", async () => {
    const page = await visit();
    await launcher(page).click();
    expect(await panel(page).getByLabel("When I'm away, also answer by").isVisible()).toBe(false);
    await page.evaluate(`Throughline.identify(${JSON.stringify(tokenOf("follows", "Fay"))})`);
    const choice = panel(page).getByLabel("When I'm away, also answer by");
    await choice.waitFor();
    await say(page, "hello there");
    await soon(() => bubbles(page)).toContain("You said: hello there");
    await choice.selectOption({ label: "e-mail" });
    const wished = async () => {
      const rows = await hub.sql<{ follow_up: string }>(
        "SELECT follow_up FROM thread_cursor WHERE follow_up IS NOT NULL",
      );
      return rows.map((row) => row.follow_up);
    };
    await soon(wished).toEqual(["email"]);
    expect(await violations(page)).toEqual([]);
    await choice.selectOption("");
    await soon(wished).toEqual([]);
    await leave(page);
  });

  it("shows formatting, a link and a list to choose from", async () => {
    const page = await visit();
    await launcher(page).click();
    await say(page, "the menu, please");
    const best = log(page).locator("strong").filter({ hasText: "best" });
    await best.waitFor();
    expect(await log(page).getByRole("link", { name: "the guide" }).getAttribute("href")).toBe(
      "https://shop.example/guide",
    );
    const all = log(page).getByRole("link", { name: "All spades" });
    expect(await all.getAttribute("href")).toBe("https://shop.example/spades");
    expect(await all.getAttribute("rel")).toContain("noopener");
    await log(page).getByText("Choose a spade").click();
    expect(await violations(page)).toEqual([]);
    await log(page).getByRole("button", { name: /^Long/ }).click();
    await soon(() => bubbles(page)).toContain("Long");
    await soon(() => bubbles(page)).toContain("You said: Long");
    await leave(page);
  });

  it("can be opened, written in and closed by keyboard, and keeps the conversation over a reload", async () => {
    const page = await visit();
    let sockets = 0;
    page.on("websocket", () => sockets++);
    expect(sockets).toBe(0);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    expect(await focus(page)).toBe("button Open chat");
    await page.keyboard.press("Enter");
    await panel(page).waitFor();
    expect(await focus(page)).toBe("textarea message");
    expect(await log(page).getAttribute("aria-live")).toBe("polite");
    expect(await log(page).innerText()).toContain("Hello! Write to us here.");

    await page.keyboard.type("Is my spade");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("on its way? <b>1042</b>");
    await page.keyboard.press("Enter");
    const first = "Is my spade\non its way? <b>1042</b>";
    await shows(page, [first, `You said: ${first}`]);
    expect(await log(page).getByRole("listitem").allInnerTexts()).toEqual([
      expect.stringContaining("You:"),
      expect.stringContaining("Support:"),
    ]);
    expect(sockets).toBe(1);
    expect(await field(page).inputValue()).toBe("");

    await page.keyboard.type("offer");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "When will it arrive?" }).focus();
    await page.keyboard.press("Enter");
    const all = [first, `You said: ${first}`, "offer", "See https://post.example/track/1042 for it."];
    all.push("When will it arrive?", "You said: When will it arrive?");
    await shows(page, all);
    expect(await focus(page)).toBe("textarea message");
    expect(await page.getByRole("link", { name: "https://post.example/track/1042" }).count()).toBe(1);

    await page.keyboard.press("Escape");
    expect(await panel(page).isVisible()).toBe(false);
    expect(await focus(page)).toBe("button Open chat");

    await page.reload();
    await launcher(page).focus();
    await page.keyboard.press("Enter");
    await shows(page, all);
    await say(page, "still here");
    await shows(page, [...all, "still here", "You said: still here"]);
    expect(await timeline(await sessionOf(page))).toEqual(await bubbles(page));
    await leave(page);
  });

  it("loses and doubles nothing while the gateway is away", async () => {
    const page = await visit();
    await launcher(page).click();
    await say(page, "hello");
    await shows(page, ["hello", "You said: hello"]);
    await say(page, "a slow question");
    await soon(() => hub.contexts.some((context) => saidIn(context).includes("slow"))).toBe(true);

    await gateway.close();
    await soon(() => notice(page).innerText()).toContain("No connection");
    await say(page, "written offline");
    await say(page, "and this too");
    await soon(() => withStatus(page, "waiting").count()).toBe(2);
    // Answered while nobody could be told.
    letGo();
    const visitor = await sessionOf(page);
    const before = ["hello", "You said: hello", "a slow question", "You said: a slow question"];
    await soon(() => timeline(visitor)).toEqual(before);
    await hub.settled();
    expect(await bubbles(page)).toEqual([...before.slice(0, 3), "written offline", "and this too"]);

    await comeBack();
    await soon(() => withStatus(page, "waiting").count()).toBe(0);
    await soon(() => notice(page).isVisible()).toBe(false);
    await expect.poll(async () => (await bubbles(page)).at(-1)).toMatch(/You said: .*and this too/);
    await hub.settled();
    const said = ["hello", "a slow question", "written offline", "and this too"];
    const shown = await bubbles(page);
    expect(shown.slice(0, 4)).toEqual(before);
    expect(shown.filter((text) => !text.startsWith("You said"))).toEqual(said);
    const answered = shown.filter((text) => text.startsWith("You said: ")).map((text) => text.slice(10));
    expect(answered.flatMap((text) => text.split(" | "))).toEqual(said);
    expect(await timeline(visitor)).toEqual(shown);

    // Gone once more, and the page is left before the hub could have acknowledged anything.
    await gateway.close();
    await soon(() => notice(page).isVisible()).toBe(true);
    await say(page, "kept over a reload");
    await soon(() => withStatus(page, "waiting").count()).toBe(1);
    await comeBack();
    await page.reload();
    await launcher(page).click();
    const end = [...shown, "kept over a reload", "You said: kept over a reload"];
    await shows(page, end);
    await hub.settled();
    expect(await timeline(visitor)).toEqual(end);
    expect(await bubbles(page)).toEqual(end);
    await leave(page, NO_HUB);
  });

  it("shows and stores a message once whose acknowledgement was lost with the line", async () => {
    const page = await visit();
    let lost = 0;
    await page.routeWebSocket(/\/live\//, (line) => {
      const server = line.connectToServer();
      server.onMessage((packet) => {
        // socket.io's acknowledgement: https://socket.io/docs/v4/socket-io-protocol/#packet-encoding
        if (lost > 0 || !packet.toString().startsWith("43/")) return line.send(packet);
        lost++;
        void line.close();
        void server.close();
      });
    });
    // Lines are led that way from the next document on.
    await page.reload();
    await launcher(page).click();
    await say(page, "did you get this?");
    await soon(() => lost).toBe(1);
    await say(page, "and this?");
    await soon(() => withStatus(page, "sent").count()).toBeGreaterThanOrEqual(4);
    await hub.settled();
    const shown = await bubbles(page);
    expect(shown.filter((text) => !text.startsWith("You said"))).toEqual(["did you get this?", "and this?"]);
    expect(new Set(shown).size).toBe(shown.length);
    expect(await timeline(await sessionOf(page))).toEqual(shown);
    await leave(page);
  });

  it("keeps the conversation at sign-in, and shows nothing of it after sign-out", async () => {
    const page = await visit();
    await launcher(page).click();
    await say(page, "who am I?");
    const anonymous = ["who am I?", "You said: who am I?"];
    await shows(page, anonymous);
    const session = await sessionOf(page);
    const nameless = await hub.profileOf(session);
    expect(nameless).toBeDefined();

    const sarah = { type: "external", value: "sarah-7" };
    await page.evaluate(`Throughline.identify(${JSON.stringify(tokenOf(sarah.value, "Sarah"))})`);
    await soon(() => hub.profileOf(sarah)).toBeDefined();
    await hub.settled();
    expect(await hub.profileOf(session)).toBe(await hub.profileOf(sarah));
    await say(page, "I am Sarah");
    const all = [...anonymous, "I am Sarah", "You said: I am Sarah"];
    await shows(page, all);
    expect(await timeline(sarah)).toEqual(all);
    const { body } = await gateway.call("GET", `/v1/profiles/${await hub.refOf(sarah)}`);
    expect(JSON.stringify(body)).toContain("Sarah");
    await page.reload();
    await launcher(page).click();
    await shows(page, all);

    const other = await page.context().newPage();
    await other.goto(shop.origin);
    await launcher(other).click();
    await shows(other, all);
    await page.evaluate("Throughline.signOut()");
    await shows(page, []);
    await shows(other, []);
    await other.close();
    await say(page, "somebody else at this computer");
    const fresh = ["somebody else at this computer", "You said: somebody else at this computer"];
    await shows(page, fresh);
    await hub.settled();
    const stranger = await sessionOf(page);
    expect(stranger).not.toEqual(session);
    expect(await hub.profileOf(stranger)).not.toBe(await hub.profileOf(sarah));
    expect(await timeline(stranger)).toEqual(fresh);
    expect(await timeline(sarah)).toEqual(all);
    await page.reload();
    await launcher(page).click();
    await shows(page, fresh);
    await leave(page);
  });

  it("says on a page that may not carry it that there is no chat, and stores nothing", async () => {
    const rows = () =>
      hub.sql(`SELECT (SELECT count(*) FROM message) AS messages, (SELECT count(*) FROM thread) AS threads,
          (SELECT count(*) FROM identifier) AS identifiers, (SELECT count(*) FROM receipt) AS receipts,
          (SELECT count(*) FROM adapter_state) AS states`);
    const before = await rows();
    const page = await visit({}, `http://localhost:${shop.port}`);
    await launcher(page).press("Enter");
    await soon(() => notice(page).innerText()).toBe("The chat is not available on this page.");
    expect(await notice(page).getAttribute("role")).toBe("status");
    await page.keyboard.type("anybody there?");
    await page.keyboard.press("Enter");
    expect(await bubbles(page)).toEqual([]);
    expect(await page.getByRole("button", { name: "Send" }).isDisabled()).toBe(true);
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    expect(await panel(page).isVisible()).toBe(false);
    expect(await focus(page)).toBe("button Open chat");
    await hub.settled();
    expect(await rows()).toEqual(before);
    await leave(page);
  });

  it.each<[string, BrowserContextOptions]>([
    ["in light colours", { colorScheme: "light" }],
    ["in dark colours", { colorScheme: "dark" }],
    ["on a screen 360 pixels wide", { viewport: { width: 360, height: 640 }, reducedMotion: "reduce" }],
  ])("has no serious accessibility violation %s", async (_where, options) => {
    const page = await visit(options);
    expect(await violations(page)).toEqual([]);
    await launcher(page).click();
    expect(await violations(page)).toEqual([]);
    await say(page, "an offer, please");
    await page.getByRole("button", { name: "When will it arrive?" }).waitFor();
    await field(page).fill("x".repeat(4_001));
    await panel(page).getByText("1 character too long").waitFor();
    expect(await violations(page)).toEqual([]);
    await field(page).fill("");
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    // On a narrow screen the page lies behind, so Tab goes round in the panel.
    if (options.viewport) {
      for (let stops = 0; stops < 12; stops++) {
        await page.keyboard.press("Tab");
        expect(await page.evaluate("document.activeElement.tagName")).toBe("THROUGHLINE-WIDGET");
      }
    }
    await leave(page);
  });
});
