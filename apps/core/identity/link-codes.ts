import { randomBytes } from "node:crypto";
import type { Parts } from "../parts.ts";
import type { Queryable } from "../platform/database.ts";
import { newId } from "../platform/ids.ts";
import { notFound } from "../platform/problem.ts";
import { profileOfRef } from "./refs.ts";
import type { Recomputed } from "./recompute.ts";
import { resolve } from "./resolve.ts";
import type { ResolveScope } from "./scope.ts";

/** What a link code looks like: 128 random bits. Short enough for every channel's link (Telegram: 64 characters). */
const CODE = /^tl-[A-Za-z0-9_-]{22}$/;

/** Whether a text is a link code and nothing else. */
export function isLinkCode(text: string): boolean {
  return CODE.test(text.trim());
}

const DEFAULT_TTL_MS = 15 * 60_000;

/**
 * Makes a single-use code that joins whoever presents it, in a private thread, to this customer.
 * @throws {Problem} notFound when the ref is nobody's
 */
export async function createLinkCode(
  parts: Pick<Parts, "db" | "vault">,
  input: { workspaceId: string; ref: string; ttlMs?: number },
): Promise<{ code: string; expiresAt: Date }> {
  const inviterId = await profileOfRef(parts.db, input.workspaceId, input.ref);
  if (inviterId === undefined) throw notFound("profile");
  const code = `tl-${randomBytes(16).toString("base64url")}`;
  const createdAt = new Date();
  const expiresAt = new Date(createdAt.getTime() + (input.ttlMs ?? DEFAULT_TTL_MS));
  await parts.db.prisma.linkCode.create({
    data: {
      workspaceId: input.workspaceId,
      id: newId(),
      codeKey: Uint8Array.from(parts.vault.blind(input.workspaceId, "link code", code)),
      inviterId,
      createdAt,
      expiresAt,
    },
  });
  return { code, expiresAt };
}

/** Somebody on a private thread who presents a code, or answers whether it was meant. */
export interface Presenter {
  identifierId: string;
  profileId: string;
  threadId: string;
  messageId: string;
}

/**
 * What presenting a code led to.
 * - `joined`: both are one customer now · `already`: they were · `invalid`: unknown, used, or too old
 * - `confirm`: this side has a history of its own and must say whether it means it · `forbidden`: a rule keeps them apart
 */
export type Presented =
  | { outcome: "joined"; change: Recomputed[] }
  | { outcome: "already" | "invalid" | "forbidden" }
  | { outcome: "confirm"; inviterProfileId: string };

interface CodeRow {
  id: string;
  inviter_id: string;
}

/**
 * A code was presented. One without a history joins at once; one that has its own is asked first, so that nobody is
 * tricked into another's profile with what he has said before.
 * @throws {ComponentGrewError} the caller starts its transaction again
 */
export async function presentLinkCode(
  db: Queryable,
  scope: ResolveScope,
  input: { code: string; presenter: Presenter },
): Promise<Presented> {
  const { workspaceId } = scope;
  const { presenter } = input;
  const { rows } = await db.query<CodeRow>(
    `SELECT id, inviter_id FROM link_code
      WHERE workspace_id = $1 AND code_key = $2 AND outcome IS NULL AND expires_at > clock_timestamp()
        AND (presented_by IS NULL OR presented_by = $3) FOR UPDATE`,
    [workspaceId, scope.vault.blind(workspaceId, "link code", input.code.trim()), presenter.identifierId],
  );
  const code = rows[0];
  if (code === undefined) return { outcome: "invalid" };
  const inviterProfileId = await profileOf(db, workspaceId, code.inviter_id);
  if (inviterProfileId === undefined) return { outcome: "invalid" };
  if (inviterProfileId === presenter.profileId) {
    await settle(db, workspaceId, code.id, { outcome: "joined", presenter });
    return { outcome: "already" };
  }
  if (await hasHistory(db, workspaceId, presenter)) {
    await settle(db, workspaceId, code.id, { outcome: null, presenter });
    return { outcome: "confirm", inviterProfileId };
  }
  return join(db, scope, { code, presenter });
}

