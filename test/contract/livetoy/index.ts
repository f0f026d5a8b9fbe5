import { randomUUID } from "node:crypto";
import { z } from "zod";
import { RefusedError } from "../../../adapters/contract/index.ts";
import type { Author, ChannelAdapter, LiveSession } from "../../../adapters/contract/index.ts";
import { liveToySettings, proofOf } from "./settings.ts";
import type { LiveToySettings } from "./settings.ts";
import { simulator } from "./simulator.ts";

const TEXT = 1_000;

const credentials = z.object({ user: z.string().min(1), proof: z.string() }).partial();
const frames = z.object({ id: z.string().regex(/^[\w-]{1,50}$/), text: z.string().trim().min(1).max(TEXT) });

/** A channel of pages, for the contract suite's own tests. */
export const adapter: ChannelAdapter<LiveToySettings> = {
  id: "livetoy",
  label: "Live toy",
  settings: liveToySettings,
  limits: { text: { maxLength: TEXT } },
  identifiers: { visitor: "Browser session" },
  live: {
    async connect({ auth, origin }, { settings }) {
      if (origin !== settings.origin) throw new RefusedError("origin_not_allowed", "not this page");
      const given = credentials.safeParse(auth);
      if (!given.success) throw new RefusedError("bad_handshake", "odd credentials");
      const { user, proof } = given.data;
      if (user === undefined && proof === undefined)
        return sessionOf({ type: "visitor", value: randomUUID(), assurance: 1 });
      if (user === undefined || proof !== proofOf(user, settings.hostSecret))
        throw new RefusedError("forged", "not signed");
      return sessionOf({ type: "external", value: user, assurance: 3 });
    },
    async receive({ name, data }, { id, thread, author }) {
      const frame = frames.safeParse(data);
      if (name !== "say" || !frame.success) throw new RefusedError("bad_frame", "not a frame of the toy");
      const eventKey = `message:${id}:${frame.data.id}`;
      const content = { kind: "text" as const, text: frame.data.text };
      return {
        events: [{ type: "message", eventKey, thread, author, content }],
        acknowledgement: { id: frame.data.id },
      };
    },
    present: ({ id, content, direction }) => ({ id, direction, text: content.text }),
  },
  send: async ({ id }) => ({ providerId: id }),
  simulator,
};

function sessionOf(identifier: Author["identifiers"][0]): LiveSession {
  const { type, value } = identifier;
  return {
    id: `${type}-${value}`,
    thread: { aliases: [`${type}:${value}`], audience: "private", address: {} },
    author: { identifiers: [identifier] },
    greeting: {},
  };
}
