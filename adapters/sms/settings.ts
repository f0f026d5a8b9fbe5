import { z } from "zod";
import { secret } from "../contract/index.ts";

/** The settings of one SMS number, or of one messaging service with its pool of numbers. */
export const smsSettings = z
  .object({
    accountSid: z
      .string()
      .regex(/^AC[0-9a-fA-F]{32}$/, "AC and 32 hexadecimal digits, from the Twilio console's start page")
      .describe("Account SID, from the Twilio console's start page"),
    authToken: secret(
      z
        .string()
        .regex(/^[!-~]+$/, "must not be empty or contain spaces, invisible characters or letters beyond ASCII")
        .describe("Auth token (the primary one), beside the account SID; sends, and checks that webhooks are Twilio's"),
    ),
    phoneNumber: z
      .string()
      .regex(/^(\+[1-9]\d{6,14}|\d{3,8})$/, "a number like +14155550100, or a short code like 12345")
      .optional()
      .describe("The Twilio number, like +14155550100, or a short code. Needed for sms: links"),
    messagingServiceSid: z
      .string()
      .regex(/^MG[0-9a-fA-F]{32}$/, "MG and 32 hexadecimal digits")
      .optional()
      .describe("Messaging Service SID, where one sends for you from a pool of numbers; wins over the number"),
    mms: z
      .boolean()
      .default(true)
      .describe("Whether the number can send pictures and other files (MMS: numbers of the USA, Canada and Australia)"),
    apiBaseUrl: z
      .url({ protocol: /^https?$/, error: "must be an http or https URL" })
      .default("https://api.twilio.com")
      .describe("Base URL of Twilio's REST API; for a region, like https://api.dublin.ie1.twilio.com"),
  })
  .refine((settings) => settings.phoneNumber !== undefined || settings.messagingServiceSid !== undefined, {
    path: ["phoneNumber"],
    error: "either the number or a messaging service is needed",
  });

/** Parsed settings of one SMS account. */
export type SmsSettings = z.infer<typeof smsSettings>;
