import { existsSync } from "node:fs";
import { z } from "zod";
import { StartError } from "./start-error.ts";

const ms = (fallback: number) => z.coerce.number().int().min(0).default(fallback);
const blankIsAbsent = (env: NodeJS.ProcessEnv) =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ""));

/** Every setting of the process, from the environment; `.env.example` and the README list the same. */
const Environment = z.object({
  HOST: z.string().default("127.0.0.1").describe("Address to listen on"),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000).describe("Port to listen on; 0 takes a free one"),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("The address that providers and browsers use"),
  TRUST_PROXY: z.coerce.number().int().min(0).max(10).default(0).describe("How many proxies stand in front"),
  DATA_DIR: z.string().default("./data").describe("Embedded database, master key, media"),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .optional()
    .describe("PostgreSQL; without it an embedded one is started"),
  KEYSTORE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .optional()
    .describe("PostgreSQL database of the wrapped data keys; default: DATABASE_URL's database name with _keys"),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/ })
    .optional()
    .describe("Redis for the queues; without it they run on PostgreSQL"),
  MASTER_KEY: z.string().optional().describe("32 bytes, base64; without it a key file in DATA_DIR is made and used"),
  PLAYGROUND: z.enum(["auto", "on", "off"]).default("auto").describe("auto: on with the embedded database only"),
  KNOWLEDGE_DIR: z.string().optional().describe("Folder of Markdown files; default: the demo shop's"),
  LOG_LEVEL: z.enum(["silent", "fatal", "error", "warn", "info", "debug"]).default("warn"),
  POOL_SIZE: z.coerce.number().int().min(2).max(200).default(16).describe("Database connections per process"),
  REPLY_QUIET_MS: ms(800).describe("A burst is over when nothing came for this long"),
  REPLY_MAX_WAIT_MS: ms(5000).describe("Answer a burst that does not end after this long"),
  SEND_TIMEOUT_MS: ms(15_000).describe("A provider that has not answered a send by then: the send's fate is unknown"),
  SWEEP_MS: ms(1500).describe("How often a worker looks for what is overdue"),
});

/** The parsed configuration of one process. Durations in milliseconds. */
export interface Config {
  host: string;
  port: number;
  publicUrl: string | undefined;
  trustProxy: number;
  dataDir: string;
  databaseUrl: string | undefined;
  keystoreUrl: string | undefined;
  redisUrl: string | undefined;
  masterKey: string | undefined;
  playground: "auto" | "on" | "off";
  knowledgeDir: string | undefined;
  logLevel: "silent" | "fatal" | "error" | "warn" | "info" | "debug";
  poolSize: number;
  replyQuietMs: number;
  replyMaxWaitMs: number;
  sendTimeoutMs: number;
  sweepMs: number;
}

/** Adds what the file `.env` of this folder says, where there is one; what the environment says already stands. */
export function loadEnvironmentFile(): void {
  if (existsSync(".env")) process.loadEnvFile(".env");
}

/** Reads the environment. @throws {StartError} naming the variable that is wrong */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const parsed = Environment.safeParse(blankIsAbsent(env));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new StartError(`${issue?.path.join(".") ?? "the environment"}: ${issue?.message ?? "is not understood"}`);
  }
  const e = parsed.data;
  return {
    host: e.HOST,
    port: e.PORT,
    publicUrl: e.PUBLIC_URL?.replace(/\/+$/, ""),
    trustProxy: e.TRUST_PROXY,
    dataDir: e.DATA_DIR,
    databaseUrl: e.DATABASE_URL,
    keystoreUrl: e.KEYSTORE_URL ?? (e.DATABASE_URL === undefined ? undefined : besideDatabase(e.DATABASE_URL)),
    redisUrl: e.REDIS_URL,
    masterKey: e.MASTER_KEY,
    playground: e.PLAYGROUND,
    knowledgeDir: e.KNOWLEDGE_DIR,
    logLevel: e.LOG_LEVEL,
    poolSize: e.POOL_SIZE,
    replyQuietMs: e.REPLY_QUIET_MS,
    replyMaxWaitMs: e.REPLY_MAX_WAIT_MS,
    sendTimeoutMs: e.SEND_TIMEOUT_MS,
    sweepMs: e.SWEEP_MS,
  };
}

function besideDatabase(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.pathname = `${url.pathname}_keys`;
  return url.href;
}

/** The address that providers and browsers use, without a slash at its end; `port` is the one that is listened on. */
export function publicUrlOf(config: Config, port: number): string {
  return config.publicUrl ?? `http://${config.host === "0.0.0.0" ? "127.0.0.1" : config.host}:${port}`;
}
