import { LRUCache } from "lru-cache";

const DAY = 86_400_000;

/** How a time is told to a customer in a time zone. */
export interface Days {
  /** "earlier today", "yesterday", "on Monday", "on November 3". */
  past(at: Date): string;
  /** "today", "tomorrow", "Thursday", "Thursday, December 3". */
  future(at: Date): string;
  /** "from today", "from yesterday", "from Monday", "from November 3". */
  from(at: Date): string;
  /** "this morning", "today", "yesterday", "on Monday", "on November 3". */
  moment(at: Date): string;
  /** Calendar days from then to now; negative for the future. */
  since(at: Date): number;
  /** The day number in this zone, for telling days apart. */
  same(a: Date, b: Date): boolean;
}

/** @param zone IANA name; an unknown one (customers' profiles may hold anything) falls back to UTC */
export function daysIn(zone: string, now: Date): Days {
  const safe = knownZone(zone);
  const part = (at: Date, options: Intl.DateTimeFormatOptions): string => formatOf(safe, options).format(at);
  const dayOf = (at: Date): number => {
    const [month, day, year] = part(at, { year: "numeric", month: "numeric", day: "numeric" }).split("/").map(Number);
    return Math.round(Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1) / DAY);
  };
  let today: number | undefined;
  const weekday = (at: Date): string => part(at, { weekday: "long" });
  const date = (at: Date): string => part(at, { month: "long", day: "numeric" });
  const since = (at: Date): number => (today ??= dayOf(now)) - dayOf(at);
  const on = (at: Date): string => (since(at) < 7 ? `on ${weekday(at)}` : `on ${date(at)}`);
  return {
    since,
    same: (a, b) => dayOf(a) === dayOf(b),
    past: (at) => (since(at) <= 0 ? "earlier today" : since(at) === 1 ? "yesterday" : on(at)),
    future: (at) => {
      const ahead = -since(at);
      return ahead <= 0 ? "today" : ahead === 1 ? "tomorrow" : ahead < 7 ? weekday(at) : `${weekday(at)}, ${date(at)}`;
    },
    from: (at) => (since(at) <= 0 ? "from today" : since(at) === 1 ? "from yesterday" : on(at).replace("on ", "from ")),
    moment: (at) => {
      if (since(at) > 0) return since(at) === 1 ? "yesterday" : on(at);
      const hour = Number(part(at, { hour: "numeric", hourCycle: "h23" }));
      return hour < 12 ? "this morning" : "today";
    },
  };
}

/** Formats are dear to make; zones come from profiles, hence the limit. */
const formats = new LRUCache<string, Intl.DateTimeFormat>({ max: 500 });

function formatOf(timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${timeZone} ${JSON.stringify(options)}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", { timeZone, ...options });
    formats.set(key, format);
  }
  return format;
}

function knownZone(zone: string): string {
  try {
    formatOf(zone, {});
    return zone;
  } catch {
    return "UTC";
  }
}
