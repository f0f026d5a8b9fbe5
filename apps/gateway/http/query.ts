import { invalidField, Problem } from "../../core/platform/problem.ts";
import { assertStorable } from "./json.ts";

/**
 * The query of a URL, every name once. A `+` is a space.
 * @throws {Problem} on a name given twice, and on malformed percent-encoding, which other parsers let pass as it is
 */
export function queryOf(url: string): Record<string, string> {
  const question = url.indexOf("?");
  const query = new Map<string, string>();
  for (const pair of question < 0 ? [] : url.slice(question + 1).split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals));
    if (query.has(name)) throw invalidField(name.slice(0, 100), "is given more than once");
    query.set(name, equals < 0 ? "" : decoded(pair.slice(equals + 1)));
  }
  const values = Object.fromEntries(query);
  assertStorable(values);
  return values;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch (cause) {
    throw new Problem("invalid", "The query has a malformed percent-encoding.", { code: "malformed-url", cause });
  }
}
