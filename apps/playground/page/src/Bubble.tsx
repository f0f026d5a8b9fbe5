import { useId, useState } from "react";
import type { ScreenItem } from "../../wire.ts";
import { Words } from "./Words.tsx";

/** One line on a screen: what was said or heard, with everything that came along. */
export function Bubble(props: {
  item: ScreenItem;
  isOffline: boolean;
  onAgain: (item: ScreenItem) => void;
  onPress: (pressed: { message: string; button: string }) => void;
}) {
  const { item, isOffline, onAgain } = props;
  const at = new Date(item.at);
  const press = (button: string) => props.onPress({ message: item.id, button });
  return (
    <div className={`bubble bubble-${item.direction}`} data-state={item.state}>
      {item.by !== undefined && <p className="bubble-by">{item.by}</p>}
      {item.media !== undefined && <File media={item.media} />}
      {item.location !== undefined && <Place {...item.location} />}
      {item.contact !== undefined && (
        <p className="bubble-card">
          <strong>{item.contact.name}</strong>
          <span>{[...item.contact.phones, ...item.contact.emails].join(" · ")}</span>
        </p>
      )}
      {item.text !== "" && (
        <p className="bubble-text">
          <span className="sr-only">{item.direction === "said" ? "You said: " : "The shop said: "}</span>
          <Words text={item.text} />
        </p>
      )}
      {item.link !== undefined && (
        <a className="bubble-link" href={item.link.url} target="_blank" rel="noreferrer noopener">
          {item.link.title}
        </a>
      )}
      {item.buttons !== undefined && (
        <div className="bubble-buttons">
          {item.buttons.map(({ id, title }) => (
            <button key={id} type="button" disabled={isOffline} onClick={() => press(id)}>
              {title}
            </button>
          ))}
        </div>
      )}
      {item.list !== undefined && <Choices list={item.list} isOffline={isOffline} onPress={press} />}
      <p className="bubble-foot">
        <time dateTime={item.at}>{at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })}</time>
        {item.state === "sending" && <span>sending…</span>}
        {item.state === "sent" && <span aria-label="sent">✓</span>}
        {item.state === "failed" && (
          <>
            <span className="failed">not delivered</span>
            {item.media === undefined && (
              <button type="button" className="quiet" disabled={isOffline} onClick={() => onAgain(item)}>
                Try again
              </button>
            )}
          </>
        )}
      </p>
    </div>
  );
}

function File({ media }: { media: NonNullable<ScreenItem["media"]> }) {
  const { kind, mime, url, filename } = media;
  const name = filename ?? kind;
  if (url === undefined) {
    return (
      <p className="bubble-card">
        <strong>{name}</strong>
        <span>
          {mime}, {sizeOf(media.size)}
        </span>
      </p>
    );
  }
  if ((kind === "image" || kind === "sticker") && mime.startsWith("image/")) {
    return <img className={`bubble-${kind}`} src={url} alt={name} loading="lazy" />;
  }
  if (kind === "voice" || kind === "audio")
    return <audio className="bubble-audio" controls src={url} aria-label={name} />;
  if (kind === "video") return <video className="bubble-image" controls src={url} aria-label={name} />;
  return (
    <a className="bubble-card" href={url} download={name}>
      <strong>{name}</strong>
      <span>
        {mime}, {sizeOf(media.size)}
      </span>
    </a>
  );
}

function Place({ latitude, longitude, name, address }: NonNullable<ScreenItem["location"]>) {
  return (
    <p className="bubble-card">
      <strong>{name ?? "Location"}</strong>
      <span>{address ?? `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`}</span>
    </p>
  );
}

function Choices(props: { list: NonNullable<ScreenItem["list"]>; isOffline: boolean; onPress: (row: string) => void }) {
  const { list, isOffline, onPress } = props;
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  return (
    <div className="bubble-list">
      <button type="button" aria-expanded={isOpen} aria-controls={id} onClick={() => setOpen(!isOpen)}>
        {list.label}
      </button>
      {isOpen && (
        <ul id={id}>
          {list.sections.map((section, index) => (
            <li key={section.title ?? index}>
              {section.title !== undefined && <span className="bubble-list-title">{section.title}</span>}
              {section.rows.map((row) => (
                <button
                  key={row.id}
                  type="button"
                  disabled={isOffline}
                  onClick={() => {
                    setOpen(false);
                    onPress(row.id);
                  }}
                >
                  {row.title}
                  {row.description !== undefined && <span>{row.description}</span>}
                </button>
              ))}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function sizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
