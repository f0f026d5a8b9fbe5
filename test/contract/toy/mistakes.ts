import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { z } from "zod";
import { DownloadError, parseLight, SendError } from "../../../adapters/contract/index.ts";
import type {
  ChannelAdapter,
  ChoiceList,
  InboundEvent,
  MessageEvent,
  OutboundContent,
} from "../../../adapters/contract/index.ts";
import type { checks } from "../suite.ts";
import { adapter as toy } from "./index.ts";
import { parse as parseToy } from "./parse.ts";
import type { ToySettings } from "./settings.ts";

type Toy = ChannelAdapter<ToySettings>;
type Webhook = NonNullable<Toy["webhook"]>;
type Download = NonNullable<Toy["download"]>;

const webhook: Webhook = needed(toy.webhook);
/** As the toy's webhook, which makes no promises. */
const parse = (...[request]: Parameters<Webhook["parse"]>): InboundEvent[] => parseToy(request);
const download: Download = needed(toy.download);
const listener: NonNullable<Toy["listener"]> = needed(toy.listener);

/** One mistake, and the check that must notice it. */
export const toyMistakes: [mistake: string, part: keyof typeof checks, check: RegExp, broken: Partial<Toy>][] = [
  ["its id is not its folder", "shape", /is named/, { id: "other" }],
  ["no way in", "shape", /way in/, without("webhook", "listener")],
  ["an undescribed field", "shape", /describes every/, { settings: extended({ extra: z.string().optional() }) }],
  [
    "an unmarked secret",
    "shape",
    /describes every/,
    { settings: extended({ otherToken: z.string().optional().describe("x") }) },
  ],
  [
    "a fixed base URL",
    "shape",
    /base URL/,
    {
      settings: extended({
        mediaUrl: z.literal("https://cdn.toy.example").default("https://cdn.toy.example").describe("x"),
      }),
    },
  ],
  ["a field that takes anything", "shape", /not its own/, { settings: extended({ extra: z.unknown().describe("x") }) }],
  ["a limit of nothing", "shape", /limits/, { limits: { text: { maxLength: 0 } } }],
  ["limits that are code", "shape", /limits/, { limits: Object.assign({ fits: () => true }, toy.limits) }],

  [
    "takes unsigned requests",
    "signatures",
    /accepts good/,
    verifying((request, settings) => !request.headers["x-toy-signature"] || webhook.verify(request, settings)),
  ],
  [
    "takes any signature",
    "signatures",
    /accepts good/,
    verifying((request) => (request.headers["x-toy-signature"] ?? "") !== ""),
  ],
  [
    "compares the beginning only",
    "signatures",
    /accepts good/,
    verifying((request, settings) => webhook.verify(trimmed(request), settings)),
  ],
  [
    "takes upper case",
    "signatures",
    /accepts good/,
    verifying((request, settings) => webhook.verify(lowered(request), settings)),
  ],
  [
    "takes the first of repeated headers",
    "signatures",
    /accepts good/,
    verifying((request, settings) => webhook.verify(first(request), settings)),
  ],
  [
    "signs only the header",
    "signatures",
    /accepts good/,
    verifying((request, settings) => webhook.verify({ ...request, body: Buffer.from("{}") }, settings)),
  ],
  ["refuses everything", "signatures", /accepts good/, verifying(() => false)],
  [
    "throws on an odd signature",
    "signatures",
    /accepts good/,
    verifying((request, settings) => strict(request) && webhook.verify(request, settings)),
  ],
  [
    "is open while unset",
    "signatures",
    /empty/,
    verifying((request, settings) => settings.webhookSecret === "" || webhook.verify(request, settings)),
  ],
  [
    "sees handshakes everywhere",
    "signatures",
    /handshake/,
    { webhook: { ...webhook, handshake: () => ({ status: 200 }) } },
  ],

  ["reads nothing", "parse", /reads every/, parsing(() => [])],
  ["reads wrongly", "parse", /reads every/, mapping((event) => ({ ...event, content: { kind: "text", text: "?" } }))],
  [
    "makes an invalid date",
    "parse",
    /reads every/,
    mapping((event) => ({ ...event, occurredAt: new Date(Number.NaN) })),
  ],
  ["proves too much", "parse", /reads every/, mapping((event) => proven(event, "toy", 3))],
  ["brings an undeclared identifier", "parse", /reads every/, mapping((event) => proven(event, "other", 2))],
  ["repeats a key within a batch", "parse", /reads every/, mapping((event) => ({ ...event, eventKey: "message:m-1" }))],
  [
    "keys by the clock",
    "parse",
    /pure/,
    mapping((event) => ({ ...event, eventKey: `${event.eventKey}:${Date.now()}` })),
  ],
  [
    "changes the bytes",
    "parse",
    /pure/,
    parsing((...given) => {
      const events = parse(...given);
      given[0].body.fill(0);
      return events;
    }),
  ],
  [
    "keys by the sender",
    "parse",
    /different keys/,
    mapping((event) => ({ ...event, eventKey: event.thread.aliases[0] })),
  ],
  [
    "spells out what is missing",
    "parse",
    /names people/,
    mapping((event) => ({ ...event, thread: { ...event.thread, aliases: ["user:undefined"] } })),
  ],
  ["takes any body", "parse", /refuses a body/, parsing((...given) => attempt(() => parse(...given), []))],
  [
    "crashes on another body",
    "parse",
    /refuses a body/,
    parsing((...given) => attempt(() => parse(...given), undefined) ?? crash()),
  ],
  [
    "acknowledges with an error",
    "parse",
    /acknowledges/,
    { webhook: { ...webhook, respond: () => ({ status: 500 }) } },
  ],
  ["has no fixture of an unknown kind", "parse", /plain cases/, parsing((...given) => parse(...given).filter(known))],

  ["drops unknown kinds", "unknown kinds", /keeps unknown/, parsing((...given) => parse(...given).filter(known))],
  [
    "loses the payload",
    "unknown kinds",
    /keeps unknown/,
    mapping((event) => (known(event) ? event : { ...event, content: { kind: "unsupported", reason: "?", raw: {} } })),
  ],
  [
    "calls the unknown empty text",
    "unknown kinds",
    /keeps unknown/,
    mapping((event) => (known(event) ? event : { ...event, content: { kind: "text", text: "" } })),
  ],
  ["stops at an odd item", "unknown kinds", /no odd item/, parsing((...given) => every(parse(...given), known))],
  [
    "skips what follows an odd item",
    "unknown kinds",
    /no odd item/,
    parsing((...given) => before(parse(...given), (event) => !known(event))),
  ],

  [
    "crashes on an odd payload",
    "mutation",
    /survives/,
    mapping((event) => (event.author.attributes?.["name"] === "Sarah" ? event : crash())),
  ],
  [
    "makes an invalid event of an odd payload",
    "mutation",
    /survives/,
    mapping((event) => (known(event) ? event : { ...event, eventKey: "" })),
  ],
  [
    "thinks too long",
    "mutation",
    /survives/,
    parsing((...given) => {
      if (given[0].body.length > 50_000) spin(60);
      return parse(...given);
    }),
  ],

  [
    "trims the text",
    "send",
    /exactly/,
    sending((message, context) =>
      toy.send({ ...message, content: { text: message.content.text.slice(0, 1_000) } }, context),
    ),
  ],
  [
    "escapes the text",
    "send",
    /exactly/,
    sending((message, context) =>
      toy.send({ ...message, content: { text: message.content.text.replaceAll("<", "&lt;") } }, context),
    ),
  ],
  [
    "leaves out words of a text that is read out",
    "send",
    /exactly/,
    {
      limits: { ...toy.limits, text: { ...toy.limits.text, spoken: true } },
      ...saying(({ text, ...content }) => ({ ...content, text: text.replace("link", "") })),
    },
  ],
  [
    "says more than a text that is read out",
    "send",
    /exactly/,
    {
      limits: { ...toy.limits, text: { ...toy.limits.text, spoken: true } },
      ...saying(({ text, ...content }) => ({ ...content, text: `${text} over` })),
    },
  ],
  [
    "gives one provider id to all",
    "send",
    /exactly/,
    sending(async (message, context) => ({ ...(await toy.send(message, context)), providerId: "1" })),
  ],
  [
    "sends twice",
    "send",
    /exactly/,
    sending(async (message, context) => {
      await toy.send(message, context);
      return toy.send(message, context);
    }),
  ],
  [
    "cuts what is too long",
    "send",
    /beyond its declared/,
    sending((message, context) =>
      toy.send({ ...message, content: { text: message.content.text.slice(0, 2_000) } }, context),
    ),
  ],
  [
    "drops buttons",
    "send",
    /buttons/,
    sending((message, context) => toy.send({ ...message, content: { text: message.content.text } }, context)),
  ],
  [
    "flattens lists",
    "rich",
    /a list as large/,
    saying(({ list, ...content }) => ({ ...content, ...(list && { list: { ...list, sections: flat(list) } }) })),
  ],
  [
    "drops descriptions",
    "rich",
    /a list as large/,
    saying(({ list, ...content }) => ({ ...content, ...(list && { list: bare(list) }) })),
  ],
  ["drops quick replies", "rich", /quick replies/, saying(({ text }) => ({ text }))],
  [
    "drops the last quick reply",
    "rich",
    /quick replies/,
    saying(({ quickReplies, ...content }) => ({
      ...content,
      ...(quickReplies && { quickReplies: quickReplies.slice(0, 3) }),
    })),
  ],
  [
    "writes a link into the text",
    "rich",
    /delivers a link/,
    saying(({ link, ...content }) => ({ ...content, text: `${content.text} ${link?.url}` })),
  ],
  [
    "drops a link's description",
    "rich",
    /delivers a link/,
    saying(({ link, ...content }) => ({ ...content, ...(link && { link: { url: link.url, title: link.title } }) })),
  ],
  ["shows raw marks", "rich", /light formatting/, saying(({ text }) => ({ text }))],
  ["shows raw marks, unread", "rich", /light formatting/, unread(({ text }) => ({ text }))],
  [
    "drops the address of a link in the text",
    "rich",
    /light formatting/,
    unread(({ text }) => ({ text: wordsOf(text) })),
  ],
  [
    "makes bold slanted",
    "rich",
    /light formatting/,
    saying((content) => ({ ...content, text: content.text.replaceAll("**the bold part**", "*the bold part*") })),
  ],
  [
    "loses formatting beside buttons",
    "rich",
    /light formatting/,
    saying((content) => (content.buttons ? { ...content, text: wordsOf(content.text) } : content)),
  ],
  [
    "takes a choice for words",
    "rich",
    /gives back/,
    mapping((event) =>
      event.content.kind === "choice" ? { ...event, content: { kind: "text", text: event.content.text } } : event,
    ),
  ],
  [
    "cuts the id of a choice",
    "rich",
    /gives back/,
    saying(({ buttons, ...content }) => ({
      ...content,
      ...(buttons && { buttons: buttons.map((button) => ({ ...button, id: button.id.slice(0, 20) })) }),
    })),
  ],
  ["counts by chance", "rich", /measures/, { measure: () => ({ unit: "page", count: Math.random() }) }],
  ["counts everything as one", "rich", /measures/, { measure: () => ({ unit: "page", count: 1 }) }],
  ["calls everything final", "send", /refusals/, advising(() => new SendError("never", "no"))],
  ["gives no advice", "send", /refusals/, advising(() => new TypeError("fetch failed"))],
  [
    "quotes the customer",
    "send",
    /refusals/,
    sending((message, context) =>
      toy.send(message, context).catch((error: unknown) => {
        throw error instanceof SendError ? new SendError(error.kind, `no: ${message.content.text}`) : error;
      }),
    ),
  ],
  [
    "takes an unreachable provider for an answer",
    "send",
    /cannot be reached/,
    advising((error) => (error.kind === "later" ? new SendError("unknown", "?") : error)),
  ],
  [
    "would send again after a lost answer",
    "send",
    /lost, late/,
    advising((error) => (error.kind === "unknown" ? new SendError("later", "?") : error)),
  ],
  [
    "ignores the signal",
    "send",
    /lost, late/,
    sending((message, context) => toy.send(message, { ...context, signal: AbortSignal.timeout(2_500) })),
  ],
  [
    "writes to nobody",
    "send",
    /address/,
    sending((message, context) => toy.send({ ...message, address: { user: "toy-sarah" } }, context)),
  ],

  ["sends no files", "files", /every kind that it declares/, saying(({ text }) => ({ text }))],
  [
    "takes every file for a document",
    "files",
    /every kind that it declares/,
    saying(({ media, ...content }) => (media ? { ...content, media: { ...media, kind: "document" } } : content)),
  ],
  [
    "drops captions",
    "files",
    /every kind that it declares/,
    saying((content) => (content.media === undefined ? content : { ...content, text: "" })),
  ],
  [
    "cuts long captions",
    "files",
    /every kind that it declares/,
    saying((content) => (content.media === undefined ? content : { ...content, text: content.text.slice(0, 100) })),
  ],
  [
    "sends files and captions apart",
    "files",
    /every kind that it declares/,
    sending(async (message, context) => {
      const { media, ...words } = message.content;
      if (media !== undefined && words.text !== "") await toy.send({ ...message, content: words }, context);
      return toy.send(message, context);
    }),
  ],
  [
    "sends something else",
    "files",
    /every kind that it declares/,
    sending((message, context) => {
      const media = { ...context.media, read: () => Promise.resolve(Buffer.from("something else")) };
      return toy.send(message, { ...context, media });
    }),
  ],
  [
    "reads no files",
    "files",
    /byte for byte/,
    mapping((event) => ({ ...event, content: { kind: "unsupported", reason: "a file", raw: null } })),
  ],
  ["misreads the kind of a file", "files", /byte for byte/, filing((content) => ({ ...content, media: "video" }))],
  ["reads no captions", "files", /byte for byte/, filing((content) => ({ ...content, text: "" }))],
  [
    "loses the bytes that came along",
    "files",
    /byte for byte/,
    filing((content) => (content.data === undefined ? content : { ...content, data: content.data.subarray(1) })),
  ],
  ["can't download", "files", /byte for byte/, without("download")],
  [
    "downloads half of it",
    "files",
    /byte for byte/,
    downloading(async (...given) => {
      const file = await download(...given);
      return { ...file, body: Readable.from([await halfOf(file.body)]) };
    }),
  ],
  [
    "fetches from any host",
    "files",
    /provider only/,
    downloading(async (media, context) =>
      URL.canParse(media.ref) ? context.fetch(media.ref) : download(media, context),
    ),
  ],
  [
    "follows a path out of its folder",
    "files",
    /provider only/,
    downloading(async (media, context) => {
      if (!media.ref.includes("/")) return download(media, context);
      const { apiBaseUrl } = context.settings;
      return context.fetch(new URL(media.ref, "https://cdn.toy.example/files/").href, { trusted: [apiBaseUrl] });
    }),
  ],
  [
    "takes its provider's name anywhere in a URL",
    "files",
    /provider only/,
    downloading(async (media, context) => {
      const isOurs = media.ref.includes(context.settings.apiBaseUrl) && URL.canParse(media.ref);
      return isOurs ? context.fetch(media.ref) : download(media, context);
    }),
  ],
  [
    "takes its token along to anybody",
    "files",
    /provider only/,
    downloading(async (media, context) => {
      const headers = { authorization: context.settings.apiToken };
      if (media.ref.startsWith("http")) await context.fetch(media.ref, { headers, hosts: ["files.toy.example"] });
      return download(media, context);
    }),
  ],
  [
    "says nothing of why",
    "files",
    /provider only/,
    downloading((...given) =>
      download(...given).catch(() => {
        throw new TypeError("fetch failed");
      }),
    ),
  ],
  [
    "quotes its token",
    "files",
    /provider only/,
    downloading((media, context) =>
      download(media, context).catch(() => {
        throw new DownloadError("never", `no such file with ${context.settings.apiToken}`);
      }),
    ),
  ],
  [
    "takes an error page for the file",
    "files",
    /provider only/,
    downloading((...given) => download(...given).catch(() => ({ body: Readable.from([Buffer.from("<html>404")]) }))),
  ],
  [
    "drops a place's name",
    "files",
    /locations/,
    saying(({ location, ...content }) =>
      location ? { ...content, location: { latitude: location.latitude, longitude: location.longitude } } : content,
    ),
  ],
  [
    "swaps latitude and longitude",
    "files",
    /locations/,
    saying(({ location, ...content }) =>
      location
        ? { ...content, location: { ...location, latitude: location.longitude, longitude: location.latitude } }
        : content,
    ),
  ],
  [
    "sends the first number only",
    "files",
    /contacts/,
    saying(({ contact, ...content }) =>
      contact ? { ...content, contact: { ...contact, phones: contact.phones.slice(0, 1) } } : content,
    ),
  ],

  [
    "misreads its provider",
    "simulator",
    /understands/,
    mapping((event) => ({ ...event, content: { kind: "text", text: "?" } })),
  ],
  [
    "puts all on one thread",
    "simulator",
    /two customers apart/,
    mapping((event) => ({ ...event, thread: { ...event.thread, aliases: ["lane"] } })),
  ],
  [
    "opens a thread per message",
    "simulator",
    /two customers apart/,
    mapping((event) => ({ ...event, thread: { ...event.thread, aliases: [event.eventKey] } })),
  ],
  [
    "keys by chance",
    "simulator",
    /redelivery/,
    mapping((event) => ({ ...event, eventKey: `${event.eventKey}:${Math.random()}` })),
  ],
  [
    "keys by the text",
    "simulator",
    /redelivery/,
    mapping((event) => ({ ...event, eventKey: JSON.stringify(event.content) })),
  ],
  ["takes its provider's requests for forged ones", "simulator", /500/, verifying(() => false)],
  ["does not look at the signature", "simulator", /signs its/, verifying(() => true)],
  [
    "takes a room for somebody's private thread",
    "simulator",
    /rooms/,
    mapping((event) => ({ ...event, thread: { ...event.thread, audience: "private" } })),
  ],
  [
    "writes first in a thread that no answer comes in",
    "simulator",
    /reaches/,
    { reach: ({ value }) => ({ aliases: [`first:${value}`], audience: "private", address: { user: value } }) },
  ],
  [
    "cuts the link code",
    "simulator",
    /link/,
    { link: (_settings, token) => ({ url: `https://toy.example/open?code=${token.slice(0, 8)}` }) },
  ],

  [
    "does not stop",
    "listener",
    /hears/,
    listening((context) => listener.listen({ ...context, signal: new AbortController().signal })),
  ],
  [
    "forgets its cursor",
    "listener",
    /hears/,
    listening((context) => listener.listen({ ...context, cursor: undefined })),
  ],
  [
    "loses what was not stored",
    "listener",
    /gives again/,
    listening((context) =>
      listener.listen({ ...context, emit: (...given) => context.emit(...given).catch(() => undefined) }),
    ),
  ],
  ["hangs while its provider is away", "listener", /provider is away/, listening(() => new Promise(() => undefined))],
];

