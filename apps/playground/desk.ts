import { changeConversation, listConversations } from "../core/conversation/cases.ts";
import { writeToCustomer } from "../core/outbound/write.ts";
import type { Parts } from "../core/parts.ts";
import { FIRST_WORKSPACE } from "../core/platform/workspace.ts";

/** The support desk of the playground: what a person of the staff does in a story. */
export interface Desk {
  /** Takes the customer's conversation over from the bot and writes on a channel. @throws {Problem} */
  write(ref: string, channel: string, text: string): Promise<void>;
  /** The case is closed: the bot answers what comes next. @throws {Problem} */
  close(ref: string): Promise<void>;
}

export function openDesk(parts: Parts): Desk {
  async function change(ref: string, what: { handledBy: "staff" | "bot"; status?: "resolved" }): Promise<void> {
    const { items } = await listConversations(parts, FIRST_WORKSPACE, { ref, limit: 1 });
    const [open] = items.filter((c) => c.status !== "resolved");
    if (open === undefined) return;
    await changeConversation(parts, { workspaceId: FIRST_WORKSPACE, id: open.id, change: what });
  }
  return {
    async write(ref, channel, text) {
      await change(ref, { handledBy: "staff" });
      await writeToCustomer(parts, { workspaceId: FIRST_WORKSPACE, ref, channel, content: { text } });
    },
    close: (ref) => change(ref, { handledBy: "bot", status: "resolved" }),
  };
}
