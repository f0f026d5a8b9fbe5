import type { Author } from "../contract/index.ts";
import { idOf, objectOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";

/** What Discord's events may name as an author, for people. */
export const identifiers: Record<string, string> = {
  discord: "Discord user id",
  discord_webhook: "Discord webhook that writes in a server",
  unattributed: "Discord notices that name nobody",
};

/** A user as the author; undefined when it is none. Discord vouches for the id (assurance 2), and for nothing else. */
export function userAuthor(
  user: JsonObject | undefined,
  more: { language?: string | undefined } = {},
): Author | undefined {
  const id = idOf(user?.["id"]);
  if (user === undefined || id === undefined) return undefined;
  const told = {
    name: stringOf(user["global_name"]) ?? stringOf(user["username"]),
    username: stringOf(user["username"]),
    language: more.language,
  };
  const attributes: Record<string, string> = {};
  for (const [key, value] of Object.entries(told)) if (value !== undefined) attributes[key] = value;
  return {
    identifiers: [{ type: "discord", value: id, assurance: 2 }],
    ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
  };
}

/** A user of whom only the id is told. */
export function knownAuthor(id: string | undefined): Author {
  return id === undefined ? nobody : { identifiers: [{ type: "discord", value: id, assurance: 2 }] };
}

/** The author of what names nobody. */
export const nobody: Author = {
  identifiers: [{ type: "unattributed", value: "discord", assurance: 0, scope: "account" }],
};

/** Who wrote a message. A webhook's `author` is the webhook, which must not become a person. */
export function messageAuthor(message: JsonObject): Author {
  const webhook = idOf(message["webhook_id"]);
  if (webhook !== undefined) return { identifiers: [{ type: "discord_webhook", value: webhook, assurance: 2 }] };
  return userAuthor(objectOf(message["author"])) ?? nobody;
}

/** Whether a person wrote it: not a bot, not a webhook, not Discord itself. */
export function isHuman(message: JsonObject): boolean {
  const author = objectOf(message["author"]);
  return (
    author !== undefined &&
    author["bot"] !== true &&
    author["system"] !== true &&
    idOf(message["webhook_id"]) === undefined
  );
}
