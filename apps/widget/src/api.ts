import type { State, TokenSource } from "./connection.ts";

/** What the page can do with the widget: `window.Throughline`. */
export interface ThroughlineApi {
  open: () => void;
  close: () => void;
  /** Signs the page's customer in: a token made by the page's server, or a function that fetches a fresh one. */
  identify: (token: TokenSource) => void;
  /** Ends the signed-in session. Resolves when the hub knows, or could not be reached within 5 s. */
  signOut: () => Promise<void>;
  /** Listens; the answer stops it. */
  on: <K extends keyof WidgetEvents>(event: K, listener: (detail: WidgetEvents[K]) => void) => () => void;
}

/** What the page can hear of. */
export interface WidgetEvents {
  open: undefined;
  close: undefined;
  /** A message from the business that was not here before. */
  message: { text: string; at: Date };
  state: State;
  unread: number;
}
