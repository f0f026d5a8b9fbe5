import { useEffect, useRef, useState } from "react";
import type { ScreenItem } from "../../wire.ts";
import { Bubble } from "./Bubble.tsx";

/** How long an answer may be on its way before nobody is "typing" any more. Milliseconds. */
const TYPING_MS = 12_000;

/** What a customer of the demo shop could say first. */
export const HINTS = [
  "I need an ergonomic chair for under $300",
  "What is your return policy?",
  "When will my order ship?",
];

/** What a phone shows: bubbles, buttons, and what to say when there is nothing yet. */
export function Screen(props: {
  label: string;
  items: ScreenItem[] | undefined;
  isOffline: boolean;
  /** What to say first; nothing where something has to be done before (a call). */
  hints: readonly string[];
  onSay: (text: string) => void;
  onPress: (pressed: { message: string; button: string }) => void;
}) {
  const { label, items, isOffline, hints, onSay, onPress } = props;
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
          <p>{hints.length === 0 ? "Nothing said yet." : "Nothing said yet. Try one of these:"}</p>
          {hints.map((hint) => (
            <button key={hint} type="button" className="chip" disabled={isOffline} onClick={() => onSay(hint)}>
              {hint}
            </button>
          ))}
        </div>
      )}
      {items?.map((item) => (
        <Bubble key={item.id} item={item} isOffline={isOffline} onAgain={({ text }) => onSay(text)} onPress={onPress} />
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
