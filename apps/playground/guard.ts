import type { Request, RequestHandler } from "express";
import { Problem } from "../core/platform/problem.ts";

const LOOPBACK_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::(\d{1,5}))?$/i;
/** What a browser says of its own page, or of an address that was typed in. Programs say nothing. */
const OWN_SITE = new Set([undefined, "same-origin", "none"]);

/**
 * Lets only this machine's own pages and programs at the playground. It needs no sign-in, so whatever a browser can be
 * made to do by a foreign page must end here:
 *
 * - `Host` must name the loopback interface, or a page whose name was rebound to 127.0.0.1 would be same-origin;
 * - `Origin`, where one is given, must be ours;
 * - `Sec-Fetch-Site` must not be another site, which also covers requests without an `Origin`.
 */
export const ownPagesOnly: RequestHandler = (request, _response, next) => {
  if (!isOurs(request)) {
    throw new Problem(
      "forbidden",
      "The playground answers only its own page and programs, at http://127.0.0.1 or http://localhost with the hub's port.",
      { code: "foreign-page" },
    );
  }
  next();
};

function isOurs(request: Request): boolean {
  const { host, origin, "sec-fetch-site": site } = request.headers;
  const match = LOOPBACK_HOST.exec(host ?? "");
  if (host === undefined || match === null) return false;
  if (Number(match[1] ?? 80) !== request.socket.localPort) return false;
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) return false;
  return typeof site !== "string" ? site === undefined : OWN_SITE.has(site);
}
