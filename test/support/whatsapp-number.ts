import { createAccount } from "../../apps/core/channels/configure.ts";
import { readConfig } from "../../apps/core/platform/config.ts";
import { FIRST_WORKSPACE } from "../../apps/core/platform/workspace.ts";
import { openHub, type Hub } from "../../apps/start.ts";
import type { Json } from "../../adapters/contract/index.ts";

/** A hub's parts, opened in the test's own process (no role runs in it), for seeding and for checking afterwards. */
export async function openBeside(env: Record<string, string>): Promise<Hub> {
  return openHub(readConfig(env), { role: "test" });
}

/** Configures a WhatsApp number whose provider is a simulator. Answers the account's id. */
export async function addWhatsAppNumber(hub: Hub, settings: Record<string, Json>): Promise<string> {
  const account = await createAccount(
    { ...hub.parts, publicUrl: "http://127.0.0.1" },
    { workspaceId: FIRST_WORKSPACE, channel: "whatsapp", name: "Number under test", settings },
  );
  return account.id;
}
