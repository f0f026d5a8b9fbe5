import { randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { z } from "zod";
import { readConfig } from "../../apps/core/platform/config.ts";
import { startGateway } from "../../apps/gateway/server.ts";
import { openGenerator } from "../../apps/generator.ts";
import { openPlayground, type Playground } from "../../apps/playground/playground.ts";
import { openHub, type Hub } from "../../apps/start.ts";
import { startWorker } from "../../apps/worker/worker.ts";
import { createDatabase } from "./postgres.ts";

/** What was answered; `body` is parsed JSON where it is JSON, else text. */
export interface Answer {
  status: number;
  type: string;
  headers: Record<string, string | string[] | undefined>;
  body: unknown;
}

/** How a request differs from that of an ordinary program on this machine. */
export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Everything of `npm start` in this process: hub, worker with the demo shop's rules, gateway, playground. */
export interface TestPlayground {
  /** Of the hub, without a slash at its end. */
  url: string;
  hub: Hub;
  playground: Playground;
  /** Asks the control API, or another path below `/playground`. */
  ask(path: string, ask?: Ask): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  /** What a customer heard, waiting until there are so many. @throws Error after 15 s */
  hears(channel: string, as: string, count: number): Promise<string[]>;
  /** The gateway goes away, the rest stays. */
  hangUp(): Promise<void>;
  close(): Promise<void>;
}

const heardAnswer = z.object({
  items: z.array(
    z.object({ id: z.string(), text: z.string(), at: z.iso.datetime(), prompt: z.literal(true).optional() }),
  ),
});

/** Starts it on a free port of 127.0.0.1, on databases of its own. */
export async function startPlayground(options: { readingMs?: number; dist?: string } = {}): Promise<TestPlayground> {
  const database = await createDatabase();
  const config = readConfig({
    DATABASE_URL: database.url,
    KEYSTORE_URL: database.keystoreUrl,
    MASTER_KEY: randomBytes(32).toString("base64"),
    PORT: "0",
    PLAYGROUND: "on",
    LOG_LEVEL: process.env["TEST_LOG_LEVEL"] ?? "silent",
    POOL_SIZE: "8",
    SWEEP_MS: "300",
    REPLY_QUIET_MS: "100",
  });
  const hub = await openHub(config, { role: "test" });
  const generator = await openGenerator(hub.parts, undefined);
  const playground = openPlayground(hub, config, options);
  const gateway = await startGateway(hub, { config, playground: playground.mount });
  const worker = startWorker(hub.parts, hub.queues, hub.ingest, { ...config, publicUrl: gateway.url, generator });
  await playground.start(gateway.url);
  let hungUp: Promise<void> | undefined;

  function ask(path: string, { method = "GET", headers = {}, body }: Ask = {}): Promise<Answer> {
    const { hostname, port } = new URL(gateway.url);
    return new Promise((resolve, reject) => {
      const request = httpRequest({ hostname, port, path: `/playground${path}`, method, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          const type = response.headers["content-type"] ?? "";
          const parsed: unknown = type.includes("json") ? JSON.parse(text) : text;
          resolve({ status: response.statusCode ?? 0, type, headers: response.headers, body: parsed });
        });
      });
      request.on("error", reject);
      request.end(body);
    });
  }

  const hangUp = () => (hungUp ??= playground.stop().then(() => gateway.close()));

  return {
    url: gateway.url,
    hub,
    playground,
    ask,
    post: (path, body) =>
      ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    async hears(channel, as, count) {
      for (const deadline = Date.now() + 15_000; ; await new Promise((resolve) => setTimeout(resolve, 25))) {
        const answer = await ask(`/api/${channel}/heard?as=${encodeURIComponent(as)}`);
        const items = heardAnswer.parse(answer.body).items.filter(({ prompt }) => prompt !== true);
        if (items.length >= count) return items.map(({ text }) => text);
        if (Date.now() > deadline) throw new Error(`${channel} heard ${items.length} of ${count}`);
      }
    },
    hangUp,
    async close() {
      await hangUp();
      await worker.stop();
      await hub.close();
      await database.drop();
    },
  };
}
