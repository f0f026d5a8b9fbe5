import { useRef, type FormEvent } from "react";
import type { MediaKind } from "../../../../adapters/contract/media-kinds.ts";
import type { PlayedChannel } from "../../wire.ts";
import type { Said } from "./api.ts";

/** Largest file that the playground takes. Bytes. */
const LARGEST = 8 * 1024 * 1024;

/** Where a customer types, and picks a file where the channel takes some. */
export function Composer(props: {
  channel: PlayedChannel;
  text: string;
  isOffline: boolean;
  onText: (text: string) => void;
  onUse: () => void;
  onSay: (said: Said) => void;
  onTrouble: (reason: string) => void;
}) {
  const { channel, text, isOffline, onText, onUse, onSay, onTrouble } = props;
  const picker = useRef<HTMLInputElement>(null);
  const isTelephone = channel.device === "telephone";

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const words = text.trim();
    if (words === "") return;
    onText("");
    onSay({ text: words });
  };
  const pick = async (file: File) => {
    const kind = kindOf(file, channel.sends);
    if (kind === undefined) return onTrouble(`${channel.label} takes no files like ${file.name}.`);
    if (file.size > LARGEST) return onTrouble("The playground takes files of up to 8 MB.");
    const words = text.trim();
    onText("");
    const mime = file.type === "" ? "application/octet-stream" : (file.type.split(";")[0] ?? file.type);
    onSay({ text: words, media: { kind, mime, filename: file.name, data: await base64Of(file) } });
  };

  return (
    <form className="composer" onSubmit={submit}>
      {channel.sends.length > 0 && (
        <>
          <button
            type="button"
            className="attach"
            aria-label={`Attach a file on ${channel.label}`}
            title="Attach a file"
            disabled={isOffline}
            onClick={() => picker.current?.click()}
          >
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d="M8 12.5 14.5 6a3.2 3.2 0 0 1 4.5 4.5l-8 8a5 5 0 0 1-7-7L11.5 4" />
            </svg>
          </button>
          <input
            ref={picker}
            type="file"
            hidden
            onChange={(event) => {
              const [file] = event.target.files ?? [];
              event.target.value = "";
              if (file !== undefined) void pick(file);
            }}
          />
        </>
      )}
      <input
        type="text"
        aria-label={`Message on ${channel.label}`}
        placeholder={isTelephone ? "Say something" : "Message"}
        autoComplete="off"
        maxLength={4000}
        value={text}
        onFocus={onUse}
        onChange={(event) => onText(event.target.value)}
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
  );
}

/** The kind that a file is sent as; undefined where the channel takes none such. */
function kindOf({ type }: File, sends: readonly MediaKind[]): MediaKind | undefined {
  const [family] = type.split("/");
  const wished: MediaKind[] =
    family === "image" ? ["image"] : family === "audio" ? ["audio", "voice"] : family === "video" ? ["video"] : [];
  return [...wished, "document" as const].find((kind) => sends.includes(kind));
}

async function base64Of(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  // In pieces: a call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
