import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import path from "node:path";
import express, { type Express } from "express";
import { z } from "zod";
import { findActor } from "../core/access/api-keys.ts";
import { publicUrlOf, type Config } from "../core/platform/config.ts";
import { pendingMigrations } from "../core/platform/migrate.ts";
import { StartError } from "../core/platform/start-error.ts";
import { handlers } from "./handlers/index.ts";
import { bearerAuthorisation } from "./http/auth.ts";
import { api } from "./http/bind.ts";
import { problems, unknownPath } from "./http/problem.ts";
import { secure } from "./http/security.ts";
import { storedIdempotency } from "./idempotency.ts";
import { openLiveServer, type LiveOptions } from "./live/server.ts";
import type { GatewayHub, GatewayParts } from "./parts.ts";
import { NotReadyError, statusPages } from "./status.ts";
import { mediaLinks } from "./media.ts";
import { webhooks } from "./webhooks.ts";
import { widget } from "./widget.ts";

/** Adds routes of its own before unknown paths are answered. */
export type Mount = (app: Express, server: Server, url: string) => void;

/** How the gateway is started. */
export interface GatewayOptions {
  config: Config;
  /** The playground's routes and sockets, where it is on. */
  playground?: Mount | undefined;
  live?: LiveOptions;
  /** The widget's bundle, where it isn't the one that was built at installation. */
  widgetFile?: string | undefined;
}

/** A gateway that listens. */
export interface Gateway {
  /** Where it is reached, without a slash at its end. */
  url: string;
  /** Takes nothing new, finishes what is under way (8 s at most), and closes. */
  close(): Promise<void>;
}

/** Wrong keys an address may try in a window. */
const WRONG_KEYS = { limit: 20, windowMs: 60_000 };
const DRAIN_MS = 8_000;
/** A request that is not here wholly by then is given up: slow senders must not hold connections. Milliseconds. */
const REQUEST_MS = 30_000;

/**
 * Starts the gateway: the API, the providers' doors, the live sockets, the widget and the status pages.
 * @throws {StartError} when it can't listen
 */
export async function startGateway(hub: GatewayHub, options: GatewayOptions): Promise<Gateway> {
  const { config } = options;
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS / 2 });
  const port = await listen(server, config);
  const url = publicUrlOf(config, port);
  const parts = partsOf(hub, config, url);
  // The app first: sockets take their own paths from the handlers that they find.
  const app = express();
  server.on("request", app);
  const live = openLiveServer(server, parts, options.live);
  furnish(app, parts, {
    playground: options.playground && ((to) => options.playground?.(to, server, url)),
    widgetFile: options.widgetFile,
  });
  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    const closed = once(server, "close");
    server.close();
    server.closeIdleConnections();
    const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    await live.close();
    await closed;
    clearTimeout(cut);
  }
  return { url, close: () => (closing ??= close()) };
}

function partsOf(hub: GatewayHub, config: Config, publicUrl: string): GatewayParts {
  return {
    ...hub.parts,
    ingest: hub.ingest,
    patience: { quietMs: config.replyQuietMs, maxWaitMs: config.replyMaxWaitMs },
    exposure: { publicUrl, trustProxy: config.trustProxy },
    version: versionOfPackage(),
    checks: {
      database: async () => {
        await hub.parts.db.pool.query("SELECT 1");
      },
      migrations: async () => {
        const missing = await pendingMigrations(hub.parts.db.pool);
        if (missing.length > 0) throw new NotReadyError(`not applied: ${missing.join(", ")}`);
      },
      queue: () => hub.queues.check(),
    },
  };
}

/** The routes, in the order in which they are tried. */
function furnish(
  app: Express,
  parts: GatewayParts,
  { playground, widgetFile }: { playground: ((app: Express) => void) | undefined; widgetFile: string | undefined },
): void {
  const { log, exposure } = parts;
  secure(app, exposure);
  app.use(statusPages(parts));
  app.use(
    api({
      handlers: handlers(parts),
      authorise: bearerAuthorisation((key) => findActor(parts.db, key), WRONG_KEYS),
      idempotency: storedIdempotency(parts),
      installation: { publicUrl: exposure.publicUrl, version: parts.version },
      fileLimit: parts.media.maxBytes,
    }),
  );
  app.use(mediaLinks(parts));
  app.use(webhooks(parts));
  app.use(widget(widgetFile));
  app.get("/", (_request, response) => {
    if (playground) response.redirect("/playground");
    else response.type("text/plain").send("Throughline is running. The API: /v1/openapi.json\n");
  });
  playground?.(app);
  app.use(unknownPath);
  app.use(problems(log));
}

async function listen(server: Server, { host, port }: Config): Promise<number> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const why: Record<string, string> = {
      EADDRINUSE: `port ${port} on ${host} is taken: stop what uses it, or set PORT to another one`,
      EACCES: `port ${port} may not be used by this user: set PORT to one above 1023`,
      EADDRNOTAVAIL: `this machine has no address ${host}: set HOST`,
      ENOTFOUND: `${host} is not known: set HOST to an address of this machine`,
    };
    throw new StartError(why[code] ?? `can't listen on ${host}:${port} (${code}): set HOST and PORT`);
  }
  const address = server.address();
  if (address === null || typeof address === "string") throw new StartError(`can't listen on ${host}:${port}`);
  return address.port;
}

function versionOfPackage(): string {
  const file = path.join(import.meta.dirname, "../../package.json");
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(file, "utf8"))).version;
}
