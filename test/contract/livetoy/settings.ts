import { createHmac } from "node:crypto";
import { z } from "zod";
import { secret } from "../../../adapters/contract/index.ts";

/** The only page that embeds the toy widget. */
export const LIVE_TOY_ORIGIN = "http://page.toy.example";

/** Settings of a live toy account. */
export const liveToySettings = z.object({
  origin: z.string().min(1).describe("The page that may connect"),
  hostSecret: secret(z.string().min(8).describe("Signs the page's users")),
});

/** Parsed settings of a live toy account. */
export type LiveToySettings = z.infer<typeof liveToySettings>;

/** What the host page's server would sign its user with. */
export function proofOf(user: string, secret: string): string {
  return createHmac("sha256", secret).update(user).digest("hex");
}
