import { z } from "zod";
import { Persona, type PlayedChannel } from "../../wire.ts";
import type { Sayer } from "./api.ts";

/** Who holds a phone, and whether they are signed in on the host page. */
export const Holder = Persona.extend({ signedIn: z.boolean() });
export type Holder = z.infer<typeof Holder>;
export type Holders = Record<string, Holder>;

const KEPT = "throughline.playground.holders";

/** Whoever held the phones when the page was last open, else the first that each channel offers. */
export function firstHolders(channels: PlayedChannel[]): Holders {
  const kept = keptHolders();
  return Object.fromEntries(
    channels.map((channel) => {
      const [first] = channel.handles;
      const offered = { ...(first ?? { handle: "someone", name: "Someone" }), signedIn: false };
      return [channel.id, kept[channel.id] ?? offered];
    }),
  );
}

export function keepHolders(holders: Holders): void {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(holders));
  } catch {
    // A browser that keeps nothing: the next visit begins with the first ones.
  }
}

function keptHolders(): Holders {
  try {
    return z.record(z.string(), Holder).parse(JSON.parse(sessionStorage.getItem(KEPT) ?? "{}"));
  } catch {
    return {}; // Kept by another version, or not at all.
  }
}

/** What the phone tells of its holder. A visitor who is not signed in has no name. */
export function sayerOf(channel: PlayedChannel, { handle, name, claims, signedIn }: Holder): Sayer {
  if (!channel.signsIn) return { as: handle, ...(name === "" ? {} : { name }) };
  if (!signedIn) return { as: handle };
  return { as: handle, claims: claims ?? { sub: handle, ...(name === "" ? {} : { name }) } };
}
