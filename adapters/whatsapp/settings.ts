import { z } from "zod";
import { secret } from "../contract/index.ts";

/** Goes into a header: an invisible character that was copied along would fail every send. */
const token = z
  .string()
  .regex(/^[!-~]+$/, "must not be empty or contain spaces, invisible characters or letters beyond ASCII");

/** The settings of one WhatsApp business number. */
export const whatsappSettings = z.object({
  phoneNumberId: z
    .string()
    .regex(/^\d{1,32}$/, "digits only: the id that Meta gives the number, not the number itself")
    .describe("Phone number ID, from Meta's WhatsApp › API Setup page"),
  businessAccountId: z
    .string()
    .regex(/^\d{1,32}$/, "digits only")
    .optional()
    .describe("WhatsApp Business Account ID; needed for templates and for Meta's notices about the account"),
  accessToken: secret(
    token.describe("Access token of a system user with whatsapp_business_messaging and whatsapp_business_management"),
  ),
  appSecret: secret(token.describe("App secret of the Meta app (Settings › Basic); checks that webhooks are Meta's")),
  verifyToken: secret(token.describe("Verify token: any random text, entered here and in Meta's webhook form")),
  displayPhoneNumber: z
    .string()
    .regex(/^\+?[\d ().-]{6,24}$/, "a phone number in international form, e.g. +1 415 555 0100")
    .optional()
    .describe("The number customers see, in international form; needed for wa.me links"),
  listButtonLabel: z
    .string()
    .min(1)
    .max(20)
    .default("Choose")
    .describe("Label of the button that opens a list, for lists that bring none; put it in your customers' language"),
  apiBaseUrl: z
    .url({ protocol: /^https?$/, error: "must be an http or https URL" })
    .default("https://graph.facebook.com")
    .describe("Base URL of Meta's Graph API"),
  apiVersion: z
    .string()
    .regex(/^v\d{1,3}\.\d{1,2}$/, "like v25.0")
    .default("v25.0")
    .describe("Version of the Graph API"),
});

/** Parsed settings of one WhatsApp business number. */
export type WhatsAppSettings = z.infer<typeof whatsappSettings>;
