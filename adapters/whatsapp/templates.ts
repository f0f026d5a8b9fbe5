import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type { CallContext, MessageTemplate } from "../contract/index.ts";
import { askGraph } from "./graph.ts";
import type { WhatsAppSettings } from "./settings.ts";
import { COPIED_CODE } from "./templateMessage.ts";

const text = z.string().optional().catch(undefined);
const button = z.looseObject({ type: text, text, url: text });
const component = z.looseObject({
  type: z.string().catch(""),
  format: text,
  text,
  buttons: z.array(button).optional().catch(undefined),
});
type Component = z.infer<typeof component>;

const template = z.object({
  name: z.string().min(1),
  language: z.string().min(1),
  status: z.string(),
  category: text,
  components: z.array(component).catch([]),
});

const page = z.object({
  data: z.array(z.unknown()),
  paging: z.object({ cursors: z.object({ after: text }).optional().catch(undefined), next: text }).optional(),
});

/** Pages of 100: an account has at most 6,000 templates. */
const MOST_PAGES = 60;

/**
 * The account's templates, in every language, whatever became of them; those that need more than variables (a carousel, a
 * place, products) are left out.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-account/template-api
 * @throws {SendError}
 */
export async function templates({ settings, signal }: CallContext<WhatsAppSettings>): Promise<MessageTemplate[]> {
  const { businessAccountId } = settings;
  if (businessAccountId === undefined) {
    throw new SendError("never", "the WhatsApp Business Account ID (businessAccountId) is missing in the settings");
  }
  const found: MessageTemplate[] = [];
  let after: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const query = {
      fields: "name,language,status,category,components",
      limit: "100",
      ...(after === undefined ? {} : { after }),
    };
    const answer = page.safeParse(
      await askGraph({ path: `${businessAccountId}/message_templates`, query }, { settings, signal }),
    );
    if (!answer.success) throw new SendError("later", "WhatsApp answered with something else than templates");
    found.push(...answer.data.data.flatMap(readTemplate));
    // There is a cursor on the last page, too; only `next` says that another one follows.
    after = answer.data.paging?.next === undefined ? undefined : answer.data.paging.cursors?.after;
    if (after === undefined) break;
  }
  return found;
}

const STATUSES = new Map<string, MessageTemplate["status"]>([
  ["APPROVED", "approved"],
  ["PENDING", "pending"],
  ["IN_APPEAL", "pending"],
  ["REJECTED", "rejected"],
  ["DISABLED", "rejected"],
  ["PAUSED", "paused"],
]);

/** Parts that variables alone don't fill. */
const MORE_THAN_WORDS = new Set(["CAROUSEL", "LIMITED_TIME_OFFER", "LOCATION", "PRODUCT", "MPM", "SPM"]);

function readTemplate(item: unknown): MessageTemplate[] {
  const { data } = template.safeParse(item);
  const status = STATUSES.get(data?.status ?? "");
  if (data === undefined || status === undefined) return [];
  const { name, language, category, components } = data;
  const kinds = components.flatMap((c) => [c.type, c.format ?? "", ...(c.buttons ?? []).map((b) => b.type ?? "")]);
  if (kinds.some((kind) => MORE_THAN_WORDS.has(kind))) return [];
  const words = components.map(wordsOf).filter((line) => line !== "");
  const shown = words.join("\n");
  return [
    {
      name,
      language,
      status,
      ...(category === undefined ? {} : { category: category.toLowerCase() }),
      text: shown,
      variables: [...new Set([...shown.matchAll(/\{\{([\w.]+)\}\}/g)].map((match) => match[1] ?? ""))],
    },
  ];
}

/** What a customer reads of a part, its variables named as `templateMessage.ts` names them. */
function wordsOf({ type, format, text: words = "", buttons = [] }: Component): string {
  if (type === "HEADER") {
    return format === undefined || format === "TEXT" ? named(words, "header.") : `{{media.${format.toLowerCase()}}}`;
  }
  if (type === "BUTTONS") {
    return buttons
      .map(({ type: kind, text: label = "", url = "" }, i) => {
        if (kind === "COPY_CODE") return `[${label}] {{button.${i}.${COPIED_CODE}}}`;
        return [`[${label}]`, named(url, `button.${i}.`)].join(" ").trim();
      })
      .join("\n");
  }
  return named(words, "");
}

function named(words: string, part: string): string {
  return words.replace(/\{\{\s*(\w+)\s*\}\}/g, `{{${part}$1}}`);
}
