import type { Invitation } from "../contract/index.ts";
import { stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import type { InstagramSettings } from "./settings.ts";

/** Tells our link codes from the refs of the business's own campaigns. A `ref` takes letters, digits, `-`, `_` and `=`. */
const CODE_REF = /^code-([A-Za-z0-9_-]{6,64})$/;

/**
 * An ig.me link that opens the conversation with the account and brings the code along, or undefined when the settings
 * name no username. In a new conversation Instagram tells the code only where the account has ice breakers.
 * @see https://developers.facebook.com/documentation/business-messaging/instagram-messaging/features/ig-me-links
 */
export function link(settings: InstagramSettings, token: string): Invitation | undefined {
  const username = settings.username?.replace(/^@/, "");
  const ref = `code-${token}`;
  if (username === undefined || !CODE_REF.test(ref)) return undefined;
  return { url: `https://ig.me/m/${username}?ref=${ref}` };
}

/** The link code in a referral that came of such a link. */
export function linkToken(referral: JsonObject | undefined): string | undefined {
  const ref = stringOf(referral?.["ref"]);
  return ref === undefined ? undefined : CODE_REF.exec(ref)?.[1];
}
