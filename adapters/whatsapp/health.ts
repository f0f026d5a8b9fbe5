import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type { Finding, HealthContext } from "../contract/index.ts";
import { askGraph } from "./graph.ts";
import type { WhatsAppSettings } from "./settings.ts";

const text = z.string().optional().catch(undefined);

const number = z.object({
  status: text,
  quality_rating: text,
  name_status: text,
  code_verification_status: text,
  webhook_configuration: z
    .object({ phone_number: text, whatsapp_business_account: text, application: text })
    .optional()
    .catch(undefined),
});
type PhoneNumber = z.infer<typeof number>;

const subscriptions = z.object({ data: z.array(z.unknown()) });

/**
 * Looks at the number and its business account as Meta sees them.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers
 * @throws {SendError} when Meta can't be asked
 */
export async function health(context: HealthContext<WhatsAppSettings>): Promise<Finding[]> {
  const { settings } = context;
  const fields = Object.keys(number.shape).join(",");
  const answer = await asked(context, settings.phoneNumberId, { fields });
  if (!answer.ok) return [answer.finding];
  const parsed = number.safeParse(answer.json);
  if (!parsed.success) throw new SendError("later", "WhatsApp answered with something else than the number");
  return [...numberFindings(parsed.data), ...webhookFindings(parsed.data, context), ...(await subscribed(context))];
}

type Answer = { ok: true; json: unknown } | { ok: false; finding: Finding };

async function asked(
  { settings, signal }: HealthContext<WhatsAppSettings>,
  path: string,
  query: Record<string, string> = {},
): Promise<Answer> {
  try {
    return { ok: true, json: await askGraph({ path, query }, { settings, signal }) };
  } catch (error) {
    if (!(error instanceof SendError) || error.kind === "later") throw error;
    return { ok: false, finding: refusedFinding(error) };
  }
}

function refusedFinding({ kind, code, message }: SendError): Finding {
  if (code === "190") {
    return {
      code: "token_dead",
      level: "problem",
      detail: `The access token is not valid any more: make a new one for the system user and enter it here. (${message})`,
    };
  }
  if (kind === "credentials") {
    return { code: "access_denied", level: "problem", detail: `Meta refuses this token or account. (${message})` };
  }
  return {
    code: "number_unknown",
    level: "problem",
    detail: `Meta does not know this phone number ID, or not with this token. (${message})`,
  };
}

const CONNECTED = new Set(["CONNECTED"]);
/** Messages still go. */
const STRAINED = new Set(["FLAGGED", "RATE_LIMITED"]);

function* numberFindings(phone: PhoneNumber): Generator<Finding> {
  const { status, quality_rating: quality, name_status: name, code_verification_status: verification } = phone;
  if (status !== undefined && !CONNECTED.has(status)) {
    const level = STRAINED.has(status) ? "warning" : "problem";
    yield {
      code: "number_status",
      level,
      detail: `Meta says that the number is ${plain(status)}: see WhatsApp Manager.`,
    };
  }
  if (quality === "RED" || quality === "YELLOW") {
    const [code, words] = quality === "RED" ? ["quality_low", "low"] : ["quality_medium", "medium"];
    yield {
      code,
      level: "warning",
      detail: `The number's quality is ${words}: customers block or report what it sends. Meta may restrict it.`,
    };
  }
  if (name === "DECLINED" || name === "EXPIRED") {
    yield { code: "name_declined", level: "warning", detail: `The number's display name is ${plain(name)}.` };
  }
  if (verification === "NOT_VERIFIED" || verification === "UNVERIFIED") {
    yield { code: "number_unverified", level: "warning", detail: "The number's ownership is not verified at Meta." };
  }
}

/**
 * Meta delivers to the number's own URL, else to the business account's, else to the app's.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/override
 */
function* webhookFindings(phone: PhoneNumber, { webhookUrl }: HealthContext<WhatsAppSettings>): Generator<Finding> {
  const set = phone.webhook_configuration;
  if (set === undefined) return; // Meta tells it to apps of its own account only.
  const url = set.phone_number ?? set.whatsapp_business_account ?? set.application;
  if (url === undefined || url === "") {
    yield { code: "webhook_missing", level: "problem", detail: "No webhook URL is entered at Meta: nothing comes in." };
  } else if (url !== webhookUrl) {
    yield {
      code: "webhook_elsewhere",
      level: "problem",
      detail: "Meta delivers this number's messages to another URL than this account's webhook.",
    };
  }
}

async function subscribed(context: HealthContext<WhatsAppSettings>): Promise<Finding[]> {
  const { businessAccountId } = context.settings;
  if (businessAccountId === undefined) return [];
  const answer = await asked(context, `${businessAccountId}/subscribed_apps`);
  if (!answer.ok) {
    return [
      {
        code: "management_denied",
        level: "warning",
        detail:
          "The token may not read the WhatsApp Business Account: without whatsapp_business_management there are no templates.",
      },
    ];
  }
  const { data } = subscriptions.safeParse(answer.json);
  if (data === undefined || data.data.length > 0) return [];
  return [
    {
      code: "app_not_subscribed",
      level: "problem",
      detail: "No app is subscribed to the WhatsApp Business Account: Meta delivers nothing.",
    },
  ];
}

function plain(token: string): string {
  return token.toLowerCase().replaceAll("_", " ").slice(0, 40);
}
