import type { Parts } from "./parts.ts";
import type { Offer, Pushed } from "./wire.ts";

/** A frame on its way to the hub. */
export interface Frame {
  name: "say" | "press" | "start" | "file" | "follow";
  data: {
    id: string;
    text?: string;
    buttonId?: string;
    title?: string;
    token?: string;
    /** Of a wish for answers elsewhere; null: none any more. */
    channel?: string | null;
    /** Of a file. */
    name?: string;
    mime?: string;
    bytes?: Blob;
  };
}

/** One line of the log, as it is shown. */
export interface Entry {
  key: string;
  direction: "in" | "out";
  text: string;
  parts?: Parts;
  at: Date;
  /** Own messages: `waiting` for the line, `sent` (stored by the hub), or `failed` with a reason. */
  status: "waiting" | "sent" | "failed";
  reason?: string;
}

interface Pending {
  frame: Frame;
  at: Date;
  status: Entry["status"];
  reason?: string;
}

/** What this browser knows of the conversation: what the hub has stored, and what is still on its way there. */
export interface Conversation {
  /** What to show, oldest first. */
  entries(): Entry[];
  /** Answers offered by the newest message, if it is the hub's. */
  offers(): Offer[];
  add(frame: Frame): void;
  /** The oldest frame that the hub has not acknowledged. */
  next(): Frame | undefined;
  /** Everything not acknowledged that a browser can keep: no files. */
  unsent(): Frame[];
  acknowledged(id: string): void;
  failed(id: string, reason: string): void;
  /** Puts a failed message back at the end of the queue. */
  again(id: string): void;
  /** Takes in stored messages; what is known already changes nothing. Returns the new ones. */
  receive(messages: Pushed[]): Pushed[];
  /** Position of the newest stored message of this lane. */
  cursor: () => string | undefined;
  /** Forgets the position: the lane changed, what is shown stays. */
  forgetCursor(): void;
  /** Empties the log, and the queue as well unless it is kept. */
  clear(options?: { keepUnsent: boolean }): void;
}

/** A conversation with nothing in it. */
export function createConversation(changed: () => void): Conversation {
  let stored: Pushed[] = [];
  let pending: Pending[] = [];
  let cursor: string | undefined;

  function find(id: string): Pending | undefined {
    return pending.find(({ frame }) => frame.data.id === id);
  }

  function take(message: Pushed): boolean {
    cursor = message.cursor;
    if (stored.some(({ id }) => id === message.id)) return false;
    if (message.clientId !== undefined) pending = pending.filter(({ frame }) => frame.data.id !== message.clientId);
    // Almost always the end; after a sign-in the customer's earlier messages go before this browser's.
    let place = stored.length;
    while (place > 0 && (stored[place - 1]?.at ?? 0) > message.at) place--;
    stored.splice(place, 0, message);
    return true;
  }

  return {
    entries: () => [...stored.filter(isShown).map(storedEntry), ...pending.map(pendingEntry).filter(isShown)],
    offers() {
      const newest = stored.findLast(isShown);
      const answered = pending.some(({ frame }) => frame.name !== "start" && frame.name !== "follow");
      return newest?.direction === "out" && !answered ? newest.offers : [];
    },
    add(frame) {
      pending.push({ frame, at: new Date(), status: "waiting" });
      changed();
    },
    next: () => pending.find(({ status }) => status === "waiting")?.frame,
    unsent: () =>
      pending.filter(({ status, frame }) => status === "waiting" && frame.name !== "file").map(({ frame }) => frame),
    acknowledged(id) {
      const item = find(id);
      if (item !== undefined) item.status = "sent";
      changed();
    },
    failed(id, reason) {
      const item = find(id);
      if (item !== undefined) Object.assign(item, { status: "failed", reason });
      changed();
    },
    again(id) {
      const item = find(id);
      if (item === undefined) return;
      pending = [
        ...pending.filter((other) => other !== item),
        { frame: item.frame, at: new Date(), status: "waiting" },
      ];
      changed();
    },
    receive(messages) {
      const fresh = messages.filter(take);
      if (fresh.length > 0) changed();
      return fresh;
    },
    cursor: () => cursor,
    forgetCursor() {
      cursor = undefined;
    },
    clear({ keepUnsent } = { keepUnsent: false }) {
      stored = [];
      if (!keepUnsent) pending = [];
      cursor = undefined;
      changed();
    },
  };
}

function isShown({ text, parts }: Pick<Entry, "text" | "parts">): boolean {
  return text !== "" || parts !== undefined;
}

function storedEntry({ id, clientId, direction, text, parts, at }: Pushed): Entry {
  // The same key before and after it was stored, so that the line on the screen stays the same element.
  const entry: Entry = { key: clientId ?? id, direction, text, at, status: "sent" };
  return parts === undefined ? entry : { ...entry, parts };
}

function pendingEntry({ frame, at, status, reason }: Pending): Entry {
  const entry: Entry = { key: frame.data.id, direction: "in", text: textOf(frame), at, status };
  const { name, bytes } = frame.data;
  const file = { kind: "document", name, size: bytes?.size ?? 0, url: undefined };
  const bare = { spans: [], link: undefined, list: undefined, place: undefined, contact: undefined };
  return {
    ...entry,
    ...(reason === undefined ? {} : { reason }),
    ...(bytes === undefined ? {} : { parts: { ...bare, files: [file] } }),
  };
}

function textOf({ data }: Frame): string {
  return data.text ?? data.title ?? "";
}
