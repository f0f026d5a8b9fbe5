import type { Server } from "node:http";
import type { Express } from "express";
import type { Parts } from "../core/parts.ts";
import type { Config } from "../core/platform/config.ts";
import { playgroundApi } from "./api.ts";
import { openCustomers } from "./customers.ts";
import { openDesk } from "./desk.ts";
import { openEvents } from "./events.ts";
import { ownPagesOnly } from "./guard.ts";
import { openJourney } from "./journey.ts";
import { playgroundPage } from "./page.ts";
import { openPhones } from "./phones.ts";

export { playgroundWanted } from "./wanted.ts";

/** The playground: simulated phones of every channel, a page to use them, and an API for scripts. */
export interface Playground {
  /** Adds its routes to the gateway's. */
  mount(app: Express, server: Server): void;
  /** Starts the simulators and wires their accounts, once the gateway listens. */
  start(gatewayUrl: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Opens the playground of a hub.
 * @param options.readingMs how long the journey leaves an answer to be read
 * @param options.dist where the built page is
 */
export function openPlayground(
  hub: { parts: Parts },
  config: Pick<Config, "host">,
  options: { readingMs?: number; dist?: string } = {},
): Playground {
  const events = openEvents();
  const phones = openPhones(hub.parts, (screen) => events.send({ type: "screen", ...screen }));
  const customers = openCustomers(hub.parts, phones);
  const journey = openJourney({
    phones,
    customers,
    desk: openDesk(hub.parts),
    onChange: (state) => events.send({ type: "journey", journey: state }),
    ...(options.readingMs === undefined ? {} : { readingMs: options.readingMs }),
  });
  let listening: Server | undefined;
  let unsubscribe: (() => void) | undefined;
  return {
    mount(app, server) {
      listening = server;
      app.use("/playground", ownPagesOnly);
      app.use("/playground/api", playgroundApi({ phones, customers, journey, events }));
      app.use("/playground", playgroundPage(options.dist));
    },
    async start(gatewayUrl) {
      unsubscribe = hub.parts.live.subscribe(() => events.send({ type: "changed" }));
      // The simulators are on this machine: what they have to deliver takes no way around by a public address.
      await phones.start(localUrl(listening, config.host) ?? gatewayUrl);
    },
    async stop() {
      unsubscribe?.();
      journey.stop();
      events.close();
      await phones.stop();
    },
  };
}

function localUrl(server: Server | undefined, host: string): string | undefined {
  const address = server?.address();
  if (address === null || address === undefined || typeof address === "string") return undefined;
  return `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
}
