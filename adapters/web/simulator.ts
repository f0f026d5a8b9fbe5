import { randomBytes } from "node:crypto";
import type { Simulator, SimulatorFactory } from "../contract/index.ts";
import { openBrowser, type Browser, type HostPage } from "./simulated-browser.ts";

const ORIGIN = "http://shop.localhost";

/** Browsers that visit a shop with the widget on it, and the shop's server that signs its customers' tokens. */
export const simulator: SimulatorFactory = {
  device: "browser",
  handles: [
    {
      handle: "sarah-laptop",
      name: "Sarah",
      claims: {
        sub: "shop-1001",
        name: "Sarah",
        email: "sarah@example.com",
        email_verified: true,
        phone_number: "+14155550123",
        phone_number_verified: true,
      },
    },
    {
      handle: "tom-phone",
      name: "Tom",
      claims: { sub: "shop-1002", name: "Tom", email: "tom@example.com", email_verified: true },
    },
  ],
  // Nothing listens here: the browsers are clients of the hub.
  async start(): Promise<Simulator> {
    const page: HostPage = {
      origin: ORIGIN,
      audience: "throughline-playground",
      kid: "shop",
      secret: randomBytes(32).toString("base64url"),
    };
    const browsers = new Map<string, Browser>();
    const listeners: Parameters<Simulator["onHeard"]>[0][] = [];
    let liveUrl: string | undefined;

    function browser(as: string): Browser {
      if (liveUrl === undefined) throw new Error("attach the simulator to a hub before anyone says something");
      const open =
        browsers.get(as) ??
        openBrowser({ as, page, liveUrl, onHeard: (heard) => listeners.forEach((listener) => listener(as, heard)) });
      browsers.set(as, open);
      return open;
    }

    return {
      settings: {
        keys: [{ kid: page.kid, algorithm: "HS256", secret: page.secret }],
        audience: page.audience,
        sessionSecret: randomBytes(32).toString("base64url"),
        allowedOrigins: [ORIGIN],
        pageUrl: `${ORIGIN}/`,
      },
      attach(hub) {
        liveUrl = hub.liveUrl;
      },
      say: (input) => browser(input.as).say(input),
      press: ({ as, message, button }) => browser(as).press({ message, button }),
      sends: ["image", "audio", "video", "document"],
      heard: (as) => browsers.get(as)?.heard() ?? [],
      onHeard: (listener) => void listeners.push(listener),
      failNext(kind, count = 1) {
        // The hub calls nobody here; what can fail is the line to a browser, after a message has left.
        if (kind !== "unknown") throw new Error(`the web channel has no provider that could answer "${kind}"`);
        page.lostAnswers = count;
      },
      identifier: (as) => browsers.get(as)?.identifier(),
      async stop() {
        for (const open of browsers.values()) open.close();
        browsers.clear();
      },
    };
  },
};
