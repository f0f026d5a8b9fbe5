import { standingOf } from "../core/access/idempotency.ts";
import type { Parts } from "../core/parts.ts";
import { described } from "../core/platform/log.ts";
import { keyReused, stillRunning, type Idempotency, type KeptAnswer } from "./http/idempotency.ts";

/** Remembers the answers of keyed requests in the database, for all gateways. */
export function storedIdempotency(parts: Pick<Parts, "db" | "vault" | "log">): Idempotency {
  return {
    async run({ actor, key, fingerprint }, act) {
      const { workspaceId, keyId: apiKeyId } = actor;
      const standing = await standingOf(parts, { workspaceId, apiKeyId, name: key, fingerprint });
      if (standing.state === "done") return { answer: standing.answer, replayed: true };
      if (standing.state !== "new") throw standing.state === "other" ? keyReused() : stillRunning();
      let answer: KeptAnswer;
      try {
        answer = await act();
      } catch (error) {
        // Should this fail too, the key is free again after a minute.
        await standing
          .drop()
          .catch((failed: unknown) => parts.log.warn(described(failed), "an idempotency key is not free"));
        throw error;
      }
      // It is done: to free the key now, or to answer with an error, would have it done twice.
      await standing
        .keep(answer)
        .catch((failed: unknown) => parts.log.error(described(failed), "an idempotent answer could not be kept"));
      return { answer, replayed: false };
    },
  };
}
