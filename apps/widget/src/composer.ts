import { element, icon } from "./element.ts";
import { words } from "./words.ts";

/** Where the visitor writes. */
export interface Composer {
  root: HTMLFormElement;
  focus(): void;
  setMaxLength(length: number): void;
  setEnabled(enabled: boolean): void;
  clear(): void;
}

/** Draws the form. Enter sends, Shift+Enter makes a new line; an input method's own Enter does neither. */
export function createComposer(onSay: (text: string) => void): Composer {
  const field = element("textarea", {
    id: "message",
    rows: "1",
    dir: "auto",
    placeholder: words.placeholder,
    "aria-describedby": "length",
    enterkeyhint: "send",
  });
  const label = element("label", { for: "message", class: "hidden" }, words.label);
  const send = element(
    "button",
    { type: "submit", class: "send", "aria-label": words.send },
    icon("M12 19V6M6 11l6-6 6 6"),
  );
  const length = element("p", { id: "length", class: "length", dir: "auto", role: "status" });
  const root = element("form", { class: "composer" }, label, element("div", { class: "box" }, field, send), length);
  let maxLength = 4000;
  let enabled = true;

  function update(): void {
    const over = field.value.trim().length - maxLength;
    length.textContent = over > 0 ? words.tooLong(over) : "";
    send.disabled = !enabled || over > 0 || field.value.trim() === "";
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
  }

  root.addEventListener("submit", (event) => {
    event.preventDefault();
    if (send.disabled) return;
    const text = field.value.trim();
    field.value = "";
    update();
    onSay(text);
  });
  field.addEventListener("input", update);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    root.requestSubmit();
  });
  update();

  return {
    root,
    focus() {
      field.focus();
      update();
    },
    setMaxLength(given) {
      maxLength = given;
      update();
    },
    setEnabled(given) {
      enabled = given;
      // Not disabled: that would take the focus away, and with it the keys that close the panel.
      field.readOnly = !given;
      update();
    },
    clear() {
      field.value = "";
      update();
    },
  };
}
