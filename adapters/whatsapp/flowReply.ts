import type { Json } from "../contract/index.ts";
import type { Reading } from "./content.ts";
import { objectOf, stringOf } from "./people.ts";
import type { JsonObject } from "./people.ts";

/** Longest text that answers are written out to, in UTF-16 code units; all of them are in `extra`. */
const LONGEST = 4_000;

/**
 * A form (WhatsApp Flow, address form) was filled in. Its answers are JSON in a string; a person reads them as
 * `name: Sarah; size: L`.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/flows/guides/receiveflowresponse
 */
export function readFlowReply(reply: JsonObject): Reading | undefined {
  const json = stringOf(reply["response_json"]);
  if (json === undefined) return undefined;
  const name = stringOf(reply["name"]) ?? "flow";
  const answers = parsed(json);
  const words = written(objectOf(answers) ?? {})
    .join("; ")
    .slice(0, LONGEST);
  return {
    content: { kind: "choice", id: name, text: words === "" ? (stringOf(reply["body"]) ?? name) : words },
    extra: { answers },
  };
}

function parsed(json: string): Json {
  try {
    const value: Json = JSON.parse(json);
    return value;
  } catch {
    return json; // Not JSON after all: kept as it came.
  }
}

/** What is in every reply and nobody has answered. */
const NO_ANSWERS = new Set(["flow_token", "version"]);

function written(answers: JsonObject, within = ""): string[] {
  return Object.entries(answers).flatMap(([key, value]) => {
    if (within === "" && NO_ANSWERS.has(key)) return [];
    const label = `${within}${readable(key)}`;
    const inner = objectOf(value);
    if (inner !== undefined) return within.length > 100 ? [] : written(inner, `${label} `);
    const words = (Array.isArray(value) ? value : [value]).filter((word) => word !== null && typeof word !== "object");
    return words.length === 0 ? [] : [`${label}: ${words.join(", ")}`];
  });
}

/** `screen_0_First_Name_1` is what Meta's builder makes of "First Name". */
function readable(key: string): string {
  const name = key.replace(/^screen_\d+_/, "").replace(/_\d+$/, "");
  return (name === "" ? key : name).replaceAll("_", " ");
}
