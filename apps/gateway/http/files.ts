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
    ...(embeddable ? { "cross-origin-resource-policy": "cross-origin" } : {}),
    "accept-ranges": "bytes",
  });
  // Express writes both forms of the name: plain, and for names beyond ASCII.
  response.attachment(filename);
  if (inline) {
    const named = response.get("content-disposition") ?? "";
    response.set("content-disposition", named.replace(/^attachment/, "inline"));
  }
  // After `attachment`, which guesses a type by the name.
  response.set("content-type", mime);
  const ranges = response.req.range(bytes.byteLength);
  const range = Array.isArray(ranges) && ranges.type === "bytes" && ranges.length === 1 ? ranges[0] : undefined;
  if (ranges === -1) response.status(416).set("content-range", `bytes */${bytes.byteLength}`).end();
  else if (range === undefined) response.end(bytes);
  else {
    response.status(206).set("content-range", `bytes ${range.start}-${range.end}/${bytes.byteLength}`);
    response.end(bytes.subarray(range.start, range.end + 1));
  }
}
