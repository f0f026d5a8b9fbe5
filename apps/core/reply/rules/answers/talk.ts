import type { SocialIntent } from "../intents.ts";
import type { Part, Turn } from "../turn.ts";
import { priced, toName, withNoun } from "../turn.ts";
import { recallText } from "./care.ts";
import { accessoriesOf } from "./choice.ts";

/** "How are you?" */
export function howAreYouAnswer(turn: Turn): Part {
  return {
    text: turn.vary("I'm doing well, thank you for asking!", "Very well, thank you!"),
    intent: "small_talk",
    because: "how-are-you",
    next: "How can I help you?",
  };
}

/** "Are you a robot?" */
export function botAnswer(turn: Turn): Part {
  return {
    text: `I'm the automatic assistant of ${turn.knowledge.shop.name}. If you'd rather talk to a person from our team, just say so.`,
    intent: "small_talk",
    because: "bot",
    next: "What can I do for you?",
  };
}

/** "What can you do?" */
export function helpAnswer(turn: Turn): Part {
  const { shop, policies } = turn.knowledge;
  const topics = policies.slice(0, 5).map((p) => p.title.toLowerCase());
  return {
    text: `I can tell you about our ${shop.categories.map((c) => c.plural).join(", ")}, compare and recommend products, send you a purchase link, look up your order${topics.length === 0 ? "" : `, and answer questions about ${topics.join(", ")}`}.`,
    intent: "help",
    because: "help",
    next: "What would you like to know?",
  };
}

/** "What's my name?" */
export function whoAmIAnswer(turn: Turn): Part {
  const recalled = turn.context.thread.audience === "room" ? undefined : recallText(turn);
  const last = recalled === undefined ? "" : ` And last time ${recalled}.`;
  return {
    text: `${turn.firstName === undefined ? "I don't know your name yet." : `You're ${turn.firstName}, as far as I know.`}${last}`,
    intent: "small_talk",
    because: "who-am-i",
    next: "How can I help you?",
  };
}

/** "That video helped!" */
export async function helpedAnswer(turn: Turn): Promise<Part> {
  const owned = await ownedProduct(turn);
  return {
    text: `Glad that helped${toName(turn)}!${owned === undefined ? "" : ` Enjoy your ${withNoun(owned, turn.knowledge)}.`} I'm here whenever you need me.`,
    intent: "thanks",
    because: "helped",
  };
}

/** "I love it!" leads on to what goes with it. */
export async function satisfiedAnswer(turn: Turn): Promise<Part> {
  const owned = (await ownedProduct(turn)) ?? turn.memory.focus[0];
  const extras =
    owned === undefined
      ? []
      : accessoriesOf(owned, turn)
          .filter((p) => !turn.memory.list.includes(p))
          .slice(0, 2);
  const glad = turn.vary("That's wonderful to hear! We're so glad.", "Wonderful, we're so happy to hear that!");
  if (owned === undefined || extras.length === 0)
    return { text: glad, intent: "feedback_positive", because: "satisfied" };
  return {
    text: `${glad} Since you're enjoying your ${owned.name}, these might interest you for a complete setup:\n${extras.map((p) => `• ${priced(p)}: ${p.features}`).join("\n")}`,
    intent: "feedback_positive",
    because: `satisfied:${owned.sku}`,
    products: [owned, ...extras],
    next: "Would you like to see those?",
  };
}

/** "I'm not happy with it." */
export function unsatisfiedAnswer(turn: Turn): Part {
  const returns = turn.knowledge.policies.find((p) => p.id === "returns");
  return {
    text: `I'm sorry to hear that${toName(turn)}. Let's put it right.${returns === undefined ? "" : ` ${returns.summary}`}`,
    intent: "feedback_negative",
    because: "unsatisfied",
    next: "Shall I bring in a person from our team?",
  };
}

/** Courtesies and reactions when nothing else was said; undefined when there are none either. */
export function socialAnswer(social: ReadonlySet<SocialIntent>, turn: Turn): Part | undefined {
  const name = toName(turn);
  const part = (text: string, because: SocialIntent, next?: string): Part => ({
    text,
    intent: because,
    because,
    ...(next === undefined ? {} : { next }),
  });
  if (social.has("considering"))
    return part(
      `${social.has("thanks") ? `You're welcome${name}! ` : ""}Of course, take your time. I'll remember where we were, on whichever channel you write.`,
      "considering",
    );
  if (social.has("arrived"))
    return part(`So glad it arrived${name}!`, "arrived", "Is there anything I can help you with to get started?");
  if (social.has("bye"))
    return part(
      `${social.has("thanks") ? "You're welcome" : "Goodbye"}${name}! Have a great day, and write any time.`,
      "bye",
    );
  if (social.has("pleased"))
    return part(
      `${social.has("thanks") ? "You're welcome" : turn.vary("Glad to hear that", "Great")}${name}! Just write if there's anything else.`,
      "pleased",
    );
  if (social.has("no")) return part(`No problem${name}. I'm here whenever you need me.`, "no");
  if (social.has("thanks")) return part(`You're welcome${name}! Just write if there's anything else.`, "thanks");
  if (social.has("yes"))
    return part(
      turn.vary("All right! I'm here if there's anything else.", "Good! Just write if there's anything else."),
      "yes",
    );
  if (social.has("sorry")) return part("No worries at all!", "sorry", "How can I help?");
  if (social.has("laugh")) return part(":)", "laugh", "Is there anything I can help with?");
  if (social.has("pain"))
    return part(
      `I'm sorry to hear that${name}. The right support can make a big difference.`,
      "pain",
      "Would you like a recommendation?",
    );
  return undefined;
}

/** What the customer has from us: what they said has arrived, else what they ordered last. */
export async function ownedProduct(turn: Turn): Promise<ReturnType<Turn["knowledge"]["product"]>> {
  if (turn.memory.arrived?.product !== undefined) return turn.memory.arrived.product;
  const orders = await turn.orders();
  const latest = orders.find((o) => o.state !== "cancelled");
  return turn.knowledge.product(latest?.items[0]?.sku ?? "");
}
