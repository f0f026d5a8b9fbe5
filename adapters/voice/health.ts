import { z } from "zod";
import type { Finding, HealthContext } from "../contract/index.ts";
import { askTwilio, isSuccess } from "./client.ts";
import type { Answer } from "./client.ts";
import { codeOf } from "./refusal.ts";
import type { VoiceSettings } from "./settings.ts";

const account = z.object({ status: z.string() });
const numbers = z.object({
  incoming_phone_numbers: z.array(
    z.object({
      voice_url: z.string().nullish(),
      voice_application_sid: z.string().nullish(),
      status_callback: z.string().nullish(),
      capabilities: z.object({ voice: z.boolean().optional() }).nullish(),
    }),
  ),
});

/**
 * Whether Twilio takes our token, the account is active, and the number brings its calls here.
 * @throws {Error} when Twilio can't be asked
 * @see https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
 */
export async function health({ settings, signal, webhookUrl }: HealthContext<VoiceSettings>): Promise<Finding[]> {
  const { accountSid, phoneNumber } = settings;
  const told = await askTwilio(settings, signal, (client) => client.api.v2010.accounts(accountSid).fetch());
  if (isRefused(told)) {
    const detail = "Twilio refuses the account SID or the auth token: enter the primary token anew.";
    return [{ code: "token_dead", level: "problem", detail }];
  }
  const { status } = account.parse(bodyOf(told));
  if (status !== "active") {
    const detail = "The Twilio account is suspended or closed: see the Twilio console.";
    return [{ code: "account_inactive", level: "problem", detail }];
  }
  const listed = await askTwilio(settings, signal, (client) =>
    client.incomingPhoneNumbers.list({ phoneNumber, limit: 1, pageSize: 1 }),
  );
  const [number] = numbers.parse(bodyOf(listed)).incoming_phone_numbers;
  if (number === undefined) {
    const detail = "The number is not one of this Twilio account: calls neither come nor go.";
    return [{ code: "number_missing", level: "problem", detail }];
  }
  return numberFindings(number, webhookUrl);
}

function numberFindings(
  number: z.infer<typeof numbers>["incoming_phone_numbers"][number],
  webhookUrl: string,
): Finding[] {
  const findings: Finding[] = [];
  if (number.capabilities?.voice === false) {
    findings.push({ code: "no_voice", level: "problem", detail: "The number can't be called: it has no voice." });
  }
  // An application, where there is one, takes the calls whatever the number's own URL says.
  const isElsewhere = number.voice_url !== webhookUrl || (number.voice_application_sid ?? "") !== "";
  if (isElsewhere) {
    const detail = `Calls go elsewhere: set "A call comes in" of the number to ${webhookUrl} (HTTP POST).`;
    findings.push({ code: "webhook_elsewhere", level: "problem", detail });
  }
  if (number.status_callback !== webhookUrl) {
    const detail = `Missed calls and the length of calls are not told: set "Call status changes" of the number to ${webhookUrl}.`;
    findings.push({ code: "status_callback_elsewhere", level: "warning", detail });
  }
  return findings;
}

function isRefused(answer: Answer): boolean {
  const code = codeOf(answer.body);
  return answer.status === 401 || answer.status === 403 || code === "20003" || code === "20005";
}

/** @throws {Error} when it is no answer to what was asked */
function bodyOf(answer: Answer): unknown {
  if (isSuccess(answer)) return answer.body;
  throw new Error(`Twilio answered ${answer.status} when asked how the account is`);
}
