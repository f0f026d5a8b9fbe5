import type { Content, InboundEvent, Json, MessageEvent, RawRequest, StatusEvent } from "../contract/index.ts";
import { field, formOf } from "../providers/twilio/form.ts";
import type { Form } from "../providers/twilio/form.ts";
import { linkToken } from "./link.ts";
import { mediaOf } from "./media.ts";
import { keywordOf } from "./optOut.ts";
import type { Keyword } from "./optOut.ts";
import { nobody, personAt, senderOf } from "./people.ts";
import type { Sender } from "./people.ts";
import type { SmsSettings } from "./settings.ts";
import { statusEvent, statusNamed } from "./status.ts";

/**
 * An incoming message (its text, then its media), or what became of one of ours. Nothing comes of what belongs elsewhere:
 * another Twilio account, another number, or a WhatsApp sender.
 * @see https://www.twilio.com/docs/messaging/guides/webhook-request
 * @throws {Error} when the form is not about a message
 */
export function parse(request: RawRequest, settings: SmsSettings): InboundEvent[] {
  const form = formOf(request.body.toString("utf8"));
  const sid = field(form, "MessageSid") ?? field(form, "SmsSid");
  if (sid === undefined || !/^[A-Za-z0-9_-]{1,64}$/.test(sid)) {
    throw new Error("the form is not about a Twilio message (there is no MessageSid)");
  }
  if (field(form, "AccountSid") !== settings.accountSid) return [];
  const status = statusNamed(form);
  return status === undefined
    ? messageEvents({ sid, form }, settings)
    : statusEvents({ sid, name: status, form }, { query: request.query, settings });
}

function statusEvents(
  told: { sid: string; name: string; form: Form },
  { query, settings }: { query: RawRequest["query"]; settings: SmsSettings },
): InboundEvent[] {
  const event = statusEvent(told, query);
  if (event === "early") return [];
  if (event !== undefined) return [event, ...optedOutBefore(event, told.form)];
  // A word that Twilio has added since: kept beside the conversation it is about.
  const { author, thread } = personAt(field(told.form, "To")) ?? nobody(settings.accountSid);
  const content = unsupported("a status that is not known here", told.form);
  const eventKey = `status:${told.sid}:${told.name.slice(0, 64)}`;
  return [{ type: "message", eventKey, thread, author, content, addressed: false }];
}

/** A messaging service learns only after it has taken a message that its reader had opted out (by a STOP, perhaps elsewhere). */
function optedOutBefore({ error, providerId }: StatusEvent, form: Form): MessageEvent[] {
  const person = personAt(field(form, "To"));
  if (error?.code !== "21610" || person === undefined) return [];
  const { author, thread } = person;
  const content: Content = { kind: "system", code: CODES.STOP };
  const eventKey = `opted-out:${providerId}`;
  return [{ type: "message", eventKey, thread, author, content, addressed: false, consent: "optedOut" }];
}

function messageEvents({ sid, form }: { sid: string; form: Form }, settings: SmsSettings): MessageEvent[] {
  const from = field(form, "From");
  if (!isForUs(form, settings) || from?.startsWith("whatsapp:")) return [];
  const sender = senderOf(from) ?? nobody(settings.accountSid);
  const keyword = askedFor(form);
  const extra = circumstances(form, settings);
  return contentsOf(form, { sender, keyword }).map(({ key, content }) => ({
    type: "message",
    eventKey: `message:${sid}${key}`,
    thread: sender.thread,
    author: sender.author,
    content,
    ...(sender.answerable && keyword === undefined ? {} : { addressed: false }),
    ...(content.kind === "system" ? consentIn(keyword) : {}),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  }));
}

/** Whether the message was sent to this account's number, or to a number of its messaging service. */
function isForUs(form: Form, { phoneNumber, messagingServiceSid }: SmsSettings): boolean {
  const [to, service] = [field(form, "To"), field(form, "MessagingServiceSid")];
  return (
    (phoneNumber !== undefined && to === phoneNumber) ||
    (messagingServiceSid !== undefined && service === messagingServiceSid)
  );
}

/**
 * What the message asks for. With `OptOutType` Twilio itself has understood the word (a number's own, in any language)
 * and has answered it. Without it the word counts all the same, but for HELP, which nobody has answered yet.
 * @see https://help.twilio.com/articles/31560110671259
 */
function askedFor(form: Form): Keyword | undefined {
  const told = field(form, "OptOutType")?.toUpperCase();
  if (told === "STOP" || told === "START" || told === "HELP") return told;
  const word = keywordOf(field(form, "Body") ?? "");
  return word === "HELP" ? undefined : word;
}

const CODES = { STOP: "opted_out", START: "opted_in", HELP: "asked_for_help" } as const;

function consentIn(keyword: Keyword | undefined): Pick<MessageEvent, "consent"> {
  if (keyword === "STOP") return { consent: "optedOut" };
  return keyword === "START" ? { consent: "optedIn" } : {};
}

/** A part of a message, and by which addition to the message's key it is known. */
interface Piece {
  key: string;
  content: Content;
}

/** What is said, in parts. */
function contentsOf(form: Form, { sender, keyword }: { sender: Sender; keyword: Keyword | undefined }): Piece[] {
  // A sender that can't be read may be anybody: kept whole, for a later version to read.
  if (sender.thread.audience === "room") return [{ key: "", content: unsupported("the sender can't be read", form) }];
  const media = mediaOf(form).map(({ index, content }): Piece => ({
    key: `:media:${index}`,
    content: content ?? unsupported(`media ${index} has no URL`, form),
  }));
  const text = field(form, "Body");
  if (keyword !== undefined) {
    const said = text === undefined ? {} : { text };
    return [{ key: "", content: { kind: "system", code: CODES[keyword], ...said } }, ...media];
  }
  if (text !== undefined) return withWords(spoken(text), media);
  return media.length > 0 ? media : [{ key: "", content: unsupported("there is nothing in the message", form) }];
}

/** Words beside files are the caption of the first. A code, or words beside what can't be read, stand for themselves. */
function withWords(words: Content, media: Piece[]): Piece[] {
  const [first, ...rest] = media;
  return words.kind === "text" && first?.content.kind === "media"
    ? [{ ...first, content: { ...first.content, text: words.text } }, ...rest]
    : [{ key: "", content: words }, ...media];
}

function spoken(text: string): Content {
  const token = linkToken(text);
  return token === undefined ? { kind: "text", text } : { kind: "start", token, text };
}

function unsupported(reason: string, form: Form): Content {
  return { kind: "unsupported", reason, raw: rawOf(form) };
}

function rawOf(form: Form): Json {
  return Object.fromEntries(Object.entries(form).map(([name, value]) => [name, value ?? ""]));
}

/** What surrounds a message: how Twilio took it, where the number is from, which number of a pool it came to. */
function circumstances(form: Form, { phoneNumber }: SmsSettings): Record<string, Json> {
  const to = field(form, "To");
  const named = {
    optOutType: field(form, "OptOutType"),
    fromCountry: field(form, "FromCountry"),
    to: to === phoneNumber ? undefined : to,
  };
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
