import { z } from "zod";
import { secret } from "../contract/index.ts";

/** Goes into a header: an invisible character that was copied along would fail every send. */
const token = z
  .string()
  .regex(/^[!-~]+$/, "must not be empty or contain spaces, invisible characters or letters beyond ASCII");

/** The settings of one Instagram professional account. */
export const instagramSettings = z.object({
  accountId: z
    .string()
    .regex(/^\d{1,32}$/, "digits only: the id of the account, not its username")
    .describe("Instagram professional account ID: `user_id` of GET /me, the id that webhooks name (not `id`)"),
  accessToken: secret(
    token.describe("Instagram user access token with instagram_business_basic and instagram_business_manage_messages"),
  ),
  expiresOn: z.iso
    .date("a day such as 2026-12-31")
    .optional()
    .describe("Day on which the access token runs out (60 days after it was made); health warns a week before"),
  appSecret: secret(
    token.describe("App secret of the Meta app that the webhook belongs to; checks that webhooks are Meta's"),
  ),
  verifyToken: secret(token.describe("Verify token: any random text, entered here and in Meta's webhook form")),
  username: z
    .string()
    .regex(/^@?[A-Za-z0-9._]{1,30}$/, "an Instagram username, e.g. oslo_chairs")
    .optional()
    .describe("The account's username; needed for ig.me links"),
  appId: z
    .string()
    .regex(/^\d{1,32}$/, "digits only")
    .optional()
    .describe(
      "ID of the Meta app, where no other software sends through it: its echoes are then known as the hub's own",
    ),
  humanAgent: z
    .boolean()
    .default(false)
    .describe(
      "Meta has approved the Human Agent feature: staff may write up to 7 days after the customer's last message",
    ),
  sendReference: z
    .boolean()
    .default(false)
    .describe(
      "Send our message id as `metadata`, which comes back in echoes (documented for Messenger, not for Instagram)",
    ),
  apiBaseUrl: z
    .url({ protocol: /^https?$/, error: "must be an http or https URL" })
    .default("https://graph.instagram.com")
    .describe("Base URL of the Instagram API"),
  apiVersion: z
    .string()
    .regex(/^v\d{1,3}\.\d{1,2}$/, "like v25.0")
    .default("v25.0")
    .describe("Version of the Instagram API"),
});

/** Parsed settings of one Instagram professional account. */
export type InstagramSettings = z.infer<typeof instagramSettings>;
