import { z } from "zod";
import { MEDIA_KINDS } from "../../adapters/contract/media-kinds.ts";

/** What the playground's server and its page say to each other: one schema for both sides. */

const time = z.iso.datetime();
const button = z.object({ id: z.string(), title: z.string() });
const row = button.extend({ description: z.string().optional() });

/** A file in a bubble. */
const ScreenMedia = z.object({
  kind: z.enum(MEDIA_KINDS),
  mime: z.string(),
  /** Bytes. */
  size: z.number(),
  filename: z.string().optional(),
  /** Where the page gets it; absent where the simulator does not keep it. */
  url: z.string().optional(),
});

/** Something on the screen of a simulated phone. */
export const ScreenItem = z.object({
  id: z.string(),
  direction: z.enum(["said", "heard"]),
  text: z.string(),
  at: time,
  /** Who said it, in a room. */
  by: z.string().optional(),
  buttons: z.array(button).optional(),
  list: z
    .object({
      label: z.string(),
      sections: z.array(z.object({ title: z.string().optional(), rows: z.array(row) })),
    })
    .optional(),
  link: z.object({ url: z.string(), title: z.string() }).optional(),
  media: ScreenMedia.optional(),
  location: z
    .object({
      latitude: z.number(),
      longitude: z.number(),
      name: z.string().optional(),
      address: z.string().optional(),
    })
    .optional(),
  contact: z.object({ name: z.string(), phones: z.array(z.string()), emails: z.array(z.string()) }).optional(),
  /** Said by the device itself, not by a message of the hub (a telephone's greeting). */
  prompt: z.literal(true).optional(),
  /** Of what was said: `sent` means that the hub has acknowledged it. */
  state: z.enum(["sending", "sent", "failed"]).optional(),
});
export type ScreenItem = z.infer<typeof ScreenItem>;

/** What the simulated host of a page vouches for, in the names of OpenID Connect. */
export const Claims = z.record(z.string(), z.json());
export type Claims = z.infer<typeof Claims>;

/** A customer at one phone. */
export const Persona = z.object({ handle: z.string(), name: z.string(), claims: Claims.optional() });
export type Persona = z.infer<typeof Persona>;

/** A channel that can be played. */
export const PlayedChannel = z.object({
  id: z.string(),
  label: z.string(),
  accountId: z.string(),
  handles: z.array(Persona),
  device: z.enum(["phone", "browser", "mailbox", "telephone"]),
  /** Kinds of files that can be sent. */
  sends: z.array(z.enum(MEDIA_KINDS)),
  rooms: z.array(z.object({ id: z.string(), label: z.string() })),
  /** Whether its visitors may be signed in on a host page, which then sends `claims`. */
  signsIn: z.boolean(),
  /** Whether a link with a link code can open it. */
  links: z.boolean(),
});
export type PlayedChannel = z.infer<typeof PlayedChannel>;

/** A story that can be replayed. */
export const Story = z.object({ id: z.string(), title: z.string() });
export type Story = z.infer<typeof Story>;

/** How far the replayed journey is. */
export const JourneyState = z.object({
  /** Which story; empty while none was played. */
  story: z.string(),
  stories: z.array(Story),
  state: z.enum(["idle", "running", "done", "failed"]),
  /** Steps done, of how many. */
  done: z.number(),
  steps: z.number(),
  /** What is being played: `Day 2 · 10:00`. */
  caption: z.string(),
  /** Whose turn it is. */
  channel: z.string().optional(),
  /** The room of that channel that is looked at. */
  room: z.string().optional(),
  /** Who plays, by channel. */
  cast: z.record(z.string(), Persona),
  error: z.string().optional(),
});
export type JourneyState = z.infer<typeof JourneyState>;

const said = z.object({ value: z.string(), at: time, source: z.string() });

/** One message of the unified timeline. */
export const TimelineItem = z.object({
  id: z.string(),
  channel: z.string(),
  direction: z.enum(["in", "out"]),
  author: z.string(),
  kind: z.string(),
  text: z.string(),
  at: time,
  state: z.string().optional(),
  parked: z.boolean().optional(),
  files: z
    .array(
      z.object({
        id: z.string(),
        kind: z.enum(MEDIA_KINDS),
        /** `image/…` once it was looked at. */
        mime: z.string().optional(),
        filename: z.string().optional(),
        /** Where the page gets it; absent while it is not stored. */
        url: z.string().optional(),
        /** Why it could not be had. */
        error: z.string().optional(),
      }),
    )
    .optional(),
});
export type TimelineItem = z.infer<typeof TimelineItem>;

/** A page of a timeline, newest first. */
export const TimelinePage = z.object({ items: z.array(TimelineItem), next: z.string().optional() });

/** The unified customer with the newest of the timeline. */
export const Customer = z.object({
  ref: z.string(),
  name: z.string().optional(),
  identifiers: z.array(
    z.object({
      type: z.string(),
      /** For people: `Telegram user id`. */
      label: z.string(),
      value: z.string(),
      assurance: z.number(),
      owned: z.boolean(),
      channel: z.string().optional(),
    }),
  ),
  attributes: z.array(z.object({ name: z.string(), kept: said, others: z.array(said) })),
  timeline: TimelinePage,
});
export type Customer = z.infer<typeof Customer>;

/** What the page hears while it is open. */
export const LiveEvent = z.discriminatedUnion("type", [
  /** First after every connection. Another `boot` than before: the hub was started anew, phones are empty. */
  z.object({ type: z.literal("hello"), boot: z.string() }),
  /** Something is new, or has changed, on a phone. */
  z.object({
    type: z.literal("screen"),
    channel: z.string(),
    /** The customer, or the room. */
    as: z.string(),
    item: ScreenItem,
    actions: z.array(button),
  }),
  /** Something happened in the hub: profiles and timelines may have changed. */
  z.object({ type: z.literal("changed") }),
  z.object({ type: z.literal("journey"), journey: JourneyState }),
]);
export type LiveEvent = z.infer<typeof LiveEvent>;

/** Answers of the control API, by what they answer. */
export const Answers = {
  channels: z.object({ items: z.array(PlayedChannel) }),
  /** `actions`: what the customer can do now beside talking. */
  screen: z.object({ items: z.array(ScreenItem), actions: z.array(button) }),
  customerOf: z.object({ ref: z.string().nullable() }),
  customer: Customer,
  timeline: TimelinePage,
  said: z.object({ id: z.string() }),
  acted: z.object({ actions: z.array(button) }),
  linkCode: z.object({ code: z.string(), expiresAt: time, links: z.record(z.string(), z.string()) }),
  journey: JourneyState,
};
