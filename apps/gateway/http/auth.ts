import type { Request, Response } from "express";
import { ipKeyGenerator, rateLimit } from "express-rate-limit";
import type { Actor } from "../../core/api/route.ts";
import { allows, type Scope } from "../../core/api/scopes.ts";
import { Problem } from "../../core/platform/problem.ts";

/** Finds whose key this is; undefined when it is nobody's, or revoked. */
export type FindActor = (key: string) => Promise<Actor | undefined>;

/** How many wrong keys one address may try, before it hears 429 for the rest of the window. */
export interface WrongKeyLimit {
  limit: number;
  windowMs: number;
}

/** Says who is asking. @throws {Problem} `unauthenticated`, `forbidden`, `tooMany` */
export type Authorise = (request: Request, response: Response, scope: Scope) => Promise<Actor>;

/**
 * Checks the `Authorization: Bearer` header of a request, and that the key may do what is asked.
 *
 * Only wrong keys count towards the limit, and a right one is let in whatever its neighbours did: keys have 256 bits,
 * so guessing is hopeless anyway, while locking out an office for one misconfigured script is not.
 */
export function bearerAuthorisation(findActor: FindActor, limit: WrongKeyLimit): Authorise {
  const countWrongKey = wrongKeyCounter(limit);
  return async (request, response, scope) => {
    const header = request.headers.authorization;
    const key = /^Bearer +([\w.~+/=-]{1,512})$/i.exec(header ?? "")?.[1];
    const actor = key === undefined ? undefined : await findActor(key);
    if (actor === undefined) {
      if (header !== undefined) await countWrongKey(request, response);
      throw unauthenticated(response, header);
    }
    if (!allows(actor.scopes, scope)) throw forbidden(response, scope);
    return actor;
  };
}

/** @see https://www.rfc-editor.org/rfc/rfc6750#section-3 */
function unauthenticated(response: Response, header: string | undefined): Problem {
  const wrong = header === undefined ? "" : ', error="invalid_token"';
  response.set("www-authenticate", `Bearer realm="throughline"${wrong}`);
  return new Problem(
    "unauthenticated",
    header === undefined
      ? "An API key is needed: Authorization: Bearer <key>."
      : "The API key is not known; it may have been revoked.",
  );
}

function forbidden(response: Response, scope: Scope): Problem {
  response.set("www-authenticate", `Bearer realm="throughline", error="insufficient_scope", scope="${scope}"`);
  return new Problem("forbidden", `The API key lacks the scope ${scope}.`, { code: "insufficient-scope" });
}

/** Counts one wrong key for the caller's address. Its promise rejects with `tooMany` when the limit is passed. */
function wrongKeyCounter({ limit, windowMs }: WrongKeyLimit): (request: Request, response: Response) => Promise<void> {
  const limiter = rateLimit({
    limit,
    windowMs,
    standardHeaders: false, // a caller with the right key would see another's count
    legacyHeaders: false,
    keyGenerator: (request) => ipKeyGenerator(request.ip ?? "unknown"),
    handler: (_request, response, next) => {
      response.set("retry-after", String(Math.ceil(windowMs / 1000)));
      next(new Problem("tooMany", "Too many wrong API keys from this address; wait before the next try."));
    },
  });
  return async (request, response) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    await limiter(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
    return promise;
  };
}
