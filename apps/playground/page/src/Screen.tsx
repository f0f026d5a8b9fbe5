import { useEffect, useRef, useState } from "react";
import type { ScreenItem } from "../../wire.ts";
import { Words } from "./Words.tsx";

/** How long an answer may be on its way before nobody is "typing" any more. Milliseconds. */
const TYPING_MS = 12_000;

const HINTS = ["I need an ergonomic chair for under $300", "What is your return policy?", "When will my order ship?"];

/** What a phone shows: bubbles, buttons, and what to say when there is nothing yet. */
export function Screen(props: {
  label: string;
  items: ScreenItem[] | undefined;
  isOffline: boolean;
  onSay: (text: string) => void;
  onPress: (pressed: { message: string; button: string }) => void;
}) {
  const { label, items, isOffline, onSay, onPress } = props;
  const end = useRef<HTMLDivElement>(null);
  const last = items?.at(-1);
  const isTyping = useTyping(last);

  useEffect(() => {
    const log = end.current?.parentElement;
    if (log) log.scrollTop = log.scrollHeight;
  }, [items, isTyping]);

  return (
    <div className="screen" role="log" aria-label={label} tabIndex={0}>
      {items === undefined && <p className="screen-empty">Loading…</p>}
      {items?.length === 0 && (
        <div className="screen-empty">
          <p>Nothing said yet. Try one of these:</p>
          {HINTS.map((hint) => (
            <button key={hint} type="button" className="chip" disabled={isOffline} onClick={() => onSay(hint)}>
              {hint}
            </button>
          ))}
        </div>
      )}
      {items?.map((item) => (
        <Bubble key={item.id} item={item} isOffline={isOffline} onSay={onSay} onPress={onPress} />
      ))}
      {isTyping && (
        <div className="bubble bubble-heard bubble-typing" aria-hidden="true">
          <i />
          <i />
          <i />
        </div>
      )}
      <div ref={end} />
    </div>
  );
}

function Bubble(props: {
  item: ScreenItem;
  isOffline: boolean;
  onSay: (text: string) => void;
  onPress: (pressed: { message: string; button: string }) => void;
}) {
  const { item, isOffline, onSay, onPress } = props;
  const at = new Date(item.at);
  return (
    <div className={`bubble bubble-${item.direction}`} data-state={item.state}>
      <p className="bubble-text">
        <span className="sr-only">{item.direction === "said" ? "You said: " : "The shop said: "}</span>
        <Words text={item.text} />
      </p>
      {item.buttons !== undefined && (
        <div className="bubble-buttons">
          {item.buttons.map(({ id, title }) => (
            <button
              key={id}
              type="button"
              disabled={isOffline}
              onClick={() => onPress({ message: item.id, button: id })}
            >
              {title}
            </button>
          ))}
        </div>
      )}
      <p className="bubble-foot">
        <time dateTime={item.at}>{at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })}</time>
        {item.state === "sending" && <span>sending…</span>}
        {item.state === "sent" && <span aria-label="sent">✓</span>}
        {item.state === "failed" && (
          <>
            <span className="failed">not delivered</span>
            <button type="button" className="quiet" disabled={isOffline} onClick={() => onSay(item.text)}>
              Try again
            </button>
          </>
        )}
      </p>
    </div>
  );
}

/** An answer is awaited for a while after something was said. */
function useTyping(last: ScreenItem | undefined): boolean {
  const awaited = last?.direction === "said" && last.state === "sent" ? last : undefined;
  const until = awaited === undefined ? 0 : Date.parse(awaited.at) + TYPING_MS;
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    setNow(Date.now());
    if (until <= Date.now()) return undefined;
    const timer = setTimeout(() => setNow(Date.now()), until - Date.now() + 20);
    return () => clearTimeout(timer);
  }, [until]);
  return until > now;
}
