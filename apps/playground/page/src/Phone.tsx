import { useEffect, useRef, useState, type FormEvent } from "react";
import type { PlayedChannel, ScreenItem } from "../../wire.ts";
import { reasonOf } from "./hub.ts";
import { HolderForm } from "./HolderForm.tsx";
import type { Holder } from "./personas.ts";
import { Screen } from "./Screen.tsx";

/** One simulated phone (or browser) with whoever holds it. */
export function Phone(props: {
  channel: PlayedChannel;
  hue: string;
  holder: Holder;
  /** Undefined while it is loading. */
  items: ScreenItem[] | undefined;
  /** Who the hub takes the holder for; `place` colours equal customers alike. */
  customer: { name: string | undefined; place: number } | undefined;
  isActive: boolean;
  isOffline: boolean;
  /** Phones that are not (yet) this customer's. */
  others: PlayedChannel[];
  onUse: () => void;
  onHand: (holder: Holder) => void;
  onSay: (text: string) => Promise<unknown>;
  onPress: (pressed: { message: string; button: string }) => Promise<unknown>;
  onFollow: (to: PlayedChannel) => Promise<void>;
}) {
  const { channel, hue, holder, items, customer, isActive, isOffline, others, onUse, onHand } = props;
  const [text, setText] = useState("");
  const [trouble, setTrouble] = useState<string>();
  const [isEditing, setEditing] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const section = useRef<HTMLElement>(null);

  useEffect(() => {
    if (isActive) section.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [isActive]);

  const attempt = (work: Promise<unknown>, onRefused?: () => void) => {
    setTrouble(undefined);
    onUse();
    work.catch((error: unknown) => {
      setTrouble(reasonOf(error));
      onRefused?.();
    });
  };
  const say = (words: string) => attempt(props.onSay(words), () => setText((now) => (now === "" ? words : now)));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const words = text.trim();
    if (words === "") return;
    setText("");
    say(words);
  };

  return (
    <section
      ref={section}
      className={`phone ${hue}`}
      aria-label={`${channel.label}: ${holder.name}`}
      data-active={isActive}
      data-channel={channel.id}
    >
      <header className="phone-head">
        <div className="phone-title">
          <h2>{channel.label}</h2>
          {customer === undefined ? (
            <span className="who who-none">not known yet</span>
          ) : (
            <span className={`who who-${customer.place % 6}`} title="The customer that the hub sees here">
              {customer.name ?? "Visitor"}
            </span>
          )}
        </div>
        <div className="phone-holder">
          <span className="phone-handle" title={holder.handle}>
            {channel.signsIn && !holder.signedIn ? "Anonymous" : holder.name || "No name"}
            <span> · {holder.handle}</span>
          </span>
          <button type="button" className="quiet" aria-expanded={isEditing} onClick={() => setEditing(!isEditing)}>
            {isEditing ? "Close" : "Change"}
          </button>
        </div>
        {channel.signsIn && (
          <label className="switch">
            <input
              type="checkbox"
              role="switch"
              checked={holder.signedIn}
              onChange={(event) => onHand({ ...holder, signedIn: event.target.checked })}
            />
            <span className="switch-track" aria-hidden="true" />
            <span>Signed in to the shop{holder.signedIn && holder.name !== "" ? ` as ${holder.name}` : ""}</span>
          </label>
        )}
      </header>
      {isEditing && (
        <HolderForm
          channel={channel}
          holder={holder}
          onHand={(next) => {
            onHand(next);
            setEditing(false);
            onUse();
          }}
        />
      )}
      <Screen
        label={`Messages on ${channel.label}`}
        items={items}
        isOffline={isOffline}
        onSay={say}
        onPress={(pressed) => attempt(props.onPress(pressed))}
      />
      {others.length > 0 && (
        <p className="phone-links">
          Continue on
          {others.map((other) => (
            <button
              key={other.id}
              type="button"
              className="quiet"
              disabled={isOffline}
              title={`Opens a link with a one-time code on the ${other.label} phone`}
              onClick={() => attempt(props.onFollow(other))}
            >
              {other.label}
            </button>
          ))}
        </p>
      )}
      {trouble !== undefined && (
        <p className="phone-trouble" role="alert">
          {trouble}
        </p>
      )}
      <form className="composer" onSubmit={submit}>
        <input
          ref={field}
          type="text"
          aria-label={`Message on ${channel.label}`}
          placeholder="Message"
          autoComplete="off"
          maxLength={4000}
          value={text}
          onFocus={onUse}
          onChange={(event) => setText(event.target.value)}
        />
        <button
          type="submit"
          className="send"
          aria-label={`Send on ${channel.label}`}
          disabled={isOffline || text.trim() === ""}
        >
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M4 12 20 4l-5 16-3.5-6.5z" />
          </svg>
        </button>
      </form>
    </section>
  );
}
