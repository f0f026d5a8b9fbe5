import { z } from "zod";
import { secret } from "../../../adapters/contract/index.ts";

/** Settings of a toy account. */
export const toySettings = z.object({
  delivery: z.enum(["webhook", "polling"]).default("webhook").describe("How events come"),
  apiBaseUrl: z.url().default("https://api.toy.example").describe("Base URL of the toy provider"),
  apiToken: secret(z.string().min(1).describe("Token for sending")),
  webhookSecret: secret(z.string().min(8).describe("Signs webhooks")),
});

/** Parsed settings of a toy account. */
export type ToySettings = z.infer<typeof toySettings>;
