import { createHash } from "node:crypto";
import { type Request, type RequestHandler, type Response, Router } from "express";
import { z } from "zod";
import { type Installation, openApiDocument } from "../../core/api/openapi.ts";
import type { Actor, FileBody, Handler, Route } from "../../core/api/route.ts";
import { type Handlers, type RouteId, routeIds, routes } from "../../core/api/routes.ts";
import { parseInput } from "../../core/platform/input.ts";
import { Problem } from "../../core/platform/problem.ts";
import type { Authorise } from "./auth.ts";
import { fingerprintOf, type Idempotency, idempotencyKey, type KeptAnswer } from "./idempotency.ts";
import { fileOf, sendFile } from "./files.ts";
import { jsonBody } from "./json.ts";
import { queryOf } from "./query.ts";
import { readBody } from "./raw.ts";
import { noStore } from "./security.ts";

const DOCUMENT_PATH = "/v1/openapi.json";

/** What {@link api} needs. */
export interface ApiParts {
  handlers: Handlers;
  authorise: Authorise;
  idempotency: Idempotency;
  installation: Installation;
  /** Largest body in bytes. Default: 1 MiB. */
  bodyLimit?: number;
  /** Largest file in bytes. */
  fileLimit: number;
  /** Checks every answer against its schema and fails with 500 where a handler breaks its promise. For tests. */
  checkAnswers?: boolean;
}

/** Everything under `/v1`: the routes with their handlers, and the document that describes them. Refusals are thrown as Problems. */
export function api(parts: ApiParts): Router {
  const router = Router({ caseSensitive: true });
  const document = openApiDocument(parts.installation);
  router.use("/v1", noStore);
  router.get(DOCUMENT_PATH, (_request, response) => void response.json(document));
  router.all(DOCUMENT_PATH, otherMethods(["GET", "HEAD"]));
  for (const operation of routeIds.map((id) => operationOf(id, parts.handlers))) {
    router[operation.route.method](operation.route.path, ...chainOf(operation, parts));
  }
  for (const [path, methods] of methodsByPath()) router.all(path, otherMethods(methods));
  return router;
}

/** A route with its handler, their types tied together once and hidden from here on. */
interface Operation {
  route: Route;
  /** @throws {Problem} `invalid` before anything was done, and whatever the handler throws */
  run(raw: Raw): (by: By) => Promise<KeptAnswer>;
}

interface Raw {
  params: unknown;
  query: unknown;
  body: unknown;
  file: FileBody | undefined;
}

interface By {
  actor: Actor;
  idempotencyKey?: string;
}

function operationOf<K extends RouteId>(id: K, handlers: Pick<Handlers, K>): Operation {
  return tie(routes[id], handlers[id]);
}

function tie<R extends Route>(route: R, handler: Handler<R>): Operation {
  return {
    route,
    run(raw) {
      const input = {
        params: parseInput<R["params"]>(route.params, raw.params),
        query: parseInput<R["query"]>(route.query, raw.query),
        body: parseInput<R["body"]>(route.body, raw.body),
        file: raw.file,
      };
      return async (by) => handler({ ...input, ...by });
    },
  };
}

function chainOf(operation: Operation, parts: ApiParts): RequestHandler[] {
  const { route } = operation;
  const takesBody = route.method === "post" || route.method === "patch";
  const limit = route.takesFile ? parts.fileLimit : parts.bodyLimit;
  const actors = new WeakMap<Request, Actor>();
  return [
    // Before the body is read: a stranger's megabytes are not worth parsing.
    async (request, response, next) => {
      actors.set(request, await parts.authorise(request, response, route.scope));
      next();
    },
    ...(takesBody ? [readBody(limit === undefined ? {} : { limit })] : []),
    async (request, response) => {
      const actor = actors.get(request);
      if (actor === undefined) throw new Error("a handler was reached without an actor");
      const file = route.takesFile ? fileOf(request) : undefined;
      const body = takesBody && file === undefined ? jsonBody(request) : {};
      const act = operation.run({ params: { ...request.params }, query: queryOf(request.originalUrl), body, file });
      const key = route.method === "post" ? idempotencyKey(request.get("idempotency-key")) : undefined;
      const { answer, replayed } =
        key === undefined
          ? { answer: await act({ actor }), replayed: false }
          : await parts.idempotency.run(
              {
                actor,
                key,
                fingerprint: fingerprintOf(request.method, request.path, file === undefined ? body : digestOf(file)),
              },
              () => act({ actor, idempotencyKey: key }),
            );
      if (parts.checkAnswers === true) checkAnswer(route, answer);
      if (replayed) response.set("idempotent-replayed", "true");
      send(response, answer);
    },
  ];
}

/** What makes two files the same upload. */
function digestOf({ bytes, mime, filename }: FileBody) {
  return { sha256: createHash("sha256").update(bytes).digest("hex"), mime, filename };
}

function send(response: Response, answer: KeptAnswer): void {
  response.status(answer.status).set(answer.headers ?? {});
  if (answer.file !== undefined) sendFile(response, answer.file);
  else if (answer.body === undefined) response.end();
  else response.json(answer.body);
}

function checkAnswer(route: Route, answer: KeptAnswer): void {
  const schema = route.responses[answer.status];
  if (schema === undefined) throw new Error(`${route.method} ${route.path} does not promise status ${answer.status}`);
  if ((schema === "file") !== (answer.file !== undefined)) throw new Error("a file was promised, or was not");
  if (schema !== "file") (schema ?? z.undefined()).parse(answer.body);
}

function methodsByPath(): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  for (const id of routeIds) {
    const { path, method } = routes[id];
    const verbs = method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()];
    methods.set(path, [...(methods.get(path) ?? []), ...verbs]);
  }
  return methods;
}

function otherMethods(methods: readonly string[]): RequestHandler {
  const allow = methods.join(", ");
  return (request, response) => {
    response.set("allow", allow);
    if (request.method === "OPTIONS") response.status(204).end();
    else throw new Problem("methodNotAllowed", `Here only ${allow} can be asked for.`);
  };
}
