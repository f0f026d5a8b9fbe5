import type { SendContext } from "../../adapters/contract/index.ts";
import { memoryMedia } from "./media.ts";
import { memoryState } from "./mini-hub.ts";

/** What a send is given besides settings and signal: an empty media store and a state of its own. */
export function aside(): Pick<SendContext<unknown>, "accountId" | "media" | "state"> {
  return { accountId: "a", media: memoryMedia(() => "http://127.0.0.1:1"), state: memoryState() };
}
