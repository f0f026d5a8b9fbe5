import type { Frame } from "./conversation.ts";

/** What the browser keeps between pages. */
export interface Kept {
  session?: string | undefined;
  signedIn?: boolean;
  lane?: string;
  /** Cursor of the newest message that was on the screen. */
  seen?: string;
  /** The channel on which unseen answers are wanted as well. */
  followUp?: string;
  /** Messages that the hub has not acknowledged. */
  unsent?: Frame[];
}

/** The browser's own store for one account. Without one (storage denied), it lasts as long as the page. */
export interface Memory {
  read(): Kept;
  write(change: Kept): void;
  forget(): void;
  /** Called when another tab has changed it. */
  onForeignChange(listener: () => void): void;
}

/** Opens the store. `storage` is a function because reading `window.localStorage` itself may throw. */
export function openMemory(account: string, storage: () => Storage): Memory {
  const key = `throughline:${account}`;
  let fallback: Kept = {};
  const store = available(storage);

  function read(): Kept {
    if (store === undefined) return fallback;
    const text = store.getItem(key);
    if (text === null) return {};
    try {
      const kept: unknown = JSON.parse(text);
      return typeof kept === "object" && kept !== null ? readKept({ ...kept }) : {};
    } catch {
      // Not ours, or cut off: as if nothing had been kept. The next write puts it right.
      return {};
    }
  }

  function save(kept: Kept): void {
    fallback = kept;
    try {
      store?.setItem(key, JSON.stringify(kept));
    } catch (error) {
      console.warn("Throughline: this browser keeps nothing more, so the chat may not be found again later.", error);
    }
  }

  return {
    read,
    write: (change) => save({ ...read(), ...change }),
    forget() {
      fallback = {};
      store?.removeItem(key);
    },
    onForeignChange(listener) {
      if (store === undefined) return;
      addEventListener("storage", (event) => {
        // A null key: everything was cleared.
        if (event.storageArea === store && (event.key === key || event.key === null)) listener();
      });
    },
  };
}

function available(storage: () => Storage): Storage | undefined {
  try {
    const store = storage();
    store.getItem("throughline");
    return store;
  } catch (error) {
    console.warn("Throughline: this browser denies storage, so the chat lasts only as long as this page.", error);
    return undefined;
  }
}

function readKept({ session, signedIn, lane, seen, followUp, unsent }: Record<string, unknown>): Kept {
  return {
    ...(typeof session === "string" ? { session } : {}),
    ...(typeof lane === "string" ? { lane } : {}),
    ...(typeof seen === "string" ? { seen } : {}),
    ...(typeof followUp === "string" ? { followUp } : {}),
    signedIn: signedIn === true,
    unsent: Array.isArray(unsent) ? unsent.filter(isFrame) : [],
  };
}

function isFrame(data: unknown): data is Frame {
  if (typeof data !== "object" || data === null || !("name" in data) || !("data" in data)) return false;
  const { name, data: inner } = data;
  const known = name === "say" || name === "press" || name === "start" || name === "follow";
  return known && typeof inner === "object" && inner !== null && "id" in inner && typeof inner.id === "string";
}
