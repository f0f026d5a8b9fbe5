import { randomUUID } from "node:crypto";
import jwt from "jsonwebtoken";
import { z } from "zod";
import type { Heard, InboundEvent, Json, LiveSession, Say } from "../../adapters/contract/index.ts";
import { adapterState } from "../../apps/core/channels/adapter-state.ts";
import { openOutbound } from "../../apps/core/conversation/body.ts";
import type { Origin } from "../../apps/core/conversation/threads.ts";
import type { Hub } from "../../apps/start.ts";

/** Browsers with the widget, without a socket: frames go straight through the adapter. */
export interface Browsers {
  /** What the page's frames become; a sign-in comes first where `claims` changed. */
  events(say: Say): Promise<InboundEvent[]>;
  heard(as: string): Promise<Heard[]>;
}

const hostPage = z.object({
  keys: z.array(z.object({ kid: z.string(), secret: z.string() })).min(1),
  audience: z.string(),
  allowedOrigins: z.array(z.string()).min(1),
});
const greeting = z.object({ session: z.string() });

interface Open {
  claims: string | undefined;
  session: LiveSession;
}

/** Opens browsers on one account. */
export function browsersOf(hub: Hub, account: Origin, given: Record<string, Json>): Browsers {
  const { keys, audience, allowedOrigins } = hostPage.parse(given);
  const open = new Map<string, Open>();

  async function live() {
    const found = await hub.parts.accounts.find(account.accountId);
    if (found?.adapter.live === undefined) throw new Error("the account has no live side");
    const state = adapterState(hub.parts, { workspaceId: account.workspaceId, id: account.accountId });
    return { live: found.adapter.live, context: { settings: found.settings, accountId: account.accountId, state } };
  }

  function tokenFor(as: string, claims: Record<string, Json>): string {
    const [key] = keys;
    if (key === undefined) throw new Error("no key to sign with");
    return jwt.sign({ sub: as, aud: audience, ...claims }, key.secret, {
      algorithm: "HS256",
      keyid: key.kid,
      expiresIn: "10m",
    });
  }

  async function become({ as, claims, name }: Say): Promise<{ session: LiveSession; events: InboundEvent[] }> {
    const told = claims === undefined || name === undefined ? claims : { name, ...claims };
    const wanted = told === undefined ? undefined : JSON.stringify(told);
    const known = open.get(as);
    if (known !== undefined && known.claims === wanted) return { session: known.session, events: [] };
    const { live: adapter, context } = await live();
    // Who signs out gets a session of their own; who signs in brings the anonymous one along.
    const carried = wanted === undefined ? undefined : known && greeting.parse(known.session.greeting).session;
    const auth = {
      ...(carried === undefined ? {} : { session: carried }),
      ...(told === undefined ? {} : { token: tokenFor(as, told) }),
    };
    const session = await adapter.connect({ auth, origin: allowedOrigins[0] }, context);
    open.set(as, { claims: wanted, session });
    return { session, events: session.events ?? [] };
  }

  return {
    async events(say) {
      const { session, events } = await become(say);
      const { live: adapter, context } = await live();
      const said = { id: say.id ?? randomUUID(), text: say.text };
      const { mime, filename: name = "", data: bytes } = say.media ?? {};
      const frame = say.media ? { name: "file", data: { ...said, mime, name, bytes } } : { name: "say", data: said };
      const intake = await adapter.receive(frame, session, context);
      return [...events, ...intake.events];
    },
    async heard(as) {
      const alias = open.get(as)?.session.thread.aliases[0];
      if (alias === undefined) return [];
      const { rows } = await hub.parts.db.pool.query<{
        id: string;
        identifier_id: string;
        body: Buffer;
        received_at: Date;
      }>(
        `SELECT m.id, m.identifier_id, m.body, m.received_at
           FROM thread_alias a JOIN outbox o ON o.workspace_id = $1 AND o.thread_id = a.thread_id
           JOIN message m ON m.workspace_id = $1 AND m.id = o.message_id
          WHERE a.workspace_id = $1 AND a.account_id = $2 AND a.alias_key = $3 AND o.state IN ('sent', 'delivered', 'read')
          ORDER BY o.out_seq`,
        [account.workspaceId, account.accountId, hub.parts.vault.blind(account.workspaceId, "alias", alias)],
      );
      const ring = await hub.parts.vault.unlock(rows.map((r) => r.identifier_id));
      return rows.map((r) => ({ id: r.id, at: r.received_at, ...openOutbound(ring, r).content }));
    },
  };
}
