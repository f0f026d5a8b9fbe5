import type { InboundEvent } from "../../../adapters/contract/index.ts";
import type { Parts } from "../parts.ts";
import type { OpenAccount } from "./accounts.ts";
import { adapterState } from "./adapter-state.ts";

/** The events of one delivery, with what their adapter remembers of them put in. @throws Error when its state can't be read */
export async function recalled(
  parts: Pick<Parts, "db" | "vault">,
  account: OpenAccount,
  events: InboundEvent[],
): Promise<InboundEvent[]> {
  const { adapter } = account;
  if (adapter.recall === undefined) return events;
  const state = adapterState(parts, account);
  return Promise.all(
    events.map(async (event) => (event.type === "message" ? ((await adapter.recall?.(event, state)) ?? event) : event)),
  );
}
