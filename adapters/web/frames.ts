import { z } from "zod";
import {
  RefusedError,
  type Content,
  type Json,
  type LiveFrame,
  type MediaKind,
  type MessageEvent,
} from "../contract/index.ts";

/** Longest text of one message, in UTF-16 code units. */
export const TEXT_LENGTH = 4000;

/** Largest file that a visitor may send, in bytes. */
export const FILE_BYTES = 10 * 1024 * 1024;

/** Made by the page and the same on every retry, so that a message whose acknowledgement was lost is not doubled. */
const clientId = z.string().regex(/^[\w.=-]{1,100}$/);

const text = z
  .string()
  .transform((raw) => raw.toWellFormed().replaceAll("\0", "").trim())
  .pipe(z.string().min(1).max(TEXT_LENGTH));

/** Words beside a file: there may be none. */
const caption = z
  .string()
  .transform((raw) => raw.toWellFormed().replaceAll("\0", "").trim())
  .pipe(z.string().max(TEXT_LENGTH))
  .default("");

const filename = z
  .string()
  .max(255)
  .transform((raw) =>
    raw
      .toWellFormed()
      .replaceAll(/[\p{Cc}/\\]/gu, "")
      .trim(),
  );

const mediaType = z
  .string()
  .toLowerCase()
  .regex(/^[a-z]+\/[a-z0-9.+-]{1,100}$/)
  .catch("application/octet-stream");

const label = z.string().trim().min(1).max(200);

const frames = {
  say: z.object({ id: clientId, text }).transform(({ id, text }) => said(id, "message", { kind: "text", text })),
  press: z
    .object({ id: clientId, buttonId: label, title: label })
    .transform(({ id, buttonId, title }) => said(id, "message", { kind: "choice", id: buttonId, text: title })),
  file: z
    .object({
      id: clientId,
      text: caption,
      name: filename,
      mime: mediaType,
      bytes: z.instanceof(Uint8Array).refine((bytes) => bytes.byteLength > 0 && bytes.byteLength <= FILE_BYTES),
    })
    .transform(({ id, text: words, name, mime, bytes }) =>
      said(id, "message", {
        kind: "media",
        media: mediaKind(mime),
        ref: `upload:${id}`,
        data: bytes,
        mime,
        size: bytes.byteLength,
        ...(name === "" ? {} : { filename: name }),
        ...(words === "" ? {} : { text: words }),
      }),
    ),
  follow: z.object({ id: clientId, channel: z.string().max(32).nullable() }).transform(({ id, channel }) => ({
    ...said(id, "follow", { kind: "system", code: channel === null ? "follow_up_off" : "follow_up_on" }),
    followUp: channel === null ? null : { channel },
  })),
  start: z
    .object({ id: clientId, token: z.string().regex(/^[\w-]{1,64}$/) })
    .transform(({ id, token }) => said(id, "start", { kind: "start", token })),
  signout: z.unknown().transform((): Signout => ({ name: "signout" })),
};

/** A frame that becomes a message. */
export interface Said {
  name: "said";
  clientId: string;
  /** First part of the event key. */
  prefix: "message" | "start" | "follow";
  content: Content;
  /** Where else to answer, if that was chosen. */
  followUp?: MessageEvent["followUp"];
}

/** The visitor (or the host page) ends the session. */
export interface Signout {
  name: "signout";
}

/**
 * Reads what the page sent.
 * `files`: whether visitors may send some.
 * @throws {RefusedError} `unknown_frame`, `text_empty`, `text_too_long`, `file_too_large`, `no_files` or `bad_frame`
 */
export function readFrame(
  frame: LiveFrame,
  { files, followUpChannels }: { files: boolean; followUpChannels: string[] },
): Said | Signout {
  const schema = isFrameName(frame.name) ? frames[frame.name] : undefined;
  if (schema === undefined) throw new RefusedError("unknown_frame", "the widget sent a frame that is not known here");
  if (frame.name === "file" && !files) throw new RefusedError("no_files", "files can't be sent here");
  const read = schema.safeParse(frame.data);
  if (read.success) {
    const wished = "followUp" in read.data ? read.data.followUp?.channel : undefined;
    if (wished !== undefined && !followUpChannels.includes(wished)) {
      throw new RefusedError("bad_frame", "this channel is not offered");
    }
    return read.data;
  }
  const [issue] = read.error.issues;
  if (issue?.path[0] === "text" && issue.code === "too_small") {
    throw new RefusedError("text_empty", "the message is empty");
  }
  if (issue?.path[0] === "text" && issue.code === "too_big") {
    throw new RefusedError("text_too_long", `the message is longer than ${TEXT_LENGTH} characters`);
  }
  if (issue?.path[0] === "bytes") {
    throw new RefusedError("file_too_large", `a file has 1 to ${FILE_BYTES} bytes`);
  }
  const fields = read.error.issues.map((each) => each.path.join(".") || "the frame").join(", ");
  throw new RefusedError("bad_frame", `missing or malformed: ${fields}`);
}

function isFrameName(name: string): name is keyof typeof frames {
  return Object.hasOwn(frames, name);
}

function mediaKind(mime: string): MediaKind {
  const [family] = mime.split("/");
  return family === "image" || family === "audio" || family === "video" ? family : "document";
}

function said(id: string, prefix: Said["prefix"], content: Content): Said {
  return { name: "said", clientId: id, prefix, content };
}

/**
 * The event key of a frame: within its browser session, whose id stays the same when the visitor signs in, so that a
 * retry is recognised across the sign-in, and no other visitor can take a key beforehand.
 */
export function eventKey({ prefix, clientId }: Said, sessionId: string): string {
  return `${prefix}:${sessionId}:${clientId}`;
}

/** The page's own id out of an event key, without the session's. */
export function clientIdOf(key: string): string | undefined {
  return /^(?:message|start|follow):[^:]+:(.+)$/.exec(key)?.[1];
}

/** What the page is told once a frame's event is stored. */
export function acknowledge({ clientId }: Said): Json {
  return { clientId };
}
