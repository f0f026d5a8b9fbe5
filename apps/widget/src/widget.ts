import { createConnection, type State } from "./connection.ts";
import { createConversation, type Frame } from "./conversation.ts";
import type { ThroughlineApi, WidgetEvents } from "./api.ts";
import { openMemory } from "./memory.ts";
import { createOutbox } from "./outbox.ts";
import { createPanel } from "./panel.ts";
import type { Greeting, Pushed } from "./wire.ts";
import { words } from "./words.ts";

/** A typing mark that nobody takes back goes by itself, in milliseconds. */
const TYPING_MS = 10_000;

/** A quick connection says nothing about itself; only a slow one does, in milliseconds. */
const QUIET_MS = 600;

/** A link code in the page's address, as the web adapter's links carry it. */
const LINK_CODE = /^#throughline=([\w-]{1,64})$/;

/** Puts the widget together: the panel shows the conversation, the outbox and the connection feed it. */
export function createWidget(options: {
  hub: string;
  account: string;
  title: string | undefined;
  greeting: string | undefined;
  /** The host's token, if the page was made for someone signed in. */
  token: string | undefined;
}): ThroughlineApi {
  const listeners: { [K in keyof WidgetEvents]: Set<(detail: WidgetEvents[K]) => void> } = {
    open: new Set(),
    close: new Set(),
    message: new Set(),
    state: new Set(),
    unread: new Set(),
  };
  const memory = openMemory(options.account, () => window.localStorage);
  const conversation = createConversation(changed);
  const connection = createConnection({
    hub: options.hub,
    account: options.account,
    memory,
    cursor: conversation.cursor,
    onState,
    onGreeting,
    onMessages,
    onTyping,
    onForgotten,
  });
  const outbox = createOutbox(conversation, connection);
  const panel = createPanel({
    title: options.title ?? words.title,
    greeting: options.greeting ?? words.greeting,
    onSay: (text) => send("say", { text }),
    onFile: (file, text) => send("file", { text, name: file.name, mime: file.type, bytes: file }),
    onOffer(offer) {
      send("press", { buttonId: offer.id, title: offer.title });
      panel.composer.focus();
    },
    onFollowUp(channel) {
      memory.write({ followUp: channel ?? "" });
      send("follow", { channel });
    },
    onAgain(id) {
      conversation.again(id);
      outbox.flush();
    },
    onOpen() {
      connection.start();
      setUnread(0);
      emit("open", undefined);
    },
    onClose: () => emit("close", undefined),
  });
  /** The conversation on the page: whose it is, as the hub calls it. */
  let lane: { name: string; signedIn: boolean } | undefined;
  let unread = 0;
  let typingEnds: ReturnType<typeof setTimeout> | undefined;
  let noticeComes: ReturnType<typeof setTimeout> | undefined;

  function emit<K extends keyof WidgetEvents>(event: K, detail: WidgetEvents[K]): void {
    for (const listener of listeners[event]) listener(detail);
  }

  function changed(): void {
    panel.log.show(conversation.entries(), conversation.offers());
    memory.write({ unsent: conversation.unsent() });
  }

  function send(name: Frame["name"], data: Omit<Frame["data"], "id">): void {
    conversation.add({ name, data: { id: newId(), ...data } });
    outbox.flush();
  }

  function onState(state: State): void {
    const refused = state.name === "refused";
    clearTimeout(noticeComes);
    if (refused) panel.setNotice(words.refused(state.code));
    else if (state.name === "online" || state.name === "idle") panel.setNotice("");
    else {
      noticeComes = setTimeout(
        () => panel.setNotice(state.name === "connecting" ? words.connecting : words.offline),
        QUIET_MS,
      );
    }
    panel.composer.setEnabled(!refused);
    panel.log.setOnline(state.name === "online");
    if (state.name !== "online") panel.log.setTyping(false);
    else outbox.flush();
    emit("state", state);
  }

  function onGreeting({
    session,
    signedIn,
    lane: name,
    joined,
    maxLength,
    maxFileBytes,
    followUpChannels,
  }: Greeting): void {
    const kept = memory.read();
    const before =
      lane ?? (kept.lane === undefined ? undefined : { name: kept.lane, signedIn: kept.signedIn === true });
    const same = joined || before === undefined || before.name === name;
    // What one visitor wrote must not be sent, or stay on the screen, as another's.
    if (!same) conversation.clear({ keepUnsent: !signedIn && !before.signedIn });
    else if (before?.name !== name) conversation.forgetCursor();
    lane = { name, signedIn };
    memory.write({ session, signedIn, lane: name, ...(same ? {} : { seen: "" }) });
    panel.composer.setMaxLength(maxLength);
    panel.composer.setMaxFile(maxFileBytes);
    panel.setFollowUp(followUpChannels, same ? (kept.followUp ?? "") : "");
  }

  function onMessages(messages: Pushed[]): void {
    const fresh = new Set(conversation.receive(messages));
    const { seen } = memory.read();
    let count = unread;
    for (const message of messages) {
      if (message.cursor === seen) count = 0;
      else if (message.direction === "out" && fresh.has(message)) count++;
    }
    setUnread(panel.isOpen() ? 0 : count);
    for (const { direction, text, at } of fresh) if (direction === "out") emit("message", { text, at });
    if (messages.some(({ direction }) => direction === "out")) panel.log.setTyping(false);
  }

  function onTyping(on: boolean): void {
    clearTimeout(typingEnds);
    panel.log.setTyping(on);
    if (on) typingEnds = setTimeout(() => panel.log.setTyping(false), TYPING_MS);
  }

  function onForgotten(): void {
    lane = undefined;
    conversation.clear();
    panel.composer.clear();
    setUnread(0);
  }

  function setUnread(count: number): void {
    const cursor = conversation.cursor();
    if (panel.isOpen() && lane !== undefined && cursor !== undefined) memory.write({ seen: cursor });
    if (count === unread) return;
    unread = count;
    panel.setUnread(count);
    emit("unread", count);
  }

  function followLinkCode(): void {
    const token = LINK_CODE.exec(location.hash)?.[1];
    if (token === undefined) return;
    // Taken out of the address, so that nobody copies it along, and a reload does not use it again.
    history.replaceState(history.state, "", location.pathname + location.search);
    panel.open();
    send("start", { token });
  }

  // Written before the page was left, and not acknowledged then.
  for (const frame of memory.read().unsent ?? []) conversation.add(frame);
  memory.onForeignChange(() => {
    const kept = memory.read();
    if (kept.session === undefined && lane?.signedIn === true) connection.forget();
    else if (lane !== undefined && kept.lane !== undefined && kept.lane !== lane.name) connection.reopen();
  });
  addEventListener("hashchange", followLinkCode);
  if (options.token !== undefined && options.token !== "") connection.introduce(options.token);
  // Someone who has been here hears of answers without opening the chat.
  else if (memory.read().session !== undefined) connection.start();
  followLinkCode();

  return {
    open: panel.open,
    close: panel.close,
    identify: connection.introduce,
    async signOut() {
      const signedOut = connection.signOut();
      if (panel.isOpen()) connection.start();
      await signedOut;
    },
    on(event, listener) {
      const heard: Set<typeof listener> = listeners[event];
      heard.add(listener);
      return () => void heard.delete(listener);
    },
  };
}

/** 128 random bits. Not `crypto.randomUUID`, which pages without TLS don't have. */
function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
