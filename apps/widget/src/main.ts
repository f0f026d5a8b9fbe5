import type { ThroughlineApi } from "./api.ts";
import { createWidget } from "./widget.ts";

declare global {
  interface Window {
    Throughline?: ThroughlineApi;
  }
}

start(document.currentScript);

function start(script: HTMLOrSVGScriptElement | null): void {
  if (window.Throughline !== undefined) return;
  if (!(script instanceof HTMLScriptElement))
    throw new Error("Throughline: embed widget.js with a script tag of its own");
  const { hub = new URL(script.src).origin, account, title, greeting, token } = script.dataset;
  if (account === undefined || account === "") throw new Error("Throughline: the script tag needs data-account");
  const run = () => {
    window.Throughline = createWidget({ hub: hub.replace(/\/+$/, ""), account, title, greeting, token });
    // For scripts that ran before this one: window.addEventListener("throughline:ready", …).
    window.dispatchEvent(new Event("throughline:ready"));
  };
  if (document.body === null) addEventListener("DOMContentLoaded", run, { once: true });
  else run();
}
