import { createComposer, type Composer } from "./composer.ts";
import { element, icon } from "./element.ts";
import { createLog, type Log } from "./log.ts";
import style from "./style.css?inline";
import type { Offer } from "./wire.ts";
import { words } from "./words.ts";

/** Below this width the panel fills the screen. Also in style.css. */
const NARROW = "(max-width: 479px), (max-height: 479px)";

/** The widget on the page: a launcher and the panel it opens. */
export interface Panel {
  log: Log;
  composer: Composer;
  isOpen(): boolean;
  open: () => void;
  close: () => void;
  setUnread(count: number): void;
  /** Offers to answer elsewhere, too; `chosen` is what was chosen before, empty for nothing. No channels: offers nothing. */
  setFollowUp(channels: string[], chosen: string): void;
  /** A line under the heading; empty takes it away. */
  setNotice(text: string): void;
}

/** Puts the widget on the page, in a shadow tree of its own so that neither styles the other. */
export function createPanel(options: {
  title: string;
  greeting: string;
  onSay: (text: string) => void;
  onFile: (file: File, text: string) => void;
  onOffer: (offer: Offer) => void;
  /** Null: nowhere else. */
  onFollowUp: (channel: string | null) => void;
  onAgain: (id: string) => void;
  onOpen: () => void;
  onClose: () => void;
}): Panel {
  const log = createLog(options);
  const composer = createComposer(options);
  const close = element(
    "button",
    { type: "button", class: "close", "aria-label": words.close },
    icon("M6 6l12 12M18 6L6 18"),
  );
  const notice = element("p", { class: "notice", dir: "auto", role: "status" });
  const heading = element("h2", { id: "title", dir: "auto" }, options.title);
  const elsewhere = element("select", { id: "elsewhere" });
  elsewhere.addEventListener("change", () => options.onFollowUp(elsewhere.value === "" ? null : elsewhere.value));
  const followUp = element(
    "p",
    { class: "follow-up", dir: "auto", hidden: "" },
    element("label", { for: "elsewhere" }, `${words.followUp} `),
    elsewhere,
  );
  const panel = element(
    "section",
    { class: "panel", id: "panel", role: "dialog", "aria-labelledby": "title", hidden: "" },
    element("header", {}, heading, close),
    notice,
    log.root,
    followUp,
    composer.root,
  );
  const badge = element("span", { class: "badge", "aria-hidden": "true", hidden: "" });
  const launcher = element(
    "button",
    { type: "button", class: "launcher", "aria-controls": "panel", "aria-expanded": "false", "aria-label": words.open },
    icon("M4 12a8 7 0 1 1 4 6.1L4 19.5l1.2-3.6A7 7 0 0 1 4 12z"),
    badge,
  );
  const host = document.createElement("throughline-widget");
  const shadow = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  shadow.adoptedStyleSheets = [sheet];
  shadow.append(panel, launcher);
  document.body.append(host);
  const narrow = matchMedia(NARROW);

  let isOpen = false;

  function setOpen(open: boolean): void {
    if (open === isOpen) return;
    isOpen = open;
    panel.hidden = !open;
    host.toggleAttribute("open", open);
    launcher.setAttribute("aria-expanded", String(open));
    if (open) panel.setAttribute("aria-modal", String(narrow.matches));
    if (open) {
      log.toEnd();
      composer.focus();
      options.onOpen();
    } else {
      launcher.focus();
      options.onClose();
    }
  }

  launcher.addEventListener("click", () => setOpen(!isOpen));
  close.addEventListener("click", () => setOpen(false));
  panel.addEventListener("keydown", (event) => {
    // Keys typed here are not the page's shortcuts.
    event.stopPropagation();
    if (event.key === "Escape" && !event.isComposing) setOpen(false);
    if (event.key === "Tab" && narrow.matches) keepInside(event);
  });

  /** On a narrow screen the page lies behind the panel, so Tab goes round within it. */
  function keepInside(event: KeyboardEvent): void {
    const stops = [
      ...panel.querySelectorAll<HTMLElement>(
        "button:not(:disabled):not([hidden]), a, summary, select, textarea, [tabindex='0']",
      ),
    ];
    const [first, last] = [stops[0], stops.at(-1)];
    const from = shadow.activeElement;
    if (event.shiftKey ? from !== first : from !== last) return;
    event.preventDefault();
    (event.shiftKey ? last : first)?.focus();
  }

  return {
    log,
    composer,
    isOpen: () => isOpen,
    open: () => setOpen(true),
    close: () => setOpen(false),
    setUnread(count) {
      badge.hidden = count === 0;
      badge.textContent = count > 9 ? "9+" : String(count);
      launcher.setAttribute("aria-label", count === 0 ? words.open : `${words.open}, ${words.unread(count)}`);
    },
    setFollowUp(channels, chosen) {
      followUp.hidden = channels.length === 0;
      elsewhere.replaceChildren(
        element("option", { value: "" }, words.followUpNone),
        ...channels.map((id) => element("option", { value: id }, words.channel(id))),
      );
      elsewhere.value = channels.includes(chosen) ? chosen : "";
    },
    setNotice(text) {
      // Never hidden: a live region must be there before its text, or it is not read out.
      notice.textContent = text;
    },
  };
}
