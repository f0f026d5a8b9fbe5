import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import {
  SendError,
  type MessageTemplate,
  type OutboundContent,
  type TemplateMessage,
} from "../../../adapters/contract/index.ts";
import { invalidField, Problem } from "../platform/problem.ts";
import type { OpenAccount } from "./accounts.ts";

/** Providers approve templates within hours, and limit how often they are asked for them. Milliseconds. */
const REMEMBERED_MS = 5 * 60_000;
/** A provider that takes longer is away. Milliseconds. */
const TIMEOUT_MS = 10_000;

/** By account and settings: new settings may mean another account of the provider's. */
const remembered = new LRUCache<string, MessageTemplate[]>({ max: 1_000, ttl: REMEMBERED_MS });

/**
 * The approved (and not yet approved) messages of an account, as its provider has them; remembered for a few minutes unless
 * `fresh`. Empty where the channel has none.
 * @throws {Problem} refusedElsewhere · unavailable
 */
export async function templatesOf(account: OpenAccount, options: { fresh?: boolean } = {}): Promise<MessageTemplate[]> {
  const { adapter, settings, id } = account;
  if (adapter.templates === undefined) return [];
  const key = `${id} ${createHash("sha256").update(JSON.stringify(settings)).digest("base64")}`;
  const known = options.fresh === true ? undefined : remembered.get(key);
  if (known !== undefined) return known;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const templates = await adapter.templates({ settings, accountId: id, signal });
    remembered.set(key, templates);
    return templates;
  } catch (error) {
    throw problemOf(error);
  }
}

/**
 * A template as a message: looked up among the account's approved ones, its variables checked, with the text that the
 * customer will read.
 * @throws {Problem} `invalid`, naming the field · refusedElsewhere · unavailable
 */
export async function templateMessage(account: OpenAccount, wanted: TemplateMessage): Promise<OutboundContent> {
  const isWanted = (one: MessageTemplate) => one.name === wanted.name && one.language === wanted.language;
  const isReady = (one: MessageTemplate) => isWanted(one) && one.status === "approved";
  const known = await templatesOf(account);
  // It may have been approved since.
  const templates = known.some(isReady) ? known : await templatesOf(account, { fresh: true });
  const template = templates.find(isReady);
  if (template === undefined) throw notReady(templates, { wanted, isWanted });
  const { variables } = wanted;
  const missing = template.variables.find((name) => !Object.hasOwn(variables, name));
  if (missing !== undefined) throw invalidField(`template.variables.${missing}`, "is required by this template");
  const unknown = Object.keys(variables).find((name) => !template.variables.includes(name));
  if (unknown !== undefined) throw invalidField(`template.variables.${unknown}`, "is not a variable of this template");
  return { text: rendered(template, variables), template: wanted };
}

function rendered({ text, variables: names }: MessageTemplate, variables: Record<string, string>): string {
  return text.replaceAll(/\{\{\s*([^{}]+?)\s*\}\}/g, (place, name: string) =>
    names.includes(name) ? (variables[name] ?? place) : place,
  );
}

function notReady(
  templates: MessageTemplate[],
  { wanted, isWanted }: { wanted: TemplateMessage; isWanted: (one: MessageTemplate) => boolean },
): Problem {
  const found = templates.find(isWanted);
  if (found !== undefined)
    return invalidField("template.name", `is ${found.status}; only approved templates can be sent`);
  return templates.some((one) => one.name === wanted.name)
    ? invalidField("template.language", "this template is not there in this language")
    : invalidField("template.name", "there is no such template; GET /v1/channel-accounts/:id/templates lists them");
}

function problemOf(error: unknown): Problem {
  const advice = error instanceof SendError ? error.kind : "unknown";
  if (advice === "later" || advice === "unknown")
    return new Problem("unavailable", "The provider can't be asked for its templates now; try again in a moment.", {
      code: "provider-away",
      cause: error,
    });
  const detail =
    advice === "credentials"
      ? "The provider does not accept the account's token; renew it in the account's settings."
      : "The provider refuses to show this account's templates; check the account's settings and its rights there.";
  return new Problem("refusedElsewhere", detail, { code: "provider-refused", cause: error });
}