function needed<T>(ability: T | undefined): T {
  if (ability === undefined) throw new Error("the toy lacks it");
  return ability;
}

function without(...abilities: ("webhook" | "listener" | "download")[]): Partial<Toy> {
  return Object.fromEntries(abilities.map((name) => [name, undefined]));
}

function extended(fields: z.ZodRawShape): Toy["settings"] {
  if (!(toy.settings instanceof z.ZodObject)) throw new Error("the toy's settings are no object");
  return z.custom<Toy["settings"]>().parse(toy.settings.extend(fields));
}

function verifying(verify: Webhook["verify"]): Partial<Toy> {
  return { webhook: { ...webhook, verify } };
}

function parsing(parse: Webhook["parse"]): Partial<Toy> {
  return { webhook: { ...webhook, parse } };
}

function mapping(change: (event: MessageEvent) => MessageEvent): Partial<Toy> {
  return parsing((...given) => parse(...given).map((event) => (event.type === "message" ? change(event) : event)));
}

function sending(send: Toy["send"]): Partial<Toy> {
  return { send };
}

function saying(change: (content: OutboundContent) => OutboundContent): Partial<Toy> {
  return sending((message, context) => toy.send({ ...message, content: change(message.content) }, context));
}

/** The same, with a simulator that doesn't read its provider's markup. */
function unread(change: (content: OutboundContent) => OutboundContent): Partial<Toy> {
  const factory = needed(toy.simulator);
  const start = async () => {
    const simulator = await factory.start();
    return { ...simulator, heard: (as: string) => simulator.heard(as).map(({ id, text, at }) => ({ id, text, at })) };
  };
  return { ...saying(change), simulator: { ...factory, start } };
}

