import { SendError } from "../contract/index.ts";
import type { AdapterState } from "../contract/index.ts";
import { folded } from "./address.ts";

const HOUR_MS = 3_600_000;

/**
 * Takes one of the places that programs' answers to one correspondent have in an hour. Two programs that answer each other do
 * it without end, whatever headers they forget to set. The places are the account's, in whatever process it sends; each is
 * free again an hour after it was taken. A message that is tried again has its place already.
 * @throws {SendError} `never` when there is none left: an answer that comes an hour later would only go on with it
 */
export async function takePlace(
  answer: { to: string; messageId: string },
  hourlyCap: number,
  state: AdapterState,
): Promise<void> {
  for (let place = 1; place <= hourlyCap; place++) {
    const name = `answer:${folded(answer.to)}:${place}`;
    if (await state.add(name, answer.messageId, { ttlMs: HOUR_MS })) return;
    if ((await state.get(name)) === answer.messageId) return;
  }
  throw new SendError(
    "never",
    `this correspondent has had ${hourlyCap} automatic answers within an hour: it may be a program that answers by itself. Only people's answers are sent until then`,
    { code: "reply_cap" },
  );
}
