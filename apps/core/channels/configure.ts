import { z } from "zod";
import { secretFields, type ChannelAdapter } from "../../../adapters/contract/index.ts";
import type { Parts } from "../parts.ts";
import type { Queryable } from "../platform/database.ts";
import { newId } from "../platform/ids.ts";
import { parseInput } from "../platform/input.ts";
import { described } from "../platform/log.ts";
import { pageOf, placeBefore, type Page, type PageRequest } from "../platform/page.ts";
import { invalidField, notFound, Problem } from "../platform/problem.ts";
import { checkSoon } from "../statements/health.ts";
import { workspaceKeys } from "../vault/workspace-key.ts";
import { REMEMBERED_MS, settingsPlace } from "./accounts.ts";
import { retryAccount } from "./gate.ts";

/** A channel account, without its secrets. */
export interface AccountView {
  id: string;
  channel: string;
  name: string;
  status: "active" | "paused";
  /** Every secret that is set is `{set: true}`. */
  settings: Record<string, unknown>;
  webhookUrl: string;
  liveUrl?: string;
  trouble?: string;
  createdAt: Date;
}

/** What configuring accounts needs. */
export type ConfigureParts = Pick<Parts, "db" | "vault" | "adapters" | "accounts" | "log"> & {
  /** Without a slash at its end. */
  publicUrl: string;
};

/** What staff can change of an account. Settings change key by key: `null` removes, a secret as `{set: true}` stays. */
export interface AccountChange {
  name?: string | undefined;
  status?: "active" | "paused" | undefined;
  settings?: Record<string, unknown> | undefined;
}

/** A provider that does not answer must not hold up whoever changes the account. */
const CONNECT_MS = 15_000;
const LONGEST_TROUBLE = 300;

interface AccountRow {
  id: string;
  channel: string;
  name: string;
  status: string;
  settings: Buffer;
  trouble: string | null;
  created_at: Date;
}

const COLUMNS = "id, channel, name, status, settings, trouble, created_at";

/** Where an account's provider delivers, and where its pages connect. */
export function accountUrls(publicUrl: string, accountId: string): { webhookUrl: string; liveUrl: string } {
  const url = `${publicUrl}/channels/${accountId}`;
  return { webhookUrl: url, liveUrl: url };
}

/** The accounts of a workspace, newest first. @throws {Problem} `invalid` when `before` is none of ours */
export async function listAccounts(
  parts: ConfigureParts,
  workspaceId: string,
  request: PageRequest,
): Promise<Page<AccountView>> {
  const place = placeBefore(request.before);
  const { rows } = await parts.db.pool.query<AccountRow>(
    `SELECT ${COLUMNS} FROM channel_account WHERE workspace_id = $1 AND (created_at, id) < ($2::timestamptz, $3::uuid)
      ORDER BY created_at DESC, id DESC LIMIT $4`,
    [workspaceId, place.at, place.id, request.limit + 1],
  );
  const views = new Map(await Promise.all(rows.map(async (r) => [r, await viewOf(parts, workspaceId, r)] as const)));
  const page = pageOf(rows, request.limit, {
    place: (row) => ({ at: row.created_at, id: row.id }),
    item: (row) => views.get(row),
  });
  return { ...page, items: page.items.filter((view) => view !== undefined) };
}

/** @throws {Problem} notFound */
export async function readAccount(parts: ConfigureParts, workspaceId: string, id: string): Promise<AccountView> {
  return viewOf(parts, workspaceId, await rowOf(parts.db.pool, workspaceId, id));
}

/**
 * Adds an account and tells its provider where to deliver; when that fails the account is there, with its `trouble`.
 * @throws {Problem} `invalid`, naming `channel` or `settings.…`
 */
