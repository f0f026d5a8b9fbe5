import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type { Finding, HealthContext } from "../contract/index.ts";
import { callGraph } from "./graph.ts";
import type { InstagramSettings } from "./settings.ts";

/** Longest wait for one answer, in milliseconds. */
const PATIENCE_MS = 15_000;

/**
 * What the hub reads. Meta's pages disagree on some names (`messaging_referral`, `messaging_referrals`); these are those of its
 * webhook reference.
 * @see https://developers.facebook.com/documentation/instagram-platform/webhooks
 */
const FIELDS = [
  "messages",
  "message_reactions",
  "messaging_postbacks",
  "messaging_referral",
  "messaging_seen",
  "message_edit",
];
/** Without these nothing of a conversation comes. */
const NEEDED = new Set(["messages", "messaging_postbacks"]);

const WARN_BEFORE_DAYS = 7;
const DAY_MS = 86_400_000;

const me = z.object({ user_id: z.coerce.string().optional(), username: z.string().optional() });
const subscriptions = z.object({ data: z.array(z.object({ subscribed_fields: z.array(z.string()).default([]) })) });

/** Has Meta deliver this account's messages to the app's webhook. @throws {Error} with a reason for staff */
export async function connect(settings: InstagramSettings): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  await expectOwnAccount(settings, signal);
  const query = { subscribed_fields: FIELDS.join(",") };
  await callGraph(settings, { method: "POST", path: "me/subscribed_apps", query }, signal);
}

async function expectOwnAccount(settings: InstagramSettings, signal: AbortSignal): Promise<void> {
  const query = { fields: "user_id,username" };
  const { user_id: id } = me.parse(await callGraph(settings, { method: "GET", path: "me", query }, signal));
  if (id !== undefined && id !== settings.accountId) throw new OtherAccountError();
}

/** The token is another account's. */
class OtherAccountError extends Error {
  override readonly name = "OtherAccountError";
  constructor() {
    super("the access token belongs to another Instagram account than accountId (`user_id` of GET /me)");
  }
}

/**
 * Looks at the account from Meta's side. Whether the app's one webhook points here, Meta tells the app alone; what the account
 * has it deliver can be asked.
 * @throws {SendError} when Instagram can't be asked
 */
export async function health({ settings, signal }: HealthContext<InstagramSettings>): Promise<Finding[]> {
  const expiry = expiryFindings(settings, new Date());
  try {
    await expectOwnAccount(settings, signal);
    return [...expiry, ...(await subscriptionFindings(settings, signal))];
  } catch (error) {
    if (error instanceof OtherAccountError) {
      return [...expiry, { code: "account_mismatch", level: "problem", detail: error.message }];
    }
    if (!(error instanceof SendError) || error.kind !== "credentials") throw error;
    const detail = `Instagram refuses the access token; make a new one and enter it (${error.message})`;
    return [...expiry, { code: "token_dead", level: "problem", detail }];
  }
}

async function subscriptionFindings(settings: InstagramSettings, signal: AbortSignal): Promise<Finding[]> {
  const { data } = subscriptions.parse(
    await callGraph(settings, { method: "GET", path: "me/subscribed_apps" }, signal),
  );
  const subscribed = new Set(data.flatMap((app) => app.subscribed_fields));
  const missing = FIELDS.filter((field) => !subscribed.has(field));
  if (missing.length === 0) return [];
  const level = missing.some((field) => NEEDED.has(field)) ? "problem" : "warning";
  const detail = `the account's webhook subscription lacks ${missing.join(", ")}; save the channel account again to renew it`;
  return [{ code: "webhook_unsubscribed", level, detail }];
}

/** Meta tells nobody when an Instagram token runs out: sixty days after it was made or refreshed. */
function expiryFindings({ expiresOn: day }: InstagramSettings, now: Date): Finding[] {
  if (day === undefined) return [];
  const left = Math.floor((Date.parse(day) - now.getTime()) / DAY_MS);
  if (left >= WARN_BEFORE_DAYS) return [];
  const detail = `the access token runs out on ${day}; refresh it at Meta and enter the new one`;
  return [{ code: "token_expiring", level: "warning", detail }];
}
