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
  MEDIA_MAX_BYTES: z.coerce
    .number()
    .int()
    .min(1024)
    .max(1024 ** 3)
    .default(32 * 1024 * 1024)
    .describe("Largest file that is kept"),
  S3_BUCKET: z.string().optional().describe("Keeps files in this bucket; without it in DATA_DIR/media"),
  S3_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("S3-compatible server; without it Amazon's"),
  S3_REGION: z.string().default("us-east-1").describe("Region of the bucket"),
  S3_ACCESS_KEY_ID: z.string().optional().describe("With its secret; without it what the machine's role allows"),
  S3_SECRET_ACCESS_KEY: z.string().optional().describe("Secret of S3_ACCESS_KEY_ID"),
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
  /** Bytes. */
  mediaMaxBytes: number;
  s3: S3Settings | undefined;
}

/** A bucket of an S3-compatible store. */
export interface S3Settings {
  bucket: string;
  /** Such as `https://minio.example:9000`; absent: Amazon's own. */
  endpoint: string | undefined;
  region: string;
  /** Absent: what the SDK finds (instance role, …). */
  credentials: { accessKeyId: string; secretAccessKey: string } | undefined;
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
    mediaMaxBytes: e.MEDIA_MAX_BYTES,
    s3: s3Of(e),
  };
}

function s3Of(e: z.output<typeof Environment>): S3Settings | undefined {
  if (e.S3_BUCKET === undefined) return undefined;
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = e;
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new StartError("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY go together: set both, or neither");
  }
  const credentials =
    accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey };
  return { bucket: e.S3_BUCKET, endpoint: e.S3_ENDPOINT, region: e.S3_REGION, credentials };
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
