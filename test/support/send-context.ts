import type { SendContext } from "../../adapters/contract/index.ts";
import { memoryMedia } from "./media.ts";
import { memoryState } from "./mini-hub.ts";

/** What a send is given besides settings and signal: an address, an empty media store and a state of its own. */
export function aside(): Pick<SendContext<unknown>, "accountId" | "webhookUrl" | "media" | "state"> {
  return {
    accountId: "a",
    webhookUrl: "http://127.0.0.1:1/channels/a",
    media: memoryMedia(() => "http://127.0.0.1:1"),
    state: memoryState(),
  };
}
