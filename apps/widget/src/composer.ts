import { element, icon } from "./element.ts";
import { words } from "./words.ts";

/** Where the visitor writes. */
export interface Composer {
  root: HTMLFormElement;
  focus(): void;
  setMaxLength(length: number): void;
  /** Bytes; 0: no files are taken. */
  setMaxFile(bytes: number): void;
  setEnabled(enabled: boolean): void;
  clear(): void;
}

/** Draws the form. Enter sends, Shift+Enter makes a new line; an input method's own Enter does neither. */
export function createComposer(options: {
  onSay: (text: string) => void;
  /** With what is written as its caption. */
  onFile: (file: File, text: string) => void;
}): Composer {
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
  const picker = element("input", { type: "file", hidden: "", tabindex: "-1" });
  const attach = element(
    "button",
    { type: "button", class: "attach", "aria-label": words.attach, title: words.attach, hidden: "" },
    icon("M8 12.5 14.5 6a3.2 3.2 0 0 1 4.5 4.5l-8 8a5 5 0 0 1-7-7L11.5 4"),
  );
  const length = element("p", { id: "length", class: "length", dir: "auto", role: "status" });
  const root = element(
    "form",
    { class: "composer" },
    label,
    element("div", { class: "box" }, attach, picker, field, send),
    length,
  );
  let maxLength = 4000;
  let maxFile = 0;
  let enabled = true;

  function update(): void {
    const over = field.value.trim().length - maxLength;
    length.textContent = over > 0 ? words.tooLong(over) : "";
    attach.hidden = maxFile === 0;
    attach.disabled = !enabled || over > 0;
    send.disabled = !enabled || over > 0 || field.value.trim() === "";
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
  }

  function take(file: File | undefined): void {
    if (file === undefined || attach.hidden || attach.disabled) return;
    if (file.size > maxFile) {
      length.textContent = words.fileTooLarge(maxFile);
      return;
    }
    const text = field.value.trim();
    field.value = "";
    update();
    options.onFile(file, text);
  }

  attach.addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    take(picker.files?.[0]);
    picker.value = "";
    field.focus();
  });
  field.addEventListener("paste", (event) => {
    const [file] = event.clipboardData?.files ?? [];
    if (file === undefined) return;
    event.preventDefault();
    take(file);
  });
  root.addEventListener("submit", (event) => {
    event.preventDefault();
    if (send.disabled) return;
    const text = field.value.trim();
    field.value = "";
    update();
    options.onSay(text);
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
    setMaxFile(given) {
      maxFile = given;
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
