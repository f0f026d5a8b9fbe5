import type { Entry } from "./conversation.ts";
import { drawMessage } from "./drawing.ts";
import { element } from "./element.ts";
import type { Offer } from "./wire.ts";
import { words } from "./words.ts";

/** Messages of one side within this time are one run, with one time under it, in milliseconds. */
const RUN_MS = 5 * 60_000;

/** How near to its end the log counts as read to the end, in pixels. */
const NEAR_END = 80;

/** The message log on the screen. */
export interface Log {
  root: HTMLElement;
  show(entries: Entry[], offers: Offer[]): void;
  /** `online`: what waits is on its way now. */
  setOnline(online: boolean): void;
  setTyping(on: boolean): void;
  toEnd(): void;
}

/** Draws the log. Lines keep their elements, so that a screen reader hears each message once. */
export function createLog(options: {
  greeting: string;
  onOffer: (offer: Offer) => void;
  onAgain: (id: string) => void;
}): Log {
  const list = element("ol", { class: "list", role: "list" });
  const typing = element("p", { class: "typing", role: "status" });
  const offerBox = element("div", { class: "offers", role: "group", "aria-label": words.offers });
  const greeting = element("p", { class: "greeting", dir: "auto" }, options.greeting);
  const log = element(
    "div",
    { class: "lines", role: "log", "aria-live": "polite", "aria-label": words.log },
    greeting,
    list,
  );
  const root = element("div", { class: "log", tabindex: "0" }, log, offerBox, typing);
  const lines = new Map<string, { item: HTMLElement; drawn: string; files: string }>();
  let online = false;
  let drawnOffers = "";

  function line(entry: Entry, last: boolean): HTMLElement {
    const drawn = JSON.stringify([
      entry.status,
      entry.reason,
      entry.at,
      last,
      online || entry.status !== "waiting",
      entry.parts?.files,
    ]);
    const known = lines.get(entry.key);
    if (known?.drawn === drawn) return known.item;
    const item = known?.item ?? newLine(entry);
    // A file that was on its way is at the hub now, and can be shown.
    const files = JSON.stringify(entry.parts?.files ?? []);
    if (known !== undefined && known.files !== files) {
      item.querySelector(".body")?.replaceChildren(...drawMessage(entry, options.onOffer));
    }
    item.classList.toggle("last", last);
    item.dataset["status"] = entry.status === "waiting" && online ? "sending" : entry.status;
    item.querySelector(".meta")?.replaceChildren(...meta(entry, last));
    lines.set(entry.key, { item, drawn, files });
    return item;
  }

  function newLine(entry: Entry): HTMLElement {
    const { direction } = entry;
    const who = element("span", { class: "hidden" }, `${direction === "in" ? words.you : words.us}: `);
    // Beside the bubble, not in it: the first letters in it decide which way its text runs.
    const body = element("div", { class: "body" }, ...drawMessage(entry, options.onOffer));
    return element("li", { class: `line ${direction}` }, who, body, element("div", { class: "meta", dir: "auto" }));
  }

  function meta(entry: Entry, last: boolean): (Node | string)[] {
    if (entry.status === "failed") {
      const again = element("button", { type: "button", class: "again" }, words.again);
      again.addEventListener("click", () => options.onAgain(entry.key));
      return [`${words.failed}. ${entry.reason ?? ""} `, again];
    }
    if (entry.status === "waiting") return [online ? words.sending : words.waiting];
    return last ? [element("time", { datetime: entry.at.toISOString() }, timeText(entry.at))] : [];
  }

  function drawOffers(offers: Offer[]): void {
    const wanted = JSON.stringify(offers);
    if (wanted === drawnOffers) return;
    drawnOffers = wanted;
    offerBox.replaceChildren(
      ...offers.map((offer) => {
        const button = element("button", { type: "button", class: "offer", dir: "auto" }, offer.title);
        button.addEventListener("click", () => options.onOffer(offer));
        return button;
      }),
    );
  }

  let shown: [Entry[], Offer[]] = [[], []];
  function show(entries: Entry[], offers: Offer[]): void {
    shown = [entries, offers];
    const nearEnd = root.scrollHeight - root.scrollTop - root.clientHeight < NEAR_END;
    const newest = entries.at(-1);
    const ownIsNew = newest !== undefined && newest.direction === "in" && !lines.has(newest.key);
    greeting.hidden = entries.length > 0;
    const items = entries.map((entry, index) => line(entry, endsRun(entry, entries[index + 1])));
    const keys = new Set(entries.map(({ key }) => key));
    for (const [key, { item }] of lines) {
      if (keys.has(key)) continue;
      item.remove();
      lines.delete(key);
    }
    // Only what is out of place moves: a moved element would be read out again.
    items.forEach((item, index) => {
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
    });
    drawOffers(offers);
    if (nearEnd || ownIsNew) root.scrollTop = root.scrollHeight;
  }

  return {
    root,
    show,
    setOnline(now) {
      online = now;
      show(...shown);
    },
    setTyping(on) {
      if (typing.hasChildNodes() === on) return;
      const nearEnd = root.scrollHeight - root.scrollTop - root.clientHeight < NEAR_END;
      typing.replaceChildren(
        ...(on
          ? [element("span", { class: "hidden" }, words.typing), ...[1, 2, 3].map(() => element("i", { class: "dot" }))]
          : []),
      );
      if (nearEnd) root.scrollTop = root.scrollHeight;
    },
    toEnd() {
      root.scrollTop = root.scrollHeight;
    },
  };
}

function endsRun(entry: Entry, next: Entry | undefined): boolean {
  return next === undefined || next.direction !== entry.direction || next.at.getTime() - entry.at.getTime() > RUN_MS;
}

function timeText(at: Date): string {
  const today = at.toDateString() === new Date().toDateString();
  return at.toLocaleString([], {
    ...(today ? {} : { day: "numeric", month: "short" }),
    hour: "numeric",
    minute: "2-digit",
  });
}
