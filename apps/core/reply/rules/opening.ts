import { recallText } from "./answers/care.ts";
import { ownedProduct } from "./answers/talk.ts";
import type { Part, Turn } from "./turn.ts";
import { price, toName, withNoun } from "./turn.ts";

/** After such a pause one says hello again. */
const PAUSE_MS = 6 * 3_600_000;

/** True at the beginning of an exchange: the first words here, a long pause, or a change of channel. */
export function mustGreet(turn: Turn): boolean {
  const { history, now } = turn.context;
  const lastHere = history.findLast((m) => m.here && m.author !== "customer");
  const newest = history.at(-1);
  if (lastHere === undefined) return true;
  if (now.getTime() - lastHere.at.getTime() > PAUSE_MS) return true;
  return newest !== undefined && !newest.here;
}

/** "Hi Sarah!", put before an answer. */
export function greetingText(turn: Turn): string {
  const returning = turn.context.history.length > 0;
  if (turn.firstName === undefined) return returning ? "Welcome back!" : "Hello!";
  return returning
    ? turn.vary(`Hi ${turn.firstName}!`, `Hi ${turn.firstName}, good to hear from you again!`)
    : `Hi ${turn.firstName}!`;
}

/** The whole answer to "hi", to an opened chat, or to "I was looking at … yesterday". */
export async function welcomeAnswer(turn: Turn, asked: "greeting" | "recall"): Promise<Part> {
  const { memory, context, knowledge, days } = turn;
  const greet = mustGreet(turn);
  const base = { intent: asked, because: `welcome:${asked}` };
  const room = context.thread.audience === "room";

  if (
    !room &&
    memory.issue !== undefined &&
    (memory.focusAt === undefined || memory.issue.at >= memory.focusAt || days.since(memory.focusAt) > 14) &&
    days.since(memory.issue.at) <= 30
  )
    return {
      ...base,
      because: `welcome:issue`,
      text: `${hello(turn, greet)} You wrote ${days.past(memory.issue.at)} about ${memory.issue.issue.label}; our team has it on their desk.`,
      next: "Is there something new about it, or can I help with anything else?",
    };

  const follow = await followUp(turn, greet);
  if (follow !== undefined && (asked === "greeting" || memory.focus.length === 0)) return { ...base, ...follow };

  const recalled = recallText(turn);
  if (recalled !== undefined && (greet || asked === "recall")) {
    const [focus] = memory.focus;
    const anonymous = turn.firstName === undefined;
    const told = anonymous ? `Earlier ${recalled}` : `Yes, ${recalled}`;
    if (focus === undefined)
      return { ...base, text: `${hello(turn, greet)} ${capital(told)}.`, next: "How can I help you with that?" };
    const still = focus.inStock ? "" : " It is out of stock at the moment.";
    return {
      ...base,
      because: `welcome:${focus.sku}`,
      products: [focus],
      text: `${greet ? `${hello(turn, true)} ` : ""}${asked === "greeting" && !anonymous ? `Last time ${recalled}` : told}.${still} ${turn.vary("Have you had a chance to think about it?", "Are you still thinking about it?")} I'm happy to answer any other questions!`,
    };
  }
  if (asked === "recall")
    return {
      ...base,
      because: "recall:nothing",
      text: `${greet ? `${hello(turn, true)} ` : ""}I don't see an earlier conversation of ours here.`,
      next: "What was it about? I'm happy to pick it up from here.",
    };
  if (context.history.length > 0 && !greet)
    return { ...base, text: `Hi again${toName(turn)}!`, next: "How can I help?" };
  const welcome = context.history.length === 0 ? ` ${knowledge.shop.welcome}` : "";
  return {
    ...base,
    text: `${hello(turn, true)}${welcome}`,
    next: context.history.length === 0 ? "How can I help you today?" : "How can I help you?",
  };
}

/** Days after the purchase: how is it? Before it is there: where is it? */
async function followUp(
  turn: Turn,
  greet: boolean,
): Promise<(Pick<Part, "text" | "because"> & Partial<Part>) | undefined> {
  const { memory, days, knowledge, context } = turn;
  if (!greet || context.thread.audience === "room") return undefined;
  const owned = await ownedProduct(turn);
  if (
    owned === undefined ||
    (memory.focus[0] !== undefined && memory.focus[0] !== owned && !owned.accessories.includes(memory.focus[0].sku))
  )
    return undefined;
  const order = (await turn.orders()).find((o) => o.items.some((i) => i.sku === owned.sku));
  const arrived = memory.arrived?.at ?? (order?.state === "delivered" ? order.arrivesAt : undefined);
  if (arrived !== undefined)
    return {
      because: `follow-up:${owned.sku}`,
      products: [owned],
      text: `Welcome back${toName(turn)}! How are you enjoying your ${withNoun(owned, knowledge)}?${sinceText(days.since(arrived))}`,
    };
  if (order === undefined) return undefined;
  const by = order.arrivesAt === undefined ? "" : ` and should arrive by ${days.future(order.arrivesAt)}`;
  return {
    because: `follow-up:${owned.sku}`,
    products: [owned],
    text: `${hello(turn, true)} Your ${owned.name} (${price(owned)}) is ${order.state === "shipped" ? "on its way" : "being packed"}${by}.`,
    next: "How can I help you?",
  };
}

function sinceText(days: number): string {
  if (days < 2) return "";
  if (days < 5) return ` It's been ${String(days)} days since delivery.`;
  if (days < 11) return " It's been about a week since delivery.";
  return days < 60
    ? ` It's been about ${String(Math.round(days / 7))} weeks since delivery.`
    : " It's been a while since delivery.";
}

function hello(turn: Turn, greet: boolean): string {
  if (!greet) return `Hi again${toName(turn)}!`;
  if (turn.firstName === undefined) return turn.context.history.length > 0 ? "Welcome back!" : "Hello!";
  return turn.context.history.length > 0 && turn.memory.focus.length === 0
    ? `Welcome back, ${turn.firstName}!`
    : `Hi ${turn.firstName}!`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
