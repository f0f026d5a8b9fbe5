import { z } from "zod";

/** What an API key may be allowed to do, and what each scope means. A write scope does not include reading. */
export const scopes = {
  "channels:read": "List channels and channel accounts (secrets are never shown)",
  "channels:write": "Create, change and delete channel accounts",
  "profiles:read": "Find and read profiles: names, attributes, identifiers",
  "messages:read": "Read timelines, files, contexts and messages whose delivery is unknown",
  "messages:write": "Write to customers, and upload files to send",
  "conversations:read": "List a customer's conversations",
  "conversations:write": "Resolve, snooze, reopen conversations and take them over from the bot",
  "links:write": "Make link codes, with which a customer joins another channel to the profile",
  "merges:read": "List merges",
  "merges:write": "Merge profiles and undo merges",
  "parked:read": "List parked messages",
  "parked:write": "Replay parked messages",
  "workspace:read": "Read the workspace's settings",
  "workspace:write": "Change the workspace's settings",
} as const;

/** One of the {@link scopes}. */
export type Scope = keyof typeof scopes;

/** What a key can be given: single scopes, or `*` for everything there is and will be. */
export const grantedScope = z.enum(["*", ...Object.keys(scopes)]);

/**
 * Reads a list of scopes, separated by commas or spaces, as the command line takes it.
 * @throws {z.ZodError} when one of them is not known or there is none
 */
export function parseScopes(text: string): string[] {
  const given = text.split(/[\s,]+/).filter((scope) => scope !== "");
  return [...new Set(z.array(grantedScope).min(1).parse(given))];
}

/** Whether somebody who was granted these may do what asks for that scope. */
export function allows(granted: readonly string[], asked: Scope): boolean {
  return granted.includes("*") || granted.includes(asked);
}
