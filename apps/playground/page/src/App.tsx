import { useEffect, useState } from "react";
import type { PlayedChannel } from "../../wire.ts";
import { CustomerPanel } from "./CustomerPanel.tsx";
import { screenKey, useHub } from "./hub.ts";
import { JourneyBar } from "./JourneyBar.tsx";
import { Phone } from "./Phone.tsx";
import { Tabs } from "./Tabs.tsx";

const CUSTOMER_TAB = "customer ";

/** The page: the phones side by side, and the one customer beside them. On a narrow screen they become tabs. */
export function App() {
  const { state, actions } = useHub();
  const narrow = useNarrow();
  const [tab, setTab] = useState<string>();
  const { channels, line, trouble } = state;

  const hues = new Map((channels ?? []).map(({ id }, index) => [id, `hue-${index % 8}`]));
  const refAt = (channel: string) => state.refs[screenKey(channel, state.holders[channel]?.handle ?? "")] ?? undefined;
  const refs = [...new Set((channels ?? []).map(({ id }) => refAt(id)).filter((ref) => ref !== undefined))];

  const phone = (channel: PlayedChannel) => {
    const holder = state.holders[channel.id];
    if (holder === undefined) return null;
    const ref = refAt(channel.id);
    const known = ref === undefined ? undefined : state.customers[ref];
    const others = (channels ?? []).filter((o) => o.id !== channel.id && ref !== undefined && refAt(o.id) !== ref);
    return (
      <Phone
        key={channel.id}
        channel={channel}
        hue={hues.get(channel.id) ?? "hue-0"}
        holder={holder}
        room={state.rooms[channel.id]}
        items={state.screens[screenKey(channel.id, state.rooms[channel.id] ?? holder.handle)]}
        actions={state.actions[screenKey(channel.id, state.rooms[channel.id] ?? holder.handle)] ?? []}
        customer={known === undefined ? undefined : { name: known.name, place: refs.indexOf(ref ?? "") }}
        isActive={state.active === channel.id}
        isOffline={line !== "open"}
        others={others}
        onUse={() => actions.use(channel.id)}
        onHand={(next) => actions.hand(channel.id, next)}
        onLook={(room) => actions.look(channel.id, room)}
        onSay={(said) => actions.say(channel, holder, said)}
        onAct={(action) => actions.act(channel, holder, action)}
        onPress={(pressed) => actions.press(channel, holder, pressed)}
        onFollow={async (to) => {
          const there = state.holders[to.id];
          if (there === undefined) return;
          await actions.follow({ id: channel.id, handle: holder.handle }, to, there);
          if (narrow) setTab(to.id);
          actions.use(to.id);
        }}
      />
    );
  };

  const activeRef = refAt(state.active) ?? refs[0];
  const panel = (
    <CustomerPanel
      customer={activeRef === undefined ? undefined : state.customers[activeRef]}
      others={refs
        .filter((ref) => ref !== activeRef)
        .map((ref) => ({
          ref,
          name: state.customers[ref]?.name,
          place: refs.indexOf(ref),
          channel: (channels ?? []).find(({ id }) => refAt(id) === ref)?.id,
        }))}
      place={activeRef === undefined ? 0 : refs.indexOf(activeRef)}
      phones={(channels ?? []).filter(({ id }) => refAt(id) !== undefined && refAt(id) === activeRef).length}
      channels={channels ?? []}
      hues={hues}
      onUse={actions.use}
    />
  );

  const shownTab = tab ?? state.active;
  return (
    <div className="page">
      <header className="top">
        <h1>
          <Logo /> Throughline <span className="top-sub">playground</span>
        </h1>
        <p className="top-hint">Be a customer on any phone. The hub answers each time as to the person you are.</p>
        <JourneyBar journey={state.journey} isOffline={line !== "open"} onReplay={actions.replay} />
      </header>
      {line === "lost" && (
        <p className="banner" role="alert">
          <span className="spinner" aria-hidden="true" /> The hub is away. Reconnecting…
        </p>
      )}
      {channels === undefined ? (
        <main className="stage-message">
          {trouble === undefined ? <p role="status">Loading the phones…</p> : <p role="alert">{trouble}</p>}
        </main>
      ) : channels.length === 0 ? (
        <main className="stage-message">
          <p>No channel here brings a simulator, so there is nothing to play with.</p>
        </main>
      ) : narrow ? (
        <main className="stage stage-narrow">
          <Tabs
            label="Phones and customer"
            tabs={[
              ...channels.map(({ id, label }) => ({ id, label, hue: hues.get(id) })),
              { id: CUSTOMER_TAB, label: "Customer", hue: undefined },
            ]}
            chosen={shownTab}
            onChoose={(id) => {
              setTab(id);
              if (id !== CUSTOMER_TAB) actions.use(id);
            }}
          >
            {shownTab === CUSTOMER_TAB ? panel : channels.filter(({ id }) => id === shownTab).map(phone)}
          </Tabs>
        </main>
      ) : (
        <main className="stage">
          <div className="shelf">
            <Dock channels={channels} hues={hues} active={state.active} onUse={actions.use} />
            <div className="phones">{channels.map(phone)}</div>
          </div>
          {panel}
        </main>
      )}
    </div>
  );
}

/** Every phone by name, for when they don't all fit beside each other. */
function Dock(props: {
  channels: PlayedChannel[];
  hues: ReadonlyMap<string, string>;
  active: string;
  onUse: (channel: string) => void;
}) {
  const { channels, hues, active, onUse } = props;
  return (
    <nav className="dock" aria-label="Phones">
      {channels.map(({ id, label }) => (
        <button
          key={id}
          type="button"
          className={`chip ${hues.get(id) ?? ""}`}
          aria-pressed={id === active}
          onClick={() => onUse(id)}
        >
          {label}
        </button>
      ))}
    </nav>
  );
}

function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M5 9h9a6 6 0 0 1 6 6v2a6 6 0 0 0 6 6" />
      <circle cx="6" cy="23" r="3" />
      <circle cx="26" cy="9" r="3" />
    </svg>
  );
}

const NARROW = "(max-width: 860px)";

function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const media = matchMedia(NARROW);
    const update = () => setNarrow(media.matches);
    media.addEventListener("change", update);
    return () => media.removeEventListener("change", update);
  }, []);
  return narrow;
}
