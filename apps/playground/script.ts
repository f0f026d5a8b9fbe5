import type { Persona } from "./wire.ts";

/** One thing that happens in a scene. What a customer does is answered before the next one begins. */
export type Step =
  /** The customer says something, perhaps with a photo of where a parcel was left. */
  | { says: string; photo?: true }
  /** The customer does what the phone offers beside talking (calls, hangs up); `silent`: nothing is heard upon it. */
  | { does: string; silent?: true }
  /** Somebody of the staff takes the conversation over and writes on the scene's channel. */
  | { staff: string };

/**
 * A customer's days as they are replayed: a script, not part of the machine. A scene of a channel that is not installed is
 * left out.
 */
export interface Scene {
  channel: string;
  caption: string;
  /** Arrives by a link that was made for her on another channel. */
  linkFrom?: string;
  /** In the channel's first room rather than in private. */
  inRoom?: true;
  steps: Step[];
}

/** A few days of a customer. */
export interface Tale {
  id: string;
  title: string;
  scenes: Scene[];
}

/** How the cast of a run is named, by channel; `n` is the run's own number, 0 for the customers that simulators offer first. */
export function castOf(channels: ReadonlyMap<string, Persona | undefined>, n: number): Map<string, Persona> {
  const phone = `+1415${2_000_000 + (n % 7_999_999)}`;
  const email = `sarah.${n}@example.com`;
  const fresh: Record<string, Persona> = {
    web: {
      handle: `sarah-${n}`,
      name: "Sarah",
      claims: {
        sub: `shop-${n}`,
        name: "Sarah",
        email,
        email_verified: true,
        phone_number: phone,
        phone_number_verified: true,
      },
    },
    whatsapp: { handle: phone, name: "Sarah" },
    sms: { handle: phone, name: "Sarah" },
    voice: { handle: phone, name: "Sarah" },
    telegram: { handle: String(7_100_000_000 + n), name: "Sarah" },
    discord: { handle: String(900_000_100_000_000_000n + BigInt(n)), name: "Sarah" },
    email: { handle: email, name: "Sarah" },
  };
  return new Map(
    [...channels].flatMap(([channel, first]) => {
      const persona = n === 0 ? first : fresh[channel];
      return persona === undefined ? [] : [[channel, persona] as const];
    }),
  );
}

export const tales: Tale[] = [
  {
    id: "chair",
    title: "Sarah's chair: web, WhatsApp, Telegram, Discord, web",
    scenes: [
      {
        channel: "web",
        caption: "Monday, 3 pm: Sarah looks at chairs on the shop's website",
        steps: [
          { says: "I need an ergonomic office chair for under $300. What do you recommend?" },
          { says: "Yes, send me the specs. Also, what's the return policy?" },
        ],
      },
      {
        channel: "whatsapp",
        caption: "Tuesday, 10 am: her back hurts; she writes on WhatsApp",
        steps: [
          { says: "Hi, I was looking at office chairs yesterday." },
          { says: "How is the lumbar support compared to the ErgoMax model?" },
          { says: "I think I'll go with the ErgoComfort. Can you send me the purchase link?" },
        ],
      },
      {
        channel: "telegram",
        caption: "Wednesday, 6 pm: she follows a link to Telegram",
        linkFrom: "web",
        steps: [{ says: "Hey, I ordered an ErgoComfort Pro. When will it ship?" }],
      },
      {
        channel: "discord",
        caption: "Friday, 2 pm: the chair is there; she asks on Discord",
        linkFrom: "web",
        steps: [
          { says: "The chair arrived! But I'm not sure how to attach the armrests. Is there a video guide?" },
          { says: "Got it, that video helped! Thanks!" },
        ],
      },
      {
        channel: "discord",
        caption: "In the community's room everybody reads along: no history is told there",
        inRoom: true,
        steps: [{ says: "When will my order ship?" }],
      },
      {
        channel: "web",
        caption: "A week later: back on the website",
        steps: [
          { says: "I love the chair! My back pain is much better already." },
          { says: "Sure, show me the desk mat." },
        ],
      },
    ],
  },
  {
    id: "charge",
    title: "Charged twice: chat, e-mail, telephone",
    scenes: [
      {
        channel: "web",
        caption: "Monday: Sarah's card was charged twice; she asks in the chat",
        steps: [{ says: "My card was charged twice for my order." }],
      },
      {
        channel: "email",
        caption: "Tuesday: she follows up by e-mail",
        steps: [{ says: "Is there any news about my refund?" }],
      },
      {
        channel: "voice",
        caption: "Wednesday: she calls, and need not tell it all again",
        steps: [
          { does: "call:attested" },
          { says: "I'm calling about the duplicate charge. What is the status of my refund?" },
          { does: "hang-up", silent: true },
        ],
      },
    ],
  },
  {
    id: "parcel",
    title: "A lost parcel: Discord, e-mail by staff, a photo on WhatsApp",
    scenes: [
      {
        channel: "web",
        caption: "Sarah buys a chair on the website",
        steps: [{ says: "I'd like to buy the ErgoComfort Pro. Can you send me the purchase link?" }],
      },
      {
        channel: "discord",
        caption: "Days later she asks on Discord, where the shop knows her by a link",
        linkFrom: "web",
        steps: [{ says: "My order hasn't arrived" }, { says: "Can I talk to a person, please?" }],
      },
      {
        channel: "email",
        caption: "Support takes over and writes her an e-mail",
        steps: [
          {
            staff:
              "Hi Sarah, the carrier says your parcel was delivered yesterday. Could you send us a photo of the place?",
          },
        ],
      },
      {
        channel: "whatsapp",
        caption: "She answers on WhatsApp, with a photo of the wrong door",
        steps: [
          { says: "This is where they left it. That's not my address!", photo: true },
          {
            staff:
              "I'm sorry, Sarah! That is the wrong door. A new chair leaves our warehouse today, at no cost to you.",
          },
        ],
      },
    ],
  },
];
