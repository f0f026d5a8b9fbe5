import { expect, it } from "vitest";
import type { MessageEvent } from "../../adapters/contract/index.ts";
import { processThreads } from "../../apps/core/inbound/process.ts";
import { FIRST_WORKSPACE } from "../../apps/core/platform/workspace.ts";
import { openBeside } from "../support/whatsapp-number.ts";
import { createDatabase } from "../support/postgres.ts";

const ROUNDS = 15;
const PATIENCE = { quietMs: 60_000, maxWaitMs: 60_000 };
const ACCOUNT = "00000000-0000-7000-8000-00000000aaaa";

/** Somebody writes from a browser whose host has signed these e-mail addresses for them. */
function saying(session: string, emails: string[]): MessageEvent {
  return {
    type: "message",
    eventKey: `message ${session}`,
    thread: { aliases: [session], audience: "private", address: { session } },
    author: {
      identifiers: [
        { type: "web", value: session, assurance: 2 },
        ...emails.map((value) => ({ type: "email", value, assurance: 3 as const })),
      ],
    },
    content: { kind: "text", text: "hello" },
  };
}

it("two workers that link A–B and B–C at once make one profile of them", { timeout: 60_000 }, async () => {
  const database = await createDatabase();
  const env = {
    DATABASE_URL: database.url,
    KEYSTORE_URL: database.keystoreUrl,
    MASTER_KEY: Buffer.alloc(32, 7).toString("base64"),
    LOG_LEVEL: "silent",
  };
  const first = await openBeside(env);
  const second = await openBeside(env);
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const [a, b, c] = [`a${round}@shop.example`, `b${round}@shop.example`, `c${round}@shop.example`];
      const origin = { workspaceId: FIRST_WORKSPACE, accountId: ACCOUNT, channel: "web" };
      const sayings = [saying(`left ${round}`, [a, b]), saying(`right ${round}`, [b, c])];
      const stored = await Promise.all(sayings.map((event) => first.ingest.ingest(origin, [event])));
      const ids = stored.flatMap((s) => s.messageIds);
      const { rows: threads } = await first.parts.db.pool.query<{ id: string }>(
        "SELECT thread_id AS id FROM message WHERE id = ANY($1::uuid[])",
        [ids],
      );
      expect(threads).toHaveLength(2);
      await Promise.all(
        [first, second].map(({ parts }, i) =>
          processThreads(parts, {
            workspaceId: FIRST_WORKSPACE,
            threadIds: [threads[i]?.id ?? ""],
            patience: PATIENCE,
            again: false,
          }),
        ),
      );
      const { rows } = await first.parts.db.pool.query<{ profiles: string; identifiers: string }>(
        `SELECT count(DISTINCT n.profile_id) AS profiles, count(*) AS identifiers
           FROM message m JOIN evidence e ON e.subject_id = m.identifier_id
           JOIN evidence_identifier l ON l.evidence_id = e.id JOIN identifier n ON n.id = l.identifier_id
          WHERE m.id = ANY($1::uuid[]) AND n.profile_id IS NOT NULL`,
        [ids],
      );
      expect(rows[0]).toEqual({ profiles: "1", identifiers: "6" });
    }
  } finally {
    await Promise.all([first.close(), second.close()]);
    await database.drop();
  }
});