/**
 * The answer on a thread that was asked to confirm; undefined when none was.
 * @throws {ComponentGrewError}
 */
export async function confirmLinkCode(
  db: Queryable,
  scope: ResolveScope,
  input: { means: boolean; presenter: Presenter },
): Promise<Presented | { outcome: "refused" } | undefined> {
  const { rows } = await db.query<CodeRow>(
    `SELECT id, inviter_id FROM link_code
      WHERE workspace_id = $1 AND thread_id = $2 AND presented_by = $3 AND outcome IS NULL AND expires_at > clock_timestamp()
      ORDER BY presented_at DESC LIMIT 1 FOR UPDATE`,
    [scope.workspaceId, input.presenter.threadId, input.presenter.identifierId],
  );
  const code = rows[0];
  if (code === undefined) return undefined;
  if (!input.means) {
    await settle(db, scope.workspaceId, code.id, { outcome: "refused", presenter: input.presenter });
    return { outcome: "refused" };
  }
  return join(db, scope, { code, presenter: input.presenter });
}

/** Whether any of these threads waits for a confirmation. */
export async function threadsToConfirm(db: Queryable, workspaceId: string, threadIds: string[]): Promise<Set<string>> {
  const { rows } = await db.query<{ thread_id: string }>({
    name: "threads-to-confirm",
    text: `SELECT thread_id FROM link_code WHERE workspace_id = $1 AND thread_id = ANY($2::uuid[]) AND outcome IS NULL
             AND expires_at > clock_timestamp()`,
    values: [workspaceId, threadIds],
  });
  return new Set(rows.map((r) => r.thread_id));
}

async function join(
  db: Queryable,
  scope: ResolveScope,
  { code, presenter }: { code: CodeRow; presenter: Presenter },
): Promise<Presented> {
  const sighting = {
    source: "code",
    accountId: null,
    identifiers: [
      { id: presenter.identifierId, assurance: 4 },
      { id: code.inviter_id, assurance: 4 },
    ],
    attributes: {},
    at: new Date(),
  };
  const { profileOf: profiles, changes } = await resolve(db, scope, [sighting]);
  const joined = profiles.get(presenter.identifierId) === profiles.get(code.inviter_id);
  await settle(db, scope.workspaceId, code.id, { outcome: joined ? "joined" : "refused", presenter });
  if (!joined) return { outcome: "forbidden" };
  return { outcome: "joined", change: changes };
}

async function settle(
  db: Queryable,
  workspaceId: string,
  id: string,
  { outcome, presenter }: { outcome: "joined" | "refused" | null; presenter: Presenter },
): Promise<void> {
  await db.query(
    `UPDATE link_code SET outcome = $3, presented_by = $4, thread_id = $5, presented_at = clock_timestamp()
      WHERE workspace_id = $1 AND id = $2`,
    [workspaceId, id, outcome, presenter.identifierId, presenter.threadId],
  );
}

async function profileOf(db: Queryable, workspaceId: string, identifierId: string): Promise<string | undefined> {
  const { rows } = await db.query<{ profile_id: string | null }>(
    `SELECT profile_id FROM identifier WHERE workspace_id = $1 AND id = $2`,
    [workspaceId, identifierId],
  );
  return rows[0]?.profile_id ?? undefined;
}

/** Whether this customer has said anything before, on any channel. */
async function hasHistory(db: Queryable, workspaceId: string, presenter: Presenter): Promise<boolean> {
  const { rows } = await db.query(
    `SELECT 1 FROM identifier n JOIN message m ON m.workspace_id = $1 AND m.identifier_id = n.id
      WHERE n.workspace_id = $1 AND n.profile_id = $2 AND m.direction = 'in' AND m.id <> $3 AND m.kind NOT IN ('system', 'start')
      LIMIT 1`,
    [workspaceId, presenter.profileId, presenter.messageId],
  );
  return rows.length > 0;
}
