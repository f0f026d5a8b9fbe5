import type { Content, MessageEvent } from "../contract/index.ts";
import { messageIn } from "./call.ts";
import type { Call } from "./call.ts";
import { endedThreadOf } from "./caller.ts";
import { field, secondsIn } from "../providers/twilio/form.ts";
import type { VoiceSettings } from "./settings.ts";

type CallContent = Extract<Content, { kind: "call" }>;

/**
 * How far a call of ours is, and how any call ended. Twilio answers each call that comes, so it never calls one missed: one that was over before the greeting was is
 * one, since nobody had their say.
 */
export function callProgress(call: Call, settings: VoiceSettings): MessageEvent[] {
  const { direction, sid } = call;
  const told = (key: string, content: Omit<CallContent, "kind" | "direction">) => {
    const event = messageIn(call, `${key}:${sid}`, { kind: "call", direction, ...content });
    return [direction === "out" ? asserted(event) : { ...event, thread: endedThreadOf(call.customer, sid) }];
  };
  const ended = (content: Omit<CallContent, "kind" | "direction">) => told("ended", content);
  const seconds = secondsIn(field(call.form, "CallDuration"));
  switch (call.status) {
    case "initiated":
      return told("started", { status: "started" });
    case "completed": {
      const isMissed = direction === "in" && seconds !== undefined && seconds <= greetingSeconds(settings);
      return isMissed
        ? ended({ status: "missed" })
        : ended({ status: "ended", ...(seconds === undefined ? {} : { seconds }) });
    }
    case "busy":
    case "no-answer":
    case "canceled":
      return ended({ status: "missed" });
    case "failed":
      return ended({ status: "failed" });
    default:
      return [];
  }
}

/** How a ring to the staff ended. @see https://www.twilio.com/docs/voice/twiml/dial#dialcallstatus */
export function agentEvents(call: Call): MessageEvent[] {
  const { direction, sid } = call;
  const outcome = field(call.form, "DialCallStatus") ?? "";
  const seconds = secondsIn(field(call.form, "DialCallDuration"));
  const key = `dialled:${sid}:${field(call.form, "DialCallSid")?.slice(0, 64) ?? ""}`;
  const content: CallContent =
    outcome === "completed" || outcome === "answered"
      ? {
          kind: "call",
          direction,
          status: "ended",
          ...(seconds === undefined ? {} : { seconds }),
          text: "with a person",
        }
      : { kind: "call", direction, status: outcome === "failed" ? "failed" : "missed", text: "no person answered" };
  return [messageIn(call, key, content)];
}

/** How long the greeting takes, in whole seconds. */
function greetingSeconds({ greeting, charactersPerSecond }: VoiceSettings): number {
  return Math.floor(greeting.length / charactersPerSecond);
}

/** That we have called a number says nothing of who is there, as long as nobody has answered us. */
function asserted(event: MessageEvent): MessageEvent {
  const [first] = event.author.identifiers;
  return { ...event, author: { identifiers: [{ ...first, assurance: 1 }] } };
}
