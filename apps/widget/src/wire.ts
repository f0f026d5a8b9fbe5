import { readParts, type Parts } from "./parts.ts";
import { list, record, text } from "./reading.ts";

/** What the hub tells a page once it is connected. */
export interface Greeting {
  /** Token of this browser's session, to be kept. */
  session: string;
  signedIn: boolean;
  /** Another lane is another conversation. */
  lane: string;
  /** This browser's anonymous conversation has just become the signed-in customer's. */
  joined: boolean;
  /** Longest text of one message, in UTF-16 code units. */
  maxLength: number;
  /** Largest file that may be sent, in bytes; 0: none. */
  maxFileBytes: number;
  /** Ids of channels on which unseen answers can be had as well. */
  followUpChannels: string[];
}

/** An answer that the hub offers as a button. */
export interface Offer {
  id: string;
  title: string;
}

/** A stored message and its place in the conversation. */
export interface Pushed {
  cursor: string;
  id: string;
  /** The page's own id, if it came from a page. */
  clientId: string | undefined;
  direction: "in" | "out";
  text: string;
  offers: Offer[];
  /** What goes with the text; absent: nothing. */
  parts?: Parts;
  at: Date;
}

/** The hub's answer to a frame. */
export type Answer = { ok: true } | { ok: false; code: string; message: string };

/** @throws Error when the hub says something else than a greeting */
export function readGreeting(data: unknown): Greeting {
  const { session, signedIn, lane, joined, maxLength, maxFileBytes, followUpChannels } = record(data);
  return {
    session: text(session),
    signedIn: signedIn === true,
    lane: text(lane),
    joined: joined === true,
    maxLength: typeof maxLength === "number" ? maxLength : 4000,
    maxFileBytes: typeof maxFileBytes === "number" ? maxFileBytes : 0,
    followUpChannels: Array.isArray(followUpChannels) ? followUpChannels.map(text) : [],
  };
}

/** @throws Error when the hub says something else than messages */
export function readMessages(data: unknown): Pushed[] {
  return list(data).map((item) => {
    const { cursor, message } = record(item);
    const { id, clientId, direction, text: said, buttons, at, ...rest } = record(message);
    const parts = readParts(rest);
    return {
      cursor: text(cursor),
      id: text(id),
      clientId: typeof clientId === "string" ? clientId : undefined,
      direction: direction === "in" ? "in" : "out",
      text: text(said),
      offers: buttons === undefined ? [] : list(buttons).map(readOffer),
      ...(parts === undefined ? {} : { parts }),
      at: new Date(text(at)),
    };
  });
}

/** @throws Error when this is no answer */
export function readAnswer(data: unknown): Answer {
  const { ok, code, message } = record(data);
  return ok === true ? { ok } : { ok: false, code: text(code), message: text(message) };
}

/** The code of a refused connection; undefined when the hub was not reached at all. */
export function refusalCode(error: Error): string | undefined {
  if (!("data" in error) || typeof error.data !== "object" || error.data === null) return undefined;
  return "code" in error.data && typeof error.data.code === "string" ? error.data.code : undefined;
}

function readOffer(data: unknown): Offer {
  const { id, title } = record(data);
  return { id: text(id), title: text(title) };
}
