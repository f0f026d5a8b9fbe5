import { useEffect, useRef, useState } from "react";
import type { PlayedChannel, ScreenItem } from "../../wire.ts";
import type { Pressed, Said } from "./api.ts";
import { Composer } from "./Composer.tsx";
import { reasonOf, type PhoneAction } from "./hub.ts";
import { HolderForm } from "./HolderForm.tsx";
import type { Holder } from "./personas.ts";
import { HINTS, Screen } from "./Screen.tsx";

/** One simulated phone (or browser) with whoever holds it. */
export function Phone(props: {
  channel: PlayedChannel;
  hue: string;
  holder: Holder;
  /** The room that is looked at; undefined: the holder's own screen. */
  room: string | undefined;
  /** Undefined while it is loading. */
  items: ScreenItem[] | undefined;
  /** What the holder can do beside talking. */
  actions: PhoneAction[];
  /** Who the hub takes the holder for; `place` colours equal customers alike. */
  customer: { name: string | undefined; place: number } | undefined;
  isActive: boolean;
  isOffline: boolean;
  /** Phones that are not (yet) this customer's. */
  others: PlayedChannel[];
  onUse: () => void;
  onHand: (holder: Holder) => void;
  onLook: (room: string | undefined) => void;
  onSay: (said: Said) => Promise<unknown>;
  onPress: (pressed: Pressed) => Promise<unknown>;
  onAct: (action: string) => Promise<unknown>;
  onFollow: (to: PlayedChannel) => Promise<void>;
}) {
  const { channel, hue, holder, room, items, actions, customer, isActive, isOffline, others, onUse, onHand } = props;
  const [text, setText] = useState("");
  const [trouble, setTrouble] = useState<string>();
  const [isEditing, setEditing] = useState(false);
  const section = useRef<HTMLElement>(null);

  useEffect(() => {
    if (isActive) section.current?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [isActive]);

  const attempt = (work: Promise<unknown>, onRefused?: () => void) => {
    setTrouble(undefined);
    onUse();
    work.catch((error: unknown) => {
      setTrouble(reasonOf(error));
      onRefused?.();
    });
  };
  const place = room === undefined ? {} : { room };
  const say = (said: Said) =>
    attempt(props.onSay({ ...said, ...place }), () => setText((now) => (now === "" ? said.text : now)));
  // On a telephone that hangs nobody hears what is said: calling comes first.
  const hints = channel.device === "telephone" && actions.some(({ id }) => id === "call") ? [] : HINTS;

  return (
    <section
      ref={section}
      className={`phone ${hue}`}
      aria-label={`${channel.label}: ${holder.name}`}
      data-active={isActive}
      data-channel={channel.id}
      data-device={channel.device}
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
      {channel.rooms.length > 0 && (
        <div className="places" role="group" aria-label={`Places on ${channel.label}`}>
          {[{ id: undefined, label: "Direct" }, ...channel.rooms].map(({ id, label }) => (
            <button key={id ?? ""} type="button" aria-pressed={id === room} onClick={() => props.onLook(id)}>
              {label}
            </button>
          ))}
        </div>
      )}
      <Screen
        label={`Messages on ${channel.label}`}
        items={items}
        isOffline={isOffline}
        hints={hints}
        onSay={(words) => say({ text: words })}
        onPress={(pressed) => attempt(props.onPress({ ...pressed, ...place }))}
      />
      {actions.length > 0 && (
        <div className="actions" role="group" aria-label={`What can be done on ${channel.label}`}>
          {actions.map(({ id, title }) => (
            <button
              key={id}
              type="button"
              data-action={id}
              disabled={isOffline}
              onClick={() => attempt(props.onAct(id))}
            >
              {title}
            </button>
          ))}
        </div>
      )}
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
      <Composer
        channel={channel}
        text={text}
        isOffline={isOffline}
        onText={setText}
        onUse={onUse}
        onSay={say}
        onTrouble={setTrouble}
      />
    </section>
  );
}
