import { z } from "zod";
import type { Finding, HealthContext } from "../contract/index.ts";
import { twilioClient } from "./client.ts";
import type { TwilioClient } from "./client.ts";
import type { SmsSettings } from "./settings.ts";

const account = z.object({ status: z.string() });
const numbers = z.object({
  incoming_phone_numbers: z.array(
    z.object({
      sms_url: z.string().nullish(),
      sms_fallback_url: z.string().nullish(),
      sms_application_sid: z.string().nullish(),
      capabilities: z.object({ sms: z.boolean().nullish(), mms: z.boolean().nullish() }).nullish(),
    }),
  ),
});

/**
 * Whether the account is active and its number delivers here. What a messaging service's pool delivers is set at the service,
 * so that its numbers' own URLs say nothing.
 * @throws {Error} when Twilio can't be asked
 */
export async function health(context: HealthContext<SmsSettings>): Promise<Finding[]> {
  const { settings, signal, webhookUrl } = context;
  const state = await asked(twilioClient(settings, signal), ({ api }) =>
    api.api.v2010.accounts(settings.accountSid).fetch(),
  );
  if (state.status === 401 || state.status === 403) {
    return [problem("token_dead", "Twilio refuses the account SID or the auth token: enter the present ones")];
  }
  const { data: told } = account.safeParse(state.body);
  if (told === undefined) throw new Error(`Twilio answered ${state.status} when asked for the account`);
  if (told.status !== "active") {
    return [problem("account_inactive", `Twilio says that the account is ${told.status}: see its console`)];
  }
  const { phoneNumber, messagingServiceSid } = settings;
  if (messagingServiceSid !== undefined || phoneNumber === undefined || !phoneNumber.startsWith("+")) return [];
  const list = await asked(twilioClient(settings, signal), ({ api }) =>
    api.incomingPhoneNumbers.page({ phoneNumber, pageSize: 1 }),
  );
  const { data } = numbers.safeParse(list.body);
  if (data === undefined) throw new Error(`Twilio answered ${list.status} when asked for the number`);
  const [number] = data.incoming_phone_numbers;
  return number === undefined
    ? [problem("number_gone", "the number is not among those of this Twilio account")]
    : numberFindings(number, { settings, webhookUrl });
}

function numberFindings(
  number: z.infer<typeof numbers>["incoming_phone_numbers"][number],
  { settings, webhookUrl }: { settings: SmsSettings; webhookUrl: string },
): Finding[] {
  const found: Finding[] = [];
  const { sms_url: url, sms_application_sid: application, capabilities } = number;
  if (typeof application === "string" && application !== "") {
    found.push(warning("webhook_elsewhere", "a TwiML app receives the number's messages: the app must deliver here"));
  } else if (withoutFragment(url ?? "") !== webhookUrl) {
    found.push(
      problem("webhook_elsewhere", "the number's messages are delivered elsewhere: enter the webhook URL there"),
    );
  } else if (withoutFragment(number.sms_fallback_url ?? "") !== webhookUrl) {
    found.push(
      warning("no_fallback", "Twilio delivers once only: enter the webhook URL as the number's fallback handler, too"),
    );
  }
  if (capabilities?.sms === false) found.push(problem("no_sms", "the number can't send or receive SMS"));
  if (settings.mms && capabilities?.mms === false) {
    found.push(warning("no_mms", "the number can't send files: switch MMS off in the settings, or buy one that can"));
  }
  return found;
}

/** `#rc=…` tells Twilio how often to try; it is not part of where. */
function withoutFragment(url: string): string {
  return url.replace(/#.*$/s, "");
}

/** The answer as it came; the library throws some of them. @throws {Error} when there is none */
async function asked(
  client: TwilioClient,
  ask: (client: TwilioClient) => Promise<unknown>,
): Promise<{ status: number; body: unknown }> {
  let cause: unknown;
  await ask(client).catch((error: unknown) => {
    cause = error;
  });
  const answer = client.http.lastResponse;
  if (answer === undefined) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "no answer";
    throw new Error(`Twilio could not be asked (${code})`);
  }
  return { status: answer.statusCode, body: answer.body };
}

function problem(code: string, detail: string): Finding {
  return { code, level: "problem", detail };
}

function warning(code: string, detail: string): Finding {
  return { code, level: "warning", detail };
}
