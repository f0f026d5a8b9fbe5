import type { Json } from "./events.ts";
import type { MediaKind } from "./media-kinds.ts";

/** Something to choose. */
export interface Choice {
  /** Comes back in a `choice`. At most 64 bytes of UTF-8: what every provider carries (Telegram's `callback_data` is the shortest). */
  id: string;
  title: string;
  /** A second line; only in lists. */
  description?: string;
}

/** Choices behind one button. */
export interface ChoiceList {
  /** What the button that opens it says. */
  label: string;
  sections: { title?: string; rows: Choice[] }[];
}

/** A file of the media store that goes with a message. The bytes come from {@link MediaAccess}. */
export interface OutboundMedia {
  /** The hub's id of it (UUID). */
  id: string;
  kind: MediaKind;
  /** What the bytes are, found by looking at them. */
  mime: string;
  /** Bytes. */
  size: number;
  filename?: string;
}

/** A message that the provider has approved, for writing outside of the reply window. */
export interface TemplateMessage {
  name: string;
  /** As the provider writes it: `en_US`. */
  language: string;
  /** By the names that {@link MessageTemplate} declares. */
  variables: Record<string, string>;
}

/**
 * What the hub says, in the one neutral form that generators and staff write. `fit` shapes it to a channel's limits:
 * an adapter's `send` is only ever given what its limits declare, and of `buttons`, `quickReplies`, `list`, `link`, `media`,
 * `location`, `contact` and `template` no more than one (beside `text`, which choices and links always have).
 */
export interface OutboundContent {
  /** What a person reads; the caption of `media`. Empty only beside `media`, `location` or `contact`. */
  text: string;
  /** `light`: the text carries light formatting (see {@link parseLight}). Absent: it is to be shown as it stands. */
  format?: "light";
  /** Offered answers that stay with the message. */
  buttons?: Choice[];
  /** Offered answers that go once the customer has said something. */
  quickReplies?: Choice[];
  list?: ChoiceList;
  /** A card, or a button, that opens a page. */
  link?: { url: string; title: string; description?: string };
  media?: OutboundMedia;
  location?: { latitude: number; longitude: number; name?: string; address?: string };
  contact?: { name: string; phones: string[]; emails: string[] };
  template?: TemplateMessage;
  /** Made by `fit`: the choices that stand as numbered lines in `text`. A customer who answers "2" means the second. */
  numbered?: Choice[];
}

/** One message, already within the adapter's limits, ready to send. */
export interface OutboundMessage {
  /** The hub's id of it (UUID): the idempotency key or client reference, where the provider takes one. */
  id: string;
  content: OutboundContent;
  /** The thread's `address`, as the adapter's own events gave it. */
  address: Record<string, Json>;
  /** Whether a program wrote it, for channels that must say so (mail). Not told: it counts as written by a program. */
  automatic?: boolean;
}

/** What the provider answered. */
export interface SendReceipt {
  /** The provider's id of the message; statuses name it. */
  providerId: string;
}

/** So many at most in so long. */
export interface Rate {
  count: number;
  /** Milliseconds. */
  perMs: number;
}

/** What a channel takes of one kind of file. */
export interface MediaLimit {
  /** Largest file, in bytes. */
  maxBytes: number;
  /** Media types that are taken: `image/png`; a star stands for any type or subtype. */
  types: string[];
  /** Longest caption, in UTF-16 code units; absent: the text goes as a message of its own. */
  maxCaptionLength?: number;
}

/** What the channel can carry. What isn't declared is unsupported. */
export interface Limits {
  text: {
    /** Longest text of one message, in UTF-16 code units. */
    maxLength: number;
    /** Longest text in bytes of UTF-8, where the provider counts those; then both hold. */
    maxBytes?: number;
    /** `light`: the adapter shows light formatting. Absent: `fit` makes plain text of it. */
    format?: "light";
    /** The text is read out: its words are heard, its marks and emoji are not, and a web address is told in other words. */
    spoken?: true;
  };
  buttons?: {
    maxCount: number;
    maxTitleLength: number;
    /** Longest text of the message that carries the buttons, where it is shorter than `text.maxLength`. */
    maxTextLength?: number;
  };
  quickReplies?: { maxCount: number; maxTitleLength: number; maxTextLength?: number };
  list?: {
    /** Over all sections. */
    maxRows: number;
    /** 1: rows only, without headings. */
    maxSections: number;
    maxLabelLength: number;
    /** Of rows and sections. */
    maxTitleLength: number;
    maxDescriptionLength: number;
    maxTextLength?: number;
  };
  link?: {
    maxTitleLength: number;
    /** Absent: a description has no place there and goes into the text. */
    maxDescriptionLength?: number;
    maxTextLength?: number;
  };
  media?: Partial<Record<MediaKind, MediaLimit>>;
  location?: true;
  contact?: true;
  /** How fast the provider lets messages come; the hub keeps to it over the whole fleet. */
  rates?: {
    /** Of the account, over all customers. */
    account?: Rate;
    /** To one thread. */
    thread?: Rate;
    /** To a thread that is a room, where it is slower than `thread`. */
    room?: Rate;
  };
  /** Free text may be sent only this long after the customer's last message, in milliseconds. */
  replyWindowMs?: number;
  /** The hub may write to a thread the customer has not written in (yet). Default: false. */
  canWriteFirst?: boolean;
}
