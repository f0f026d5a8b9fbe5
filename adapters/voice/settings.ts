import type VoiceResponse from "twilio/lib/twiml/VoiceResponse.js";
import { z } from "zod";
import { secret } from "../contract/index.ts";

/** What can be both understood and spoken. */
type Language = Extract<
  NonNullable<VoiceResponse.GatherAttributes["language"]>,
  NonNullable<VoiceResponse.SayAttributes["language"]>
>;
type Voice = NonNullable<VoiceResponse.SayAttributes["voice"]>;

/** Twilio's list of languages and voices grows faster than its library: the form of the name is checked, Twilio checks the name. */
function named<T extends string>(form: RegExp, error: string) {
  return z
    .string()
    .regex(form, error)
    .pipe(z.custom<T>((value) => typeof value === "string"));
}

const PHONE = /^\+[1-9]\d{6,14}$/;

/** The settings of one telephone number. */
export const voiceSettings = z.object({
  accountSid: z
    .string()
    .regex(/^AC[0-9a-fA-F]{32}$/, "AC and 32 hexadecimal digits, from the Twilio console's start page")
    .describe("Account SID, from the Twilio console's start page"),
  authToken: secret(
    z
      .string()
      .regex(/^[!-~]+$/, "must not be empty or contain spaces, invisible characters or letters beyond ASCII")
      .describe("Auth token (the primary one), beside the account SID; calls, and checks that webhooks are Twilio's"),
  ),
  phoneNumber: z
    .string()
    .regex(PHONE, "a number like +14155550100")
    .describe("The Twilio number that customers call, like +14155550100; call-backs show it"),
  greeting: z
    .string()
    .trim()
    .min(1)
    .max(500)
    .default("Thank you for calling.")
    .describe("What callers hear first, in the language below"),
  language: named<Language>(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){1,2}$/, "a language tag like en-US")
    .default("en-US")
    .describe("Language that is spoken and understood, like en-US, de-DE, es-ES or fr-FR"),
  voice: named<Voice>(/^[A-Za-z][\p{L}0-9._-]{0,99}$/u, "a voice's name like Polly.Joanna-Neural")
    .optional()
    .describe("Voice that speaks, like Polly.Joanna-Neural; without it, Twilio's own for the language"),
  agentNumbers: z
    .string()
    .regex(
      /^\+[1-9]\d{6,14}(\s*,\s*\+[1-9]\d{6,14}){0,9}$/,
      "up to ten numbers like +14155550199, with commas between them",
    )
    .optional()
    .describe(
      "Telephones of the staff, with commas between them, rung together when a caller asks for a person. None: voicemail is offered instead",
    ),
  recording: z
    .enum(["off", "announce", "ask"])
    .default("ask")
    .describe("Voicemail: off; announce that it is recorded; or ask first and record only after a yes"),
  transcribe: z.boolean().default(false).describe("Have Twilio write down voicemails (English only, costs extra)"),
  charactersPerSecond: z
    .number()
    .min(1)
    .max(1_000_000)
    .default(14)
    .describe("How fast the voice speaks; a second message waits until the first has been said"),
  apiBaseUrl: z
    .url({ protocol: /^https?$/, error: "must be an http or https URL" })
    .default("https://api.twilio.com")
    .describe("Base URL of Twilio's REST API; for a region, like https://api.dublin.ie1.twilio.com"),
});

/** Parsed settings of one telephone number. */
export type VoiceSettings = z.infer<typeof voiceSettings>;

/** The staff's telephones, rung together. */
export function agentsOf({ agentNumbers = "" }: Pick<VoiceSettings, "agentNumbers">): string[] {
  return agentNumbers.split(",").flatMap((number) => (number.trim() === "" ? [] : [number.trim()]));
}