function flat({ sections }: ChoiceList): ChoiceList["sections"] {
  return [{ rows: sections.flatMap((section) => section.rows) }];
}

function bare(list: ChoiceList): ChoiceList {
  return {
    ...list,
    sections: list.sections.map((section) => ({
      ...section,
      rows: section.rows.map(({ id, title }) => ({ id, title })),
    })),
  };
}

/** A text without the marks of light formatting, and without the addresses. */
function wordsOf(text: string): string {
  return parseLight(text)
    .map((span) => span.text)
    .join("");
}

type FileContent = Extract<MessageEvent["content"], { kind: "media" }>;

/** Reads files otherwise. */
function filing(change: (content: FileContent) => FileContent): Partial<Toy> {
  return mapping((event) => (event.content.kind === "media" ? { ...event, content: change(event.content) } : event));
}

function downloading(download: Download): Partial<Toy> {
  return { download };
}

async function halfOf(body: Readable): Promise<Buffer> {
  const whole = await buffer(body);
  return whole.subarray(0, whole.byteLength / 2);
}

function advising(change: (error: SendError) => Error): Partial<Toy> {
  return sending((message, context) =>
    toy.send(message, context).catch((error: unknown) => {
      throw error instanceof SendError ? change(error) : error;
    }),
  );
}

