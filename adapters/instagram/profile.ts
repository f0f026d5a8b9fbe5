import { z } from "zod";
import type { Author, CallContext } from "../contract/index.ts";
import { callGraph } from "./graph.ts";
import type { InstagramSettings } from "./settings.ts";

const word = z.string().min(1).optional().catch(undefined);
const answer = z.object({ name: word, username: word });

/**
 * The customer's name and username. Their picture is left alone: its address changes every few days, and each would be taken
 * for a new value of a fact.
 * @see https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/messaging-api/user-profile
 * @throws {SendError} when Instagram doesn't tell (the customer has not written yet, or has blocked the account)
 */
export async function profile(
  author: Author,
  { settings, signal }: CallContext<InstagramSettings>,
): Promise<Record<string, string>> {
  const handle = author.identifiers.find(({ type, value }) => type === "instagram" && /^\d{1,32}$/.test(value));
  if (handle === undefined) return {};
  const query = { fields: "name,username" };
  const told = answer.parse(await callGraph(settings, { method: "GET", path: handle.value, query }, signal));
  return {
    ...(told.name === undefined ? {} : { name: told.name }),
    ...(told.username === undefined ? {} : { username: told.username }),
  };
}
