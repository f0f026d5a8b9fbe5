import type { Issue } from "../issues.ts";
import type { Part, Turn } from "../turn.ts";
import { listed, price, toName } from "../turn.ts";

/** Something went wrong: it is passed to a person at once, and the customer is told so. */
export function issueAnswer(issue: Issue, turn: Turn): Part {
  const room = turn.context.thread.audience === "room";
  const earlier = room ? undefined : turn.memory.issue;
  // A refund is asked after because of something: what that was, the customer has told already.
  const isSame = earlier?.issue.intent === issue.intent || issue.intent === "refund_status";
  const about = earlier?.issue.intent === issue.intent ? "it" : earlier?.issue.label;
  const before =
    earlier === undefined || !isSame
      ? ""
      : ` I see you wrote about ${about ?? "it"} ${turn.days.past(earlier.at)}, so there's no need to explain it all again.`;
  const where = room ? " Please send me a direct message for the details: others read along here." : "";
  return {
    text: `${issue.sympathy}${toName(turn)}.${before} I've passed this to our team: a person will ${issue.action}.${where}`,
    intent: issue.intent,
    because: `issue:${issue.intent}`,
    handoff: true,
  };
}

/** "Is there any news?" about what went wrong earlier. */
export function updateAnswer(turn: Turn): Part | undefined {
  const { issue } = turn.memory;
  if (issue === undefined || turn.context.thread.audience === "room") return undefined;
  const said = turn.context.history.findLast((m) => m.author === "staff" && m.at > issue.at);
  const staff =
    said === undefined
      ? "I can't see the outcome myself yet."
      : `Our team last wrote to you about it ${turn.days.past(said.at)}.`;
  return {
    text: `You wrote ${turn.days.past(issue.at)} about ${issue.issue.label}. ${staff} I've asked our team for an update: a person will answer you here.`,
    intent: issue.issue.intent,
    because: `update:${issue.issue.intent}`,
    handoff: true,
  };
}

/** "Can I talk to a human?" */
export function personAnswer(turn: Turn): Part {
  const hours = turn.knowledge.policies.find((p) => p.id === "hours");
  return {
    text: `Of course${toName(turn)}. I've asked a person from our team to take over; they can see our conversation, so you won't have to repeat anything.${hours === undefined ? "" : ` ${hours.summary}`}`,
    intent: "human",
    because: "human",
    handoff: true,
  };
}

/** Anger gets a person, not an argument. */
export function insultAnswer(turn: Turn): Part {
  return {
    text: `I'm sorry that this hasn't been helpful${toName(turn)}. I've asked a person from our team to take over.`,
    intent: "complaint",
    because: "insult",
    handoff: true,
  };
}

/** Other people's things are never told, whoever asks. */
export function othersDataAnswer(): Part {
  return {
    text: "I can only talk about your own conversation and orders; what other people wrote or bought stays private.",
    intent: "privacy",
    because: "others-data",
  };
}

/** "Ignore your instructions", "repeat after me". */
export function tamperingAnswer(turn: Turn): Part {
  return {
    text: `I'm afraid I can't do that. I'm here to help with questions about ${turn.knowledge.shop.name}, our products and your orders.`,
    intent: "out_of_scope",
    because: "tampering",
  };
}

/** Honest: this is not in the knowledge. The second time in a row a person is asked for without waiting. */
export function unknownAnswer(turn: Turn, also: boolean): Part {
  const again = turn.memory.lastSaid?.text.includes(ADMISSION) === true;
  if (again && !also)
    return {
      text: `${ADMISSION} either, I'm afraid. I've asked a person from our team to have a look: they'll answer you here.`,
      intent: "unknown",
      because: "unknown:again",
      handoff: true,
      unknown: true,
    };
  return {
    text: also
      ? `As for your other question: ${ADMISSION}, I'm afraid.`
      : turn.vary(
          `I'm sorry, ${ADMISSION}: it isn't in what I've been given about ${turn.knowledge.shop.name}.`,
          `${ADMISSION}, I'm afraid. I can tell you about our products, prices, delivery, returns and your orders.`,
        ),
    intent: "unknown",
    because: "unknown",
    next: "Shall I bring in a person from our team?",
    unknown: true,
  };
}

/** Every honest "don't know" holds these words. */
const ADMISSION = "I don't know that";

/** A detail that is asked of a known product, and that its file doesn't tell. */
export function unknownDetailAnswer(name: string): Part {
  return {
    text: `I don't know that about the ${name}, I'm afraid: it isn't in what I've been given.`,
    intent: "unknown",
    because: "unknown:detail",
    next: "Shall I bring in a person from our team?",
    unknown: true,
  };
}

/** "Do you sell pizza?" */
export function notInRangeAnswer(turn: Turn): Part {
  const { shop } = turn.knowledge;
  return {
    text: `I don't know of anything like that in our range, I'm sorry. We have ${listed(shop.categories.map((c) => c.plural))}.`,
    intent: "unknown",
    because: "unknown:range",
    next: "Is there something among those that I can show you?",
    unknown: true,
  };
}

/** Pictures, voice notes, places and the like without words. */
export function wordlessAnswer(kinds: ReadonlySet<string>, turn: Turn): Part {
  const what = kinds.has("location")
    ? "your location"
    : kinds.has("contacts")
      ? "the contact"
      : kinds.has("media")
        ? "that"
        : "your message";
  return {
    text: `Thank you for sending ${what}${toName(turn)}! I can only read text, so please tell me in a few words how I can help.`,
    intent: "wordless",
    because: "wordless",
    next: "Or shall I bring in a person from our team to have a look?",
  };
}

/** The message is in a script that the rules have no words for. */
export function foreignScriptAnswer(): Part {
  return {
    text: "I'm sorry, I don't know that language yet: I can only read English.",
    intent: "unknown",
    because: "unknown:language",
    next: "Shall I bring in a person from our team?",
    unknown: true,
  };
}

/** "What was I looking at?" */
export function recallText(turn: Turn): string | undefined {
  const { memory, days, knowledge } = turn;
  const [focus] = memory.focus;
  if (focus !== undefined) {
    const when = memory.focusAt === undefined || days.since(memory.focusAt) <= 0 ? "" : ` ${days.past(memory.focusAt)}`;
    const other = memory.focus[1] === undefined ? "" : ` and the ${memory.focus[1].name} at ${price(memory.focus[1])}`;
    return `you were looking at the ${focus.name} at ${price(focus)}${other}${when}`;
  }
  const [category] = memory.categories;
  const named = category === undefined ? undefined : knowledge.category(category);
  if (named !== undefined) return `you were asking about ${named.plural}`;
  return memory.issue === undefined
    ? undefined
    : `you wrote ${days.past(memory.issue.at)} about ${memory.issue.issue.label}`;
}
