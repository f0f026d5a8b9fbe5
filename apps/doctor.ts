import { z } from "zod";
import { readHealth } from "./core/channels/health.ts";
import { checkBlobs } from "./core/media/blobs.ts";
import { readConfig, type Config } from "./core/platform/config.ts";
import { pendingMigrations } from "./core/platform/migrate.ts";
import { StartError } from "./core/platform/start-error.ts";
import { openHub, type Hub } from "./start.ts";

/** What was found of one part of the installation. */
export interface Finding {
  part: string;
  trouble: boolean;
  /** One line; no secrets, no personal data. */
  says: string;
}

/** Doorbells that have been overdue for longer mean that no worker is at work (a file that a provider can't give waits longer). Minutes. */
const OVERDUE_MINUTES = 5;

/** Looks at everything that the hub stands on, part by part; what can't be looked at because of an earlier trouble is left out. */
export async function* examine(): AsyncGenerator<Finding> {
  let config: Config;
  try {
    config = readConfig();
    yield well("configuration", config.publicUrl ?? "no PUBLIC_URL: providers can't reach this hub from outside");
  } catch (error) {
    yield bad("configuration", error);
    return;
  }
  let hub: Hub;
  try {
    // Opens database, key store and master key, and says in one line which of them does not fit.
    hub = await openHub({ ...config, logLevel: "silent" }, { role: "doctor", besideRunning: true });
  } catch (error) {
    yield bad("database and keys", error);
    return;
  }
  try {
    yield* examineHub(hub, config);
  } finally {
    await hub.close();
  }
}

async function* examineHub(hub: Hub, config: Config): AsyncGenerator<Finding> {
  const { db } = hub.parts;
  yield await tried("database", async () => {
    const { rows } = await db.pool.query<{ version: string; fsync: string; commit: string }>(
      "SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit",
    );
    const [row] = rows;
    if (row?.fsync !== "on" || row.commit === "off") {
      throw new StartError("fsync or synchronous_commit is off: what is acknowledged could be lost");
    }
    return `PostgreSQL ${row.version}${hub.embedded ? ", embedded" : ""}`;
  });
  yield await tried("migrations", async () => {
    const missing = await pendingMigrations(db.pool);
    if (missing.length > 0) throw new StartError(`not applied: ${missing.join(", ")}`);
    return "all applied";
  });
  // Opening the vault proved that the master key fits the key store.
  yield well("key store", "the master key fits");
  yield await tried("queue", async () => {
    await hub.queues.check();
    return config.redisUrl === undefined ? "on PostgreSQL" : "on Redis";
  });
  yield await tried("media store", async () => {
    await checkBlobs(hub.parts.media.blobs);
    return hub.parts.media.blobs.place;
  });
  yield await tried("backlog", async () => {
    const { rows } = await db.pool.query<{ overdue: number; parked: number }>(
      `SELECT (SELECT count(*)::int FROM due WHERE kind <> 'media' AND since < now() - $1 * interval '1 minute') AS overdue,
              (SELECT count(*)::int FROM parked WHERE replayed_at IS NULL) AS parked`,
      [OVERDUE_MINUTES],
    );
    const [row] = rows;
    if ((row?.overdue ?? 0) > 0) {
      throw new StartError(
        `${row?.overdue} threads have waited for more than ${OVERDUE_MINUTES} min: is a worker running?`,
      );
    }
    return `nothing overdue, ${row?.parked ?? 0} messages parked`;
  });
  yield* examineAccounts(hub);
}

async function* examineAccounts(hub: Hub): AsyncGenerator<Finding> {
  const rows = await hub.parts.db.prisma.channelAccount.findMany({ orderBy: { createdAt: "asc" } });
  if (rows.length === 0) yield well("channel accounts", "none yet");
  for (const row of rows) {
    yield await tried(`${row.channel} account ${row.id}`, async () => {
      const { status, findings, lastInboundAt, lastOutboundAt } = await readHealth(hub.parts, row.workspaceId, row.id);
      const found = findings.map((f) => `${f.code}: ${f.detail}`).join("; ");
      if (status === "problem") throw new StartError(found);
      const since = [told("received", lastInboundAt), told("sent", lastOutboundAt)].join(", ");
      return `${row.status}, ${since}${found === "" ? "" : `; ${found}`}`;
    });
  }
}

function told(what: string, at: Date | undefined): string {
  return at === undefined ? `nothing ${what} yet` : `last ${what} ${at.toISOString()}`;
}

async function tried(part: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return well(part, await look());
  } catch (error) {
    return bad(part, error);
  }
}

function well(part: string, says: string): Finding {
  return { part, trouble: false, says };
}

function bad(part: string, error: unknown): Finding {
  const says = error instanceof z.ZodError ? "its settings are not valid any more" : wordsOf(error);
  return { part, trouble: true, says: says.split("\n")[0] ?? says };
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
