import { z } from "zod";
import type { Scope } from "./scopes.ts";

/** What each status answers with; `null`: no body; `file`: bytes of whatever type. */
export type Responses = Record<number, z.ZodType | null | "file">;

/** A file as it goes over the wire. */
export interface FileBody {
  bytes: Buffer;
  mime: string;
  filename?: string;
}

/** One endpoint as data: validation, types, OpenAPI and the console's client all come from it. */
export interface Route<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  B extends z.ZodObject = z.ZodObject,
  R extends Responses = Responses,
> {
  method: "get" | "post" | "patch" | "delete";
  /** Express's form: `/v1/profiles/:ref`. */
  path: string;
  /** What the key must be allowed to. */
  scope: Scope;
  /** One line, for the OpenAPI document. */
  summary: string;
  /** What the line does not say. Markdown. */
  description?: string;
  params: P;
  query: Q;
  /** POST and PATCH read one (absent counts as `{}`), GET and DELETE never do. */
  body: B;
  /** The body is a file instead: bytes of any type, its name in `X-Filename` or `Content-Disposition`. */
  takesFile?: true;
  responses: R;
  /** A channel's provider may be asked on the way: it can refuse (502), or be away (503). */
  asksProvider?: boolean;
}

const nothing = z.strictObject({});
type Nothing = typeof nothing;

type Spec = Omit<Route, "params" | "query" | "body" | "responses">;

/** Describes an endpoint; what is left out (`params`, `query`, `body`) must be empty in a request. */
export function route<
  R extends Responses,
  P extends z.ZodObject = Nothing,
  Q extends z.ZodObject = Nothing,
  B extends z.ZodObject = Nothing,
>(spec: Spec & { params?: P; query?: Q; body?: B; responses: R }): Route<P, Q, B, R>;
export function route(spec: Spec & Partial<Route> & Pick<Route, "responses">): Route {
  return { params: nothing, query: nothing, body: nothing, ...spec };
}

/** Who asks: the holder of an API key. */
export interface Actor {
  workspaceId: string;
  keyId: string;
  /** As granted, `*` included. */
  scopes: readonly string[];
}

/** What a handler is given: parsed, so that it need not doubt it. */
export interface Input<R extends Route> {
  params: z.output<R["params"]>;
  query: z.output<R["query"]>;
  body: z.output<R["body"]>;
  actor: Actor;
  /** Where the route takes one. `mime` as it was sent. */
  file: FileBody | undefined;
  /** The `Idempotency-Key` of a POST. Already dealt with; only for handing on. */
  idempotencyKey?: string;
}

/** What a handler answers: one of the route's statuses with its body. */
export type Answer<R extends Route> = {
  [S in keyof R["responses"] & number]: R["responses"][S] extends z.ZodType
    ? { status: S; body: z.input<R["responses"][S]>; headers?: Record<string, string> }
    : R["responses"][S] extends "file"
      ? { status: S; file: FileBody; headers?: Record<string, string> }
      : { status: S; headers?: Record<string, string> };
}[keyof R["responses"] & number];

/** Does what a route promises. @throws {Problem} when it can't be done; anything else that is thrown is a defect (500) */
export type Handler<R extends Route> = (input: Input<R>) => Promise<Answer<R>>;