export async function createAccount(
  parts: ConfigureParts,
  input: { workspaceId: string; channel: string; name: string; settings: Record<string, unknown> },
): Promise<AccountView> {
  const { workspaceId } = input;
  const adapter = parts.adapters.get(input.channel);
  if (adapter === undefined) throw invalidField("channel", "is not installed; GET /v1/channels lists those that are");
  checkSettings(adapter, input.settings);
  const id = newId();
  const keys = await workspaceKeys(parts.vault, workspaceId);
  await parts.db.pool.query(
    `INSERT INTO channel_account (workspace_id, id, channel, name, settings, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, clock_timestamp(), clock_timestamp())`,
    [workspaceId, id, input.channel, input.name, keys.seal(workspaceId, settingsPlace(id), input.settings)],
  );
  parts.accounts.forget(id);
  await connect(parts, workspaceId, id);
  return readAccount(parts, workspaceId, id);
}

/**
 * Changes an account and, while it is active, tells its provider again where to deliver.
 * @throws {Problem} notFound · `invalid`, naming `settings.…`, also when a provider's place changes while secrets stay
 */
export async function changeAccount(
  parts: ConfigureParts,
  input: { workspaceId: string; id: string; change: AccountChange },
): Promise<AccountView> {
  const { workspaceId, id, change } = input;
  const keys = await workspaceKeys(parts.vault, workspaceId);
  await parts.db.transaction(async (db) => {
    const row = await rowOf(db, workspaceId, id, "FOR UPDATE");
    const adapter = adapterOf(parts, row);
    const stored = storedSettings(keys.open(workspaceId, settingsPlace(id), row.settings));
    const settings = change.settings === undefined ? stored : merged(adapter, stored, change.settings);
    checkSettings(adapter, settings);
    await db.query(
      `UPDATE channel_account SET name = COALESCE($3, name), status = COALESCE($4, status), settings = $5,
              updated_at = clock_timestamp() WHERE workspace_id = $1 AND id = $2`,
      [
        workspaceId,
        id,
        change.name ?? null,
        change.status ?? null,
        keys.seal(workspaceId, settingsPlace(id), settings),
      ],
    );
  });
  parts.accounts.forget(id);
  await checkSoon(parts.db.pool, [workspaceId, [id]]);
  if (change.settings !== undefined || change.status === "active") {
    await connect(parts, workspaceId, id);
    await retryAccount(parts, workspaceId, { id, knownEverywhereInMs: REMEMBERED_MS });
  }
  return readAccount(parts, workspaceId, id);
}

/** Deletes an account and what its adapter remembers. Its threads and messages stay. @throws {Problem} notFound */
export async function deleteAccount(
  parts: Pick<ConfigureParts, "db" | "accounts">,
  workspaceId: string,
  id: string,
): Promise<void> {
  const deleted = await parts.db.transaction(async (db) => {
    for (const table of ["adapter_state", "account_gate", "account_tally", "account_notice", "account_health"]) {
      await db.query(`DELETE FROM ${table} WHERE workspace_id = $1 AND account_id = $2`, [workspaceId, id]);
    }
    return db.query("DELETE FROM channel_account WHERE workspace_id = $1 AND id = $2", [workspaceId, id]);
  });
  parts.accounts.forget(id);
  if (deleted.rowCount === 0) throw notFound("channel account");
}

async function rowOf(db: Queryable, workspaceId: string, id: string, lock = ""): Promise<AccountRow> {
  const { rows } = await db.query<AccountRow>(
    `SELECT ${COLUMNS} FROM channel_account WHERE workspace_id = $1 AND id = $2 ${lock}`,
    [workspaceId, id],
  );
  const [row] = rows;
  if (row === undefined) throw notFound("channel account");
  return row;
}

function adapterOf(parts: ConfigureParts, row: AccountRow): ChannelAdapter {
  const adapter = parts.adapters.get(row.channel);
  if (adapter === undefined) throw new Problem("conflict", `The channel ${row.channel} is not installed here.`);
  return adapter;
}

