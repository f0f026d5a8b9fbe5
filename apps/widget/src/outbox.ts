import type { Connection } from "./connection.ts";
import type { Conversation } from "./conversation.ts";
import { words } from "./words.ts";

/** How long to wait when the hub asks for patience, in milliseconds. */
const PATIENCE_MS = 3_000;

/** Sends what waits, one after the other and in order, as long as the line is there. */
export function createOutbox(conversation: Conversation, connection: Connection): { flush(): void } {
  let busy = false;

  async function run(): Promise<void> {
    for (;;) {
      const frame = conversation.next();
      if (frame === undefined || connection.state().name !== "online") return;
      const answer = await connection.ask(frame.name, frame.data);
      if (answer === undefined || (!answer.ok && answer.code === "rate_limited")) {
        await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
      } else if (answer.ok) conversation.acknowledged(frame.data.id);
      else if (answer.code.startsWith("session_")) {
        // The session ended under the page; connecting anew finds out what can be done.
        connection.reopen();
        return;
      } else conversation.failed(frame.data.id, words.refused(answer.code));
    }
  }

  return {
    flush() {
      if (busy) return;
      busy = true;
      void run().finally(() => {
        busy = false;
      });
    },
  };
}
