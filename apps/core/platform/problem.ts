/**
 * What can be wrong with something that was asked for. The gateway alone knows which HTTP status each one is
 * (apps/gateway/http/problem.ts).
 *
 * - `invalid`: the input is not what it must be; `field` says where.
 * - `unauthenticated`: nobody we know asks. · `forbidden`: somebody we know asks, who may not.
 * - `notFound`: there is no such thing (or not in this workspace). · `gone`: there was, and it was erased.
 * - `methodNotAllowed` · `tooLarge` · `unsupportedMediaType`: what HTTP itself refuses.
 * - `conflict`: the state of things does not allow it now. · `unprocessable`: well formed, but it can never be done.
 * - `tooMany`: ask again later. · `unavailable`: a part of the hub, or a provider, is away; ask again later.
 * - `refusedElsewhere`: a provider that had to be asked refused; asking again would end the same way.
 */
export type ProblemKind =
  | "invalid"
  | "unauthenticated"
  | "forbidden"
  | "notFound"
  | "gone"
  | "methodNotAllowed"
  | "tooLarge"
  | "unsupportedMediaType"
  | "conflict"
  | "unprocessable"
  | "tooMany"
  | "unavailable"
  | "refusedElsewhere";

/** One thing wrong with the input. */
export interface FieldError {
  /** Path of the field, dots between its parts: `settings.appSecret`, `buttons.0.title`. Empty: the input as a whole. */
  field: string;
  detail: string;
}

/** What a {@link Problem} may tell beside its detail. */
export interface ProblemDetails {
  /** Finer than the kind, for programs, stable: `idempotency-key-reused`. Default: the kind itself. */
  code?: string;
  /** The field that is wrong, as in {@link FieldError}. Default: that of the first of `errors`. */
  field?: string;
  errors?: readonly FieldError[];
  cause?: unknown;
}

/**
 * Refuses what was asked for. `detail` is one sentence that says what to do; it is shown to whoever asked, so it
 * repeats no value that came in and holds no personal data.
 */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly kind: ProblemKind;
  readonly code: string;
  readonly field: string | undefined;
  readonly errors: readonly FieldError[];

  constructor(kind: ProblemKind, detail: string, more: ProblemDetails = {}) {
    super(detail, { cause: more.cause });
    this.kind = kind;
    this.code = more.code ?? kind.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
    this.field = more.field ?? more.errors?.[0]?.field;
    this.errors = more.errors ?? [];
  }
}

/** The input is wrong in one field. */
export function invalidField(field: string, detail: string): Problem {
  return new Problem("invalid", `${field}: ${detail}`, { errors: [{ field, detail }] });
}

/** There is no such thing; `what` names its kind: `profile`, `channel account`. */
export function notFound(what: string): Problem {
  return new Problem("notFound", `There is no such ${what}.`);
}
