import { randomUUID } from "node:crypto";
import type { ErrorRequestHandler, Request, RequestHandler, Response } from "express";
import { PROBLEM_TYPE, type ProblemBody } from "../../core/api/problem-details.ts";
import { described, type Log } from "../../core/platform/log.ts";
import { notFound, Problem, type ProblemKind } from "../../core/platform/problem.ts";

/** The one place that knows which HTTP status a problem is. */
const meanings: Record<ProblemKind, { status: number; title: string }> = {
  invalid: { status: 400, title: "The request is not valid" },
  unauthenticated: { status: 401, title: "Who asks is not known" },
  forbidden: { status: 403, title: "Not allowed" },
  notFound: { status: 404, title: "Not found" },
  methodNotAllowed: { status: 405, title: "Method not allowed" },
  conflict: { status: 409, title: "Not possible now" },
  gone: { status: 410, title: "Erased" },
  tooLarge: { status: 413, title: "Too large" },
  unsupportedMediaType: { status: 415, title: "Unsupported media type" },
  unprocessable: { status: 422, title: "Not possible" },
  tooMany: { status: 429, title: "Too many requests" },
  refusedElsewhere: { status: 502, title: "The provider refused" },
  unavailable: { status: 503, title: "Not available now" },
};

/** Answers every path that nobody took. To be used after all routes. */
export const unknownPath: RequestHandler = () => {
  throw notFound("path");
};

/**
 * Turns whatever was thrown into problem+json. What is no {@link Problem} and not an HTTP refusal of Express's own is a
 * defect: logged with an incident number, of which alone the caller hears.
 */
export function problems(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      log.error({ ...described(error), method: request.method }, "request failed after its answer had begun");
      next(error); // Express closes the connection
      return;
    }
    const problem = error instanceof Problem ? error : refusalOf(error);
    if (problem !== undefined) {
      send(response, bodyOf(problem));
      return;
    }
    const incident = randomUUID();
    // The route's pattern and the places in the code, but not the URL: it may name a person.
    const where = { method: request.method, route: patternOf(request), at: placesOf(error) };
    log.error({ ...described(error), incident, ...where }, "request failed");
    send(response, { ...defect, incident });
  };
}

const defect: ProblemBody = {
  type: typeUri("internal"),
  title: "Something went wrong here",
  status: 500,
  detail: "This is a defect of the hub; whoever runs it finds the incident in its log.",
};

function bodyOf(problem: Problem): ProblemBody {
  const { status, title } = meanings[problem.kind];
  return {
    type: typeUri(problem.code),
    title,
    status,
    detail: problem.message,
    ...(problem.field === undefined ? {} : { field: problem.field }),
    ...(problem.errors.length === 0 ? {} : { errors: [...problem.errors] }),
  };
}

function typeUri(code: string): string {
  return `urn:throughline:problem:${code}`;
}

function send(response: Response, body: ProblemBody): void {
  response.status(body.status).set("content-type", PROBLEM_TYPE).send(JSON.stringify(body));
}

/** What Express and its body parser refuse by themselves. Their own words are not repeated: they quote the request. */
function refusalOf(error: unknown): Problem | undefined {
  const status = statusOf(error);
  if (status === undefined) return undefined;
  if (status === 413) return new Problem("tooLarge", "The body is too large.");
  if (status === 415) return new Problem("unsupportedMediaType", "The body's encoding is not supported.");
  if (status === 404) return notFound("path");
  if (status < 400 || status >= 500) return undefined;
  return error instanceof URIError
    ? new Problem("invalid", "The URL has a malformed percent-encoding.", { code: "malformed-url" })
    : new Problem("invalid", "The request could not be read.", { code: "malformed-request" });
}

/** Only of errors that Express made for the caller; a provider's client library also likes to put a `status` on its errors. */
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("status" in error) || typeof error.status !== "number") return undefined;
  const forCaller = error instanceof URIError || ("expose" in error && error.expose === true);
  return forCaller ? error.status : undefined;
}

function patternOf(request: Request): string | undefined {
  const route: unknown = request.route;
  if (typeof route !== "object" || route === null || !("path" in route)) return undefined;
  return typeof route.path === "string" ? route.path : undefined;
}

function placesOf(error: unknown): string[] {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  return stack
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("at "))
    .slice(0, 8);
}
