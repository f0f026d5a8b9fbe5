import { randomBytes } from "node:crypto";
import { InteractionResponseType, MessageFlags } from "discord.js";
import { numberOf, objectOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { refused } from "./simulatedApi.ts";
import type { ApiAnswer } from "./simulatedApi.ts";
import { snowflake } from "./simulatedWorld.ts";

/** What became of a slash command or a pressed button. */
export interface InteractionAnswer {
  /** `type` of the callback. */
  type: number;
  /** Only the user sees it. */
  ephemeral: boolean;
  /** What is shown instead of "thinking…", if anything yet. */
  content?: string;
  /** The answer was taken away. */
  deleted?: boolean;
}

/** Interactions that were said to the hub, and their answers. */
export interface SimulatedInteractions {
  /** A new one; `acknowledged` rejects when there is no callback within 3 seconds, as Discord then shows a failure. */
  begin(): { id: string; token: string; acknowledged: Promise<void> };
  /** `POST /interactions/:id/:token/callback` */
  callback(id: string, token: string, body: JsonObject): ApiAnswer;
  /** `PATCH` and `DELETE /webhooks/:application/:token/messages/@original` */
  original(method: string, token: string, body: JsonObject): ApiAnswer;
  answerOf(id: string): InteractionAnswer | undefined;
  stop(): void;
}

/** Discord waits so long for the callback. @see https://docs.discord.com/developers/interactions/receiving-and-responding */
const ACKNOWLEDGED_WITHIN_MS = 3_000;
const MOST_KEPT = 1_000;

interface Kept {
  token: string;
  answer: InteractionAnswer | undefined;
  resolve(): void;
  late: NodeJS.Timeout;
}

/** Opens the desk of interactions. */
export function simulatedInteractions(): SimulatedInteractions {
  const kept = new Map<string, Kept>();

  return {
    begin() {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const id = snowflake();
      const token = randomBytes(32).toString("base64url");
      const late = setTimeout(() => reject(new Error("the application did not respond")), ACKNOWLEDGED_WITHIN_MS);
      promise.catch(() => undefined); // It may be that nobody waits for it.
      kept.set(id, { token, answer: undefined, resolve, late });
      for (const oldest of kept.keys()) {
        if (kept.size <= MOST_KEPT) break;
        kept.delete(oldest);
      }
      return { id, token, acknowledged: promise };
    },
    callback(id, token, body) {
      const known = kept.get(id);
      const type = numberOf(body["type"]);
      if (known?.token !== token) return refused(404, "Unknown interaction", 10062);
      if (known.answer !== undefined) return refused(400, "Interaction has already been acknowledged.", 40060);
      if (type === undefined) return refused(400, "Invalid Form Body", 50035);
      const flags = numberOf(objectOf(body["data"])?.["flags"]) ?? 0;
      known.answer = { type, ephemeral: (flags & MessageFlags.Ephemeral) !== 0 };
      clearTimeout(known.late);
      known.resolve();
      return { status: 204 };
    },
    original(method, token, body) {
      const known = [...kept.values()].find((one) => one.token === token);
      const answer = known?.answer;
      const isThere =
        answer?.type === InteractionResponseType.DeferredChannelMessageWithSource && answer.deleted !== true;
      if (answer === undefined || !isThere) return refused(404, "Unknown Webhook", 10015);
      if (method === "DELETE") {
        answer.deleted = true;
        return { status: 204 };
      }
      const content = stringOf(body["content"]);
      if (content === undefined) return refused(400, "Cannot send an empty message", 50006);
      answer.content = content;
      return { status: 200, body: { id: snowflake(), content } };
    },
    answerOf: (id) => kept.get(id)?.answer,
    stop() {
      for (const { late } of kept.values()) clearTimeout(late);
    },
  };
}
