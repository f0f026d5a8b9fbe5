import { createServer, type Server } from "node:http";
import { once } from "node:events";
import express, { type Express } from "express";
import { pino } from "pino";
import type { z } from "zod";
import type { conversation as conversationSchema } from "../../core/api/conversations.ts";
import type { merge as mergeSchema } from "../../core/api/merges.ts";
import type { Actor } from "../../core/api/route.ts";
import type { Handlers } from "../../core/api/routes.ts";
import { invalidField, notFound, Problem } from "../../core/platform/problem.ts";
import { bearerAuthorisation } from "./auth.ts";
import { api } from "./bind.ts";
import { type Idempotency, type KeptAnswer, keyReused, stillRunning } from "./idempotency.ts";
import { problems, unknownPath } from "./problem.ts";
import { secure } from "./security.ts";

/** A customer and things around her, for tests of what is between them and the network. */
export const SARAH = "cust_01kb5c2xq8e7v9m3t4w6y0z1ab";
export const ID = "0199c0de-0000-7000-8000-000000000001";
export const ALL_KEY = "key_all";
export const READER_KEY = "key_profiles_only";
const AT = "2026-02-03T04:05:06.000Z";

const actors: Record<string, Actor> = {
  [ALL_KEY]: { workspaceId: ID, keyId: "all", scopes: ["*"] },
  [READER_KEY]: { workspaceId: ID, keyId: "reader", scopes: ["profiles:read"] },
};

/** A running gateway with the API on it. */
export interface TestApi {
  url: string;
  /** Every call of a handler, by route id. */
  calls: { id: string; input: unknown }[];
  /** What was logged. */
  logged: string[];
  close(): Promise<void>;
}

/** Starts one on a free port of 127.0.0.1. `extend` may add routes before the last ones. */
export async function openTestApi(
  options: { wrongKeys?: number; bodyLimit?: number; trustProxy?: number; extend?: (app: Express) => void } = {},
): Promise<TestApi> {
  const logged: string[] = [];
  const log = pino({ level: "debug" }, { write: (line: string) => void logged.push(line) });
  const calls: TestApi["calls"] = [];
  const app = express();
  secure(app, { publicUrl: "https://hub.example", trustProxy: options.trustProxy ?? 0 });
  app.use(
    api({
      handlers: recording(calls),
      authorise: bearerAuthorisation((key) => Promise.resolve(Object.hasOwn(actors, key) ? actors[key] : undefined), {
        limit: options.wrongKeys ?? 1000,
        windowMs: 60_000,
      }),
      idempotency: inMemory(),
      installation: { publicUrl: "https://hub.example", version: "0.0.0" },
      bodyLimit: options.bodyLimit ?? 100_000,
      fileLimit: 200_000,
      checkAnswers: true,
    }),
  );
  options.extend?.(app);
  app.use(unknownPath);
  app.use(problems(log));
  const server = createServer(app);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${portOf(server)}`, calls, logged, close: () => closed(server) };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}

async function closed(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}

/** Remembers answers as long as the process lives. */
function inMemory(): Idempotency {
  const kept = new Map<string, { fingerprint: Buffer; answer?: KeptAnswer }>();
  return {
    async run({ actor, key, fingerprint }, act) {
      const name = JSON.stringify([actor.workspaceId, actor.keyId, key]);
      const before = kept.get(name);
      if (before !== undefined) {
        if (!before.fingerprint.equals(fingerprint)) throw keyReused();
        if (before.answer === undefined) throw stillRunning();
        return { answer: before.answer, replayed: true };
      }
      kept.set(name, { fingerprint });
      try {
        const answer = await act();
        kept.set(name, { fingerprint, answer });
        return { answer, replayed: false };
      } catch (error) {
        kept.delete(name);
        throw error;
      }
    },
  };
}

const said = { value: "Sarah", at: AT, source: "web", assurance: 3 } as const;
const conversation: z.input<typeof conversationSchema> = {
  id: ID,
  ref: SARAH,
  status: "open",
  handledBy: "bot",
  channels: ["web"],
  openedAt: AT,
  lastActivityAt: AT,
};
const health = {
  status: "warning" as const,
  findings: [{ code: "webhook_unverified", level: "warning" as const, detail: "Nothing was delivered yet." }],
  lastDay: { sent: 0, failed: 0, unknown: 0, later: 0, errorRate: 0 },
  queue: {},
  circuit: { state: "closed" as const },
  notices: [],
  checkedAt: AT,
};
const account = {
  id: ID,
  channel: "web",
  name: "Shop",
  status: "active",
  settings: { key: { set: true } },
  webhookUrl: `https://hub.example/channels/${ID}`,
  createdAt: AT,
} as const;
const item = {
  id: ID,
  threadId: ID,
  channel: "web",
  audience: "private",
  direction: "out",
  author: "staff",
  kind: "text",
  at: AT,
  state: "pending",
} as const;
const merge: z.input<typeof mergeSchema> = { id: ID, ref: SARAH, refs: [SARAH], cause: "staff", mergedAt: AT };
const workspace = {
  conversationQuietDays: 7,
  mappingEntitles: true,
  contextBudget: 12_000,
  contextMessages: 30,
  followUpAfterMinutes: 2,
  phoneRegion: null,
};
const parked = { id: ID, threadId: ID, channel: "web", messageId: ID, error: "timeout", attempts: 5, parkedAt: AT };