function listening(listen: NonNullable<Toy["listener"]>["listen"]): Partial<Toy> {
  return { listener: { ...listener, listen } };
}

type Request = Parameters<Webhook["verify"]>[0];

function withSignature(request: Request, change: (signature: string) => string): Request {
  return {
    ...request,
    headers: { ...request.headers, "x-toy-signature": change(request.headers["x-toy-signature"] ?? "") },
  };
}

const trimmed = (request: Request) => withSignature(request, (signature) => signature.slice(0, 64));
const lowered = (request: Request) => withSignature(request, (signature) => signature.toLowerCase());
const first = (request: Request) => withSignature(request, (signature) => signature.split(", ")[0] ?? "");

function strict(request: Request): true {
  if ((request.headers["x-toy-signature"] ?? "").length % 2 === 1) throw new RangeError("odd");
  return true;
}

function proven(event: MessageEvent, type: string, assurance: 2 | 3): MessageEvent {
  return { ...event, author: { identifiers: [{ type, value: "x", assurance }] } };
}

function known(event: InboundEvent): boolean {
  return event.type !== "message" || event.content.kind !== "unsupported";
}

function every(events: InboundEvent[], ok: (event: InboundEvent) => boolean): InboundEvent[] {
  if (!events.every(ok)) throw new Error("an odd item");
  return events;
}

function before(events: InboundEvent[], stop: (event: InboundEvent) => boolean): InboundEvent[] {
  const end = events.findIndex(stop);
  return end === -1 ? events : events.slice(0, end + 1);
}

function attempt<T, U>(work: () => T, otherwise: U): T | U {
  try {
    return work();
  } catch {
    return otherwise;
  }
}

function crash(): never {
  throw new TypeError("cannot read properties of undefined");
}

function spin(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}