/** A misspelt setting is an error, not a default. */
function checkSettings(adapter: ChannelAdapter, settings: Record<string, unknown>): void {
  const schema = adapter.settings instanceof z.ZodObject ? adapter.settings.strict() : adapter.settings;
  parseInput(schema, settings, "settings");
}

const isSet = (value: unknown) => z.strictObject({ set: z.literal(true) }).safeParse(value).success;

function merged(
  adapter: ChannelAdapter,
  stored: Record<string, unknown>,
  change: Record<string, unknown>,
): Record<string, unknown> {
  const secrets = new Set(secretFields(adapter.settings));
  const settings = new Map(Object.entries(stored));
  for (const [name, value] of Object.entries(change)) {
    if (value === null) settings.delete(name);
    else if (secrets.has(name) && isSet(value)) {
      if (!settings.has(name)) throw invalidField(`settings.${name}`, "is not set yet, so it can't stay as it is");
    } else settings.set(name, value);
  }
  const moved = Object.keys(change).find((name) => WHEREABOUTS.test(name) && settings.get(name) !== stored[name]);
  const kept = [...secrets].filter((name) => settings.has(name) && (change[name] === undefined || isSet(change[name])));
  if (moved !== undefined && kept.length > 0) {
    throw invalidField(
      `settings.${moved}`,
      `can't change while secrets stay, for they would be sent there: give ${kept.join(", ")} again`,
    );
  }
  return Object.fromEntries(settings);
}

/** Settings that say where a provider is, and so where secrets go. */
const WHEREABOUTS = /(baseUrl|host)$/i;

function storedSettings(opened: unknown): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).parse(opened);
}

async function viewOf(parts: ConfigureParts, workspaceId: string, row: AccountRow): Promise<AccountView> {
  const keys = await workspaceKeys(parts.vault, workspaceId);
  const stored = storedSettings(keys.open(workspaceId, settingsPlace(row.id), row.settings));
  const adapter = parts.adapters.get(row.channel);
  const { webhookUrl, liveUrl } = accountUrls(parts.publicUrl, row.id);
  return {
    id: row.id,
    channel: row.channel,
    name: row.name,
    status: row.status === "paused" ? "paused" : "active",
    // Of a channel that is not installed nobody can say what is secret.
    settings: adapter === undefined ? {} : echoed(adapter, stored),
    webhookUrl,
    ...(adapter?.live ? { liveUrl } : {}),
    ...(row.trouble === null ? {} : { trouble: row.trouble }),
    createdAt: row.created_at,
  };
}

function echoed(adapter: ChannelAdapter, stored: Record<string, unknown>): Record<string, unknown> {
  const secrets = new Set(secretFields(adapter.settings));
  return Object.fromEntries(
    Object.entries(stored).map(([name, value]) => [name, secrets.has(name) ? { set: true } : value]),
  );
}

/** Tells the provider where to deliver, and writes down how that went. */
async function connect(parts: ConfigureParts, workspaceId: string, id: string): Promise<void> {
  const account = await parts.accounts.find(id);
  if (account === undefined || account.status !== "active") return;
  const trouble = account.adapter.connect === undefined ? undefined : await tried(parts, account);
  await parts.db.pool.query("UPDATE channel_account SET trouble = $3 WHERE workspace_id = $1 AND id = $2", [
    workspaceId,
    id,
    trouble ?? null,
  ]);
}

async function tried(
  parts: ConfigureParts,
  account: { id: string; adapter: ChannelAdapter; settings: unknown },
): Promise<string | undefined> {
  const { webhookUrl } = accountUrls(parts.publicUrl, account.id);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the provider did not answer in time")), CONNECT_MS);
  });
  try {
    await Promise.race([account.adapter.connect?.(account.settings, { webhookUrl }), late]);
    return undefined;
  } catch (error) {
    parts.log.warn({ ...described(error), account: account.id }, "a channel account could not be connected");
    return (error instanceof Error ? error.message : "the provider refused").slice(0, LONGEST_TROUBLE);
  } finally {
    clearTimeout(timer);
  }
}