function profile(ref: string) {
  return {
    ref,
    name: "Sarah",
    attributes: { name: { ...said, conflict: false } },
    identifiers: [],
    conflicts: [],
    createdAt: AT,
    updatedAt: AT,
  };
}

/** Texts that make `messages.send` behave badly. */
export const CRASH = "please crash";
export const SLOW = "please take your time";

function handlers(): Handlers {
  return {
    "channels.list": () => Promise.resolve({ status: 200, body: { items: [] } }),
    "channels.preview": ({ body }) =>
      Promise.resolve({
        status: 200,
        body: { parts: [{ text: body.text ?? "", measure: { unit: "segment", count: 1 } }] },
      }),
    "channelAccounts.templates": () => Promise.resolve({ status: 200, body: { items: [] } }),
    "channelAccounts.list": () => Promise.resolve({ status: 200, body: { items: [account] } }),
    "channelAccounts.create": ({ body }) => {
      if (!("key" in body.settings)) throw invalidField("settings.key", "is required");
      const created = { ...account, channel: body.channel, name: body.name };
      return Promise.resolve({ status: 201, body: created, headers: { location: `/v1/channel-accounts/${ID}` } });
    },
    "channelAccounts.get": ({ params }) => {
      if (params.id !== ID) throw notFound("channel account");
      return Promise.resolve({ status: 200, body: account });
    },
    "channelAccounts.health": () => Promise.resolve({ status: 200, body: health }),
    "channelAccounts.change": () => Promise.resolve({ status: 200, body: account }),
    "channelAccounts.delete": () => Promise.resolve({ status: 204 }),
    "profiles.find": ({ query }) =>
      Promise.resolve({
        status: 200,
        body: { items: query.identifier.value === "+14155551234" ? [profile(SARAH)] : [] },
      }),
    "profiles.get": ({ params }) => {
      if (params.ref !== SARAH) throw notFound("profile");
      return Promise.resolve({ status: 200, body: profile(SARAH) });
    },
    "timeline.read": () => Promise.resolve({ status: 200, body: { items: [{ ...item, text: "Hello" }], next: "b" } }),
    "messages.send": async ({ body }) => {
      if (body.text === CRASH) throw new Error("relation does not exist");
      if (body.text === SLOW) await new Promise((resolve) => setTimeout(resolve, 200));
      return { status: 202, body: { message: { ...item, text: body.text ?? "" }, channel: body.channel ?? "web" } };
    },
    "messages.resolve": () => Promise.reject(notFound("outbound message")),
    "media.upload": ({ file, query }) => {
      if (file === undefined) throw new Error("a file was expected");
      const { bytes, filename } = file;
      const body = { id: ID, kind: query.kind ?? "document", mime: file.mime, size: bytes.length } as const;
      return Promise.resolve({ status: 201, body: { ...body, ...(filename === undefined ? {} : { filename }) } });
    },
    "media.read": ({ params }) => {
      if (params.id !== ID) throw notFound("file");
      const file = {
        bytes: Buffer.from("<script>alert(1)</script>"),
        mime: "text/html",
        filename: 'naïve "name".html',
      };
      return Promise.resolve({ status: 200, file });
    },
    "messages.unknown": () => Promise.resolve({ status: 200, body: { items: [] } }),
    "threads.change": () => Promise.reject(notFound("thread")),
    "threads.context": () =>
      Promise.resolve({
        status: 200,
        body: {
          thread: { id: ID, channel: "web", audience: "private" },
          profile: { ref: SARAH, attributes: {}, identifiers: [], firstSeenAt: AT },
          history: [],
          pending: [],
          omitted: [{ threadId: ID, channel: "telegram", reason: "notProven" }],
        },
      }),
    "conversations.list": () => Promise.resolve({ status: 200, body: { items: [conversation] } }),
    "conversations.change": () => Promise.resolve({ status: 200, body: conversation }),
    "linkCodes.create": () => Promise.resolve({ status: 201, body: { code: "abc", expiresAt: AT, links: {} } }),
    "merges.list": () => Promise.resolve({ status: 200, body: { items: [merge] } }),
    "merges.create": () => Promise.resolve({ status: 201, body: merge }),
    "merges.undo": () => {
      throw new Problem("conflict", "This merge was undone already.");
    },
    "parked.list": () => Promise.resolve({ status: 200, body: { items: [parked] } }),
    "parked.replay": () => Promise.resolve({ status: 202, body: parked }),
    "workspace.get": () => Promise.resolve({ status: 200, body: workspace }),
    "workspace.change": () => Promise.resolve({ status: 200, body: workspace }),
  };
}

function recording(calls: TestApi["calls"]): Handlers {
  return new Proxy(handlers(), {
    get(target, id, receiver) {
      const handler: unknown = Reflect.get(target, id, receiver);
      if (typeof handler !== "function") throw new Error(`no handler ${String(id)}`);
      return (input: unknown): unknown => {
        calls.push({ id: String(id), input });
        return Reflect.apply(handler, undefined, [input]);
      };
    },
  });
}
