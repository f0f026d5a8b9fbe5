import type { Request, Response } from "express";
import type { FileBody } from "../../core/api/route.ts";
import { invalidField } from "../../core/platform/problem.ts";
import { bodyOf } from "./raw.ts";

/** The file that a request's body is. @throws {Problem} when its name is not readable */
export function fileOf(request: Request): FileBody {
  const filename = nameOf(request);
  const mime = request.get("content-type") ?? "application/octet-stream";
  return { bytes: bodyOf(request), mime, ...(filename === undefined ? {} : { filename }) };
}

function nameOf(request: Request): string | undefined {
  const plain = request.get("x-filename");
  if (plain !== undefined) return decoded("X-Filename", plain);
  const disposition = request.get("content-disposition") ?? "";
  const extended = /;\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(disposition)?.[1];
  if (extended !== undefined) return decoded("Content-Disposition", extended);
  return /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i
    .exec(disposition)
    ?.slice(1)
    .find((name) => name !== undefined)
    ?.replaceAll(/\\(.)/g, "$1");
}

function decoded(header: string, name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw invalidField(header, "must be percent-encoded UTF-8");
  }
}

/** How a file may be shown. */
export interface Showing {
  /** A page may show it in place; default: it is for download only. */
  inline?: boolean;
  /** Other origins' pages may embed it. */
  embeddable?: boolean;
  /** Milliseconds a browser may keep it; default: not at all. */
  keepMs?: number;
}

/**
 * Answers with a file that somebody outside made: never run, never guessed at, and only ever shown in place where the caller
 * knows that its type is harmless. Understands a `Range` (players ask for them).
 */
export function sendFile(response: Response, file: FileBody, { inline, embeddable, keepMs }: Showing = {}): void {
  const { bytes, mime, filename } = file;
  response.set({
    "cache-control": keepMs === undefined ? "private, no-store" : `private, max-age=${Math.floor(keepMs / 1000)}`,
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "content-disposition": [inline ? "inline" : "attachment", ...namesOf(filename)].join("; "),
    "content-type": mime,
    ...(embeddable ? { "cross-origin-resource-policy": "cross-origin" } : {}),
    "accept-ranges": "bytes",
  });
  const ranges = response.req.range(bytes.byteLength);
  const range = Array.isArray(ranges) && ranges.type === "bytes" && ranges.length === 1 ? ranges[0] : undefined;
  if (ranges === -1) response.status(416).set("content-range", `bytes */${bytes.byteLength}`).end();
  else if (range === undefined) response.set("content-length", String(bytes.byteLength)).end(bytes);
  else {
    const part = bytes.subarray(range.start, range.end + 1);
    response.status(206).set("content-range", `bytes ${range.start}-${range.end}/${bytes.byteLength}`);
    response.set("content-length", String(part.byteLength)).end(part);
  }
}

/**
 * Both forms of a name: plain, with what is not ASCII replaced, and whole.
 * @see https://www.rfc-editor.org/rfc/rfc6266#appendix-D
 */
function namesOf(filename: string | undefined): string[] {
  if (filename === undefined) return [];
  const plain = filename.replaceAll(/[^\x20-\x7e]/g, "?").replaceAll(/["\\]/g, "\\$&");
  const whole = encodeURIComponent(filename.toWellFormed()).replaceAll(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16)}`,
  );
  return [`filename="${plain}"`, `filename*=UTF-8''${whole}`];
}
