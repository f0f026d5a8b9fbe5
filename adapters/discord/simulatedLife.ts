import type { Simulator } from "../contract/index.ts";
import type { SimulatedApplication } from "./simulatedApplication.ts";
import type { SimulatedGateway } from "./simulatedGateway.ts";
import type { InteractionAnswer } from "./simulatedInteractions.ts";
import type { ApiCall } from "./simulatedServer.ts";
import type { SimulatedUser } from "./simulatedWorld.ts";

/** A file that someone shares; without bytes it is so many zeros. */
export interface SimulatedFile {
  filename: string;
  content_type: string;
  size: number;
}

/** The double, with what customers can do on Discord besides saying something. All resolve when the hub has stored it. */
export interface DiscordSimulator extends Simulator {
  /** Says something in a server channel; `mention` calls the bot, or its role. Gives the message's id. */
  sayInChannel(input: SimulatedUser & { channel: string; text: string; mention?: boolean | "role" }): Promise<string>;
  /** Answers a message that was heard or said: where it stands, in a channel or in direct messages. */
  reply(input: SimulatedUser & { message: string; text: string }): Promise<string>;
  /** Shares files, perhaps with words. */
  share(input: SimulatedUser & { files: SimulatedFile[]; text?: string }): Promise<string>;
  /** Presses a button of a message that was heard; gives the interaction's id. @throws Error when there is no such button, or no answer in 3 seconds */
  press(input: SimulatedUser & { message: string; button: string }): Promise<string>;
  /** Uses a slash command, in direct messages or in a server channel; gives the interaction's id. @throws Error when there is no answer in 3 seconds */
  slash(
    input: SimulatedUser & { command: string; options?: Record<string, string>; channel?: string },
  ): Promise<string>;
  /** What became of a slash command or a pressed button. */
  answerOf(interaction: string): InteractionAnswer | undefined;
  /** Changes what was said before; `id` as `say` gave it. */
  edit(input: SimulatedUser & { id: string; text: string }): Promise<void>;
  /** Deletes what was said before. */
  remove(input: { id: string }): Promise<void>;
  /** Reacts to a message that was heard; `taken: true` takes the emoji back. */
  react(input: SimulatedUser & { message: string; emoji: string; taken?: boolean }): Promise<void>;
  gateway: Pick<SimulatedGateway, "dispatch" | "drop" | "askToReconnect" | "forgetSessions" | "counts">;
  /** Sets what Discord tells of the application and its sessions. */
  configure: SimulatedApplication["configure"];
  /** Lets all URLs of files expire, as they do after a day. */
  expireFiles(): void;
  /** Answers the next call with Discord's global rate limit. */
  limitNext(): void;
  /** Names of the slash commands that were registered. */
  commands(): string[];
  /** Called for every call of the API, before it is answered. */
  onCall(listener: (call: ApiCall) => void): void;
}
