import type { Author, ThreadAddress } from "../contract/index.ts";
import { aliasesOf, authorOf, bsuidOf, identifiersOf, objectOf, phoneOf, stringOf, unique } from "./people.ts";
import type { JsonObject, Person } from "./people.ts";

/** A customer's new number or new BSUID, as Meta vouches for it: one person under two names. */
export interface IdentityChange {
  code: "number_changed" | "user_id_changed";
  author: Author;
  thread: ThreadAddress;
}

/**
 * Reads a system message about a changed identity; undefined when it is none or doesn't say what the new one is.
 *
 * `user_changed_number`: `from` is the old number, `system.wa_id` the new one. `user_changed_user_id`:
 * `system.previous_user_id` and `system.user_id`; `wa_id` is there unless the customer hides the number.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system
 */
export function systemChange(message: JsonObject, sender: Person): IdentityChange | undefined {
  if (message["type"] !== "system") return undefined;
  const system = objectOf(message["system"]) ?? {};
  const type = stringOf(system["type"]);
  const phone = phoneOf(system["wa_id"]) ?? phoneOf(system["new_wa_id"]);
  const bsuid = bsuidOf(system["user_id"]);
  const previousBsuid = bsuidOf(system["previous_user_id"]);
  if (type === "user_changed_number" || type === "customer_changed_number") {
    if (phone === undefined && bsuid === undefined) return undefined;
    const old = { ...sender, phone: phoneOf(message["from"]), bsuid: previousBsuid ?? otherThan(bsuid, sender.bsuid) };
    return identityChange("number_changed", old, { ...sender, phone, bsuid });
  }
  if (type === "user_changed_user_id" && bsuid !== undefined) {
    const from = phoneOf(message["from"]);
    const old = { ...sender, phone: from, bsuid: previousBsuid ?? otherThan(bsuid, sender.bsuid) };
    return identityChange("user_id_changed", old, { ...sender, phone, bsuid });
  }
  return undefined;
}

/** Joins the old and the new names of one person. Undefined when the old one is unknown: there is nothing to join. */
export function identityChange(code: IdentityChange["code"], old: Person, current: Person): IdentityChange | undefined {
  if (identifiersOf(old).length === 0) return undefined;
  const author = authorOf(old, identifiersOf(current));
  // The old names come first: they find the thread that is there, and the new ones are added to it. The other way
  // round, a recycled number could lead into the thread of whoever had it before.
  const [alias, ...others] = unique([...aliasesOf(old), ...aliasesOf(current)], (a) => a);
  if (author === undefined || alias === undefined) return undefined;
  return {
    code,
    author,
    thread: {
      aliases: [alias, ...others],
      audience: "private",
      // What isn't known any more is cleared: a message to the old number could reach a stranger.
      address: { phone: current.phone ?? null, bsuid: current.bsuid ?? null },
    },
  };
}

function otherThan(current: string | undefined, candidate: string | undefined): string | undefined {
  return candidate === current ? undefined : candidate;
}
