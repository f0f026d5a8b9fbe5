import { createServer } from "node:http";
import type { InboundEvent, MessageEvent, OutboundContent, SendReceipt } from "../../adapters/contract/index.ts";
import { complaints } from "../../adapters/telegram/documentedApi.ts";
import type { JsonObject } from "../../adapters/telegram/fields.ts";
import { adapter } from "../../adapters/telegram/index.ts";
import { telegramSettings } from "../../adapters/telegram/settings.ts";
import type { TelegramSettings } from "../../adapters/telegram/settings.ts";
import { simulator } from "../../adapters/telegram/simulator.ts";
import type { TelegramSimulator } from "../../adapters/telegram/simulator.ts";
import { acknowledge, verify } from "../../adapters/telegram/webhook.ts";
import { parse } from "../../adapters/telegram/parse.ts";
import type { MemoryMedia } from "./media.ts";
import { memoryMedia } from "./media.ts";
import { memoryState } from "./mini-hub.ts";

/** A double of the Bot API, a hub that takes what it delivers, and what was said between them. */
export interface TelegramGround {
  double: TelegramSimulator;
  /** Of the double; may be replaced. */
  settings: TelegramSettings;
  /** What the hub read, oldest first. */
  events: InboundEvent[];
  /** Every call of the Bot API. */
  calls: { method: string; payload: JsonObject }[];
  media: MemoryMedia;
  webhookUrl: string;
  /** The newest event. @throws Error when it is no message */
  last(): MessageEvent;
  send(
    content: OutboundContent,
    address: MessageEvent["thread"]["address"],
    signal?: AbortSignal,
  ): Promise<SendReceipt>;
  /** @throws Error naming every call that the documented Bot API doesn't know */
  stop(): Promise<void>;
}

/** Starts both on free ports of 127.0.0.1. */
export async function telegramGround(): Promise<TelegramGround> {
  const double = await simulator.start();
  const state = memoryState();
  const media = memoryMedia(() => "http://127.0.0.1:1");
  const events: InboundEvent[] = [];
  const calls: TelegramGround["calls"] = [];
  double.onCall((method, payload) => calls.push({ method, payload }));

  /** Verifies, parses, recalls and answers as the gateway does. */
  async function take(headers: Record<string, string | undefined>, body: Buffer) {
    const raw = { method: "POST", url: "", headers, query: new URLSearchParams(), body };
    if (!verify(raw, ground.settings)) return { status: 401 };
    for (const event of parse(raw, ground.settings)) {
      events.push(event.type === "message" ? ((await adapter.recall?.(event, state)) ?? event) : event);
    }
    return acknowledge(raw) ?? { status: 200 };
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const headers = Object.fromEntries(Object.entries(request.headersDistinct).map(([k, v]) => [k, v?.join(", ")]));
      take(headers, Buffer.concat(chunks)).then(
        ({ status, ...reply }) =>
          response.writeHead(status, "headers" in reply ? reply.headers : {}).end("body" in reply ? reply.body : ""),
        () => response.writeHead(500).end(),
      );
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const webhookUrl = `http://127.0.0.1:${address.port}/channels/one`;
  double.attach({ webhookUrl, liveUrl: webhookUrl });

  const ground: TelegramGround = {
    double,
    settings: telegramSettings.parse(double.settings),
    events,
    calls,
    media,
    webhookUrl,
    last() {
      const event = events.at(-1);
      if (event?.type !== "message") throw new Error("no message came last");
      return event;
    },
    send(content, to, signal = AbortSignal.timeout(5_000)) {
      const message = { id: "0198c0de-0000-7000-8000-000000000001", content, address: to };
      return adapter.send(message, { settings: ground.settings, accountId: "a", webhookUrl, media, state, signal });
    },
    async stop() {
      const wrong = calls.flatMap(({ method, payload }) => complaints(method, payload));
      server.closeAllConnections();
      server.close();
      await double.stop();
      if (wrong.length > 0) throw new Error(`calls that the documented Bot API does not know: ${wrong.join("; ")}`);
    },
  };
  return ground;
}
