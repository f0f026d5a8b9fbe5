// Loaded into the hub before it starts. A WhatsApp number may send 80 messages a second, which would be measured instead of
// the hub: here one has the rate of thousands. Keeping to a rate is paid for all the same.
import { limits } from "../../adapters/whatsapp/limits.ts";

Object.assign(limits.rates, {
  account: { count: 100_000, perMs: 1_000 },
  thread: { count: 100_000, perMs: 1_000 },
});
