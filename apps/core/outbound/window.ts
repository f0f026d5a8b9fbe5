import type { OpenAccount } from "../channels/accounts.ts";

/** How long after the customer's last message free text may be sent, in milliseconds; undefined: whenever. Staff may have longer. */
export function replyWindowOf(
  { adapter, settings }: Pick<OpenAccount, "adapter" | "settings">,
  by: "staff" | "program",
) {
  const { replyWindowMs } = adapter.limits;
  if (replyWindowMs === undefined || by === "program") return replyWindowMs;
  return Math.max(replyWindowMs, adapter.staffWindowMs?.(settings) ?? 0);
}
