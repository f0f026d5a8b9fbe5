import { useState } from "react";
import type { Customer, TimelineItem } from "../../wire.ts";
import { api } from "./api.ts";
import { reasonOf } from "./hub.ts";
import { Words } from "./Words.tsx";

const STATES: Record<string, string> = {
  pending: "waiting",
  sending: "sending…",
  sent: "sent ✓",
  delivered: "delivered ✓✓",
  read: "read ✓✓",
  failed: "not delivered",
  unknown: "may have arrived",
  cancelled: "cancelled",
};
/** Longer texts are folded. Characters. */
const LONG = 220;

/** Everything said on every channel, newest first. */
export function Timeline(props: {
  customer: Customer;
  labelOf: (id: string) => string;
  hues: ReadonlyMap<string, string>;
}) {
  const { customer, labelOf, hues } = props;
  const [older, setOlder] = useState<{ items: TimelineItem[]; next: string | undefined }>();
  const [trouble, setTrouble] = useState<string>();
  const { items: newest, next: firstNext } = customer.timeline;
  const seen = new Set(newest.map(({ id }) => id));
  const items = [...newest, ...(older?.items ?? []).filter(({ id }) => !seen.has(id))];
  const next = older === undefined ? firstNext : older.next;

  const more = () => {
    if (next === undefined) return;
    setTrouble(undefined);
    api.timeline(customer.ref, next).then(
      // What has slid off the newest page meanwhile stays.
      (page) => setOlder((before) => ({ items: [...(before?.items ?? newest), ...page.items], next: page.next })),
      (error: unknown) => setTrouble(reasonOf(error)),
    );
  };

  return (
    <>
      <h3>
        Timeline <span className="count">{next === undefined ? items.length : `${items.length}+`}</span>
      </h3>
      <ol className="timeline">
        {items.map((item) => (
          <Entry
            key={item.id}
            item={item}
            channel={labelOf(item.channel)}
            hue={hues.get(item.channel) ?? "hue-0"}
            name={customer.name}
          />
        ))}
      </ol>
      {next !== undefined && (
        <button type="button" className="quiet" onClick={more}>
          Show earlier
        </button>
      )}
      {trouble !== undefined && <p role="alert">{trouble}</p>}
    </>
  );
}

function EntryFile({ file }: { file: NonNullable<TimelineItem["files"]>[number] }) {
  const name = file.filename ?? file.kind;
  if (file.url === undefined) return <p className="entry-file">{file.error ?? `${name}: on its way…`}</p>;
  if (file.mime?.startsWith("image/") === true) {
    return <img className="entry-image" src={file.url} alt={name} loading="lazy" />;
  }
  return (
    <p className="entry-file">
      <a href={file.url}>{name}</a>
    </p>
  );
}

function Entry(props: { item: TimelineItem; channel: string; hue: string; name: string | undefined }) {
  const { item, channel, hue, name } = props;
  const [isOpen, setOpen] = useState(false);
  const who = { customer: name ?? "Visitor", bot: "Shop", staff: "Staff", system: "Hub" }[item.author] ?? item.author;
  const isLong = item.text.length > LONG;
  const text = isLong && !isOpen ? `${item.text.slice(0, LONG - 40).trimEnd()}…` : item.text;
  return (
    <li className={`entry entry-${item.direction} ${hue}`}>
      <p className="entry-head">
        <span className="mark">{channel}</span>
        <span className="entry-who">{who}</span>
        <time dateTime={item.at}>{new Date(item.at).toLocaleTimeString()}</time>
        {item.parked === true && <span className="failed">set aside</span>}
        {item.state !== undefined && (
          <span className={item.state === "failed" || item.state === "unknown" ? "failed" : "entry-state"}>
            {STATES[item.state] ?? item.state}
          </span>
        )}
      </p>
      {item.files?.map((file) => (
        <EntryFile key={file.id} file={file} />
      ))}
      <p className="entry-text">
        <Words text={text === "" ? `(${item.kind})` : text} />{" "}
        {isLong && (
          <button type="button" className="quiet" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? "less" : "more"}
          </button>
        )}
      </p>
    </li>
  );
}
