import type { Persona } from "./wire.ts";

/**
 * Sarah's days as they are replayed: a script, not part of the machine. A scene of a channel that is not installed is left
 * out.
 */
export interface Scene {
  channel: string;
  caption: string;
  /** Arrives by a link that was made for her on another channel. */
  linkFrom?: string;
  lines: string[];
}

/** How the cast of a run is named, by channel; `n` is the run's own number, 0 for the customers that simulators offer first. */
export function castOf(channels: ReadonlyMap<string, Persona | undefined>, n: number): Map<string, Persona> {
  const phone = `+1415${2_000_000 + (n % 7_999_999)}`;
  const fresh: Record<string, Persona> = {
    web: {
      handle: `sarah-${n}`,
      name: "Sarah",
      claims: {
        sub: `shop-${n}`,
        name: "Sarah",
        email: `sarah.${n}@example.com`,
        email_verified: true,
        phone_number: phone,
        phone_number_verified: true,
      },
    },
    whatsapp: { handle: phone, name: "Sarah" },
    telegram: { handle: String(7_100_000_000 + n), name: "Sarah" },
  };
  return new Map(
    [...channels].flatMap(([channel, first]) => {
      const persona = n === 0 ? first : fresh[channel];
      return persona === undefined ? [] : [[channel, persona] as const];
    }),
  );
}

export const scenes: Scene[] = [
  {
    channel: "web",
    caption: "Monday, 3 pm: Sarah looks at chairs on the shop's website",
    lines: [
      "I need an ergonomic office chair for under $300. What do you recommend?",
      "Yes, send me the specs. Also, what's the return policy?",
    ],
  },
  {
    channel: "whatsapp",
    caption: "Tuesday, 10 am: her back hurts; she writes on WhatsApp",
    lines: [
      "Hi, I was looking at office chairs yesterday.",
      "How is the lumbar support compared to the ErgoMax model?",
      "I think I'll go with the ErgoComfort. Can you send me the purchase link?",
    ],
  },
  {
    channel: "telegram",
    caption: "Wednesday, 6 pm: she follows a link to Telegram",
    linkFrom: "web",
    lines: ["Hey, I ordered an ErgoComfort Pro. When will it ship?"],
  },
  {
    channel: "web",
    caption: "A week later: back on the website",
    lines: ["I love the chair! My back pain is much better already.", "Sure, show me the desk mat."],
  },
];
