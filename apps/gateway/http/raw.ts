import express, { type Request, type RequestHandler } from "express";
import type { RawRequest } from "../../../adapters/contract/index.ts";

/** Largest body that is read unless told otherwise, in bytes, after decompression: 1 MiB. */
export const BODY_LIMIT = 1_048_576;

/**
 * Reads the body as bytes, whatever its type; {@link bodyOf} gives it. Refuses what is larger than `limit` (413) and
 * encodings it doesn't know (415).
 *
 * With `asSent`, compressed bodies are refused (415): signatures are over the bytes that were sent.
 */
export function readBody({
  limit = BODY_LIMIT,
  asSent = false,
}: { limit?: number; asSent?: boolean } = {}): RequestHandler {
  return express.raw({ type: () => true, limit, inflate: !asSent });
}

/** The bytes that {@link readBody} read; empty when the request had no body. */
export function bodyOf(request: Request): Buffer {
  const body: unknown = request.body;
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

/**
 * A request as adapters see it. Its URL stands on the configured public one, never on `Host`, which the sender chooses;
 * signatures that cover the URL depend on it.
 * @param publicUrl without a slash at its end
 */
export function rawRequest(request: Request, publicUrl: string): RawRequest {
  const target = targetOf(request.originalUrl);
  const question = target.indexOf("?");
  return {
    method: request.method,
    url: publicUrl + target,
    headers: Object.fromEntries(
      Object.entries(request.headersDistinct).map(([name, values]) => [name, values?.join(", ")]),
    ),
    query: new URLSearchParams(question < 0 ? "" : target.slice(question + 1)),
    body: bodyOf(request),
  };
}

/** Path and query. A request line may also carry a whole URL (RFC 9112, 3.2.2); its host counts no more than `Host`. */
function targetOf(url: string): string {
  const target = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, "");
  return target.startsWith("/") ? target : `/${target}`;
}
