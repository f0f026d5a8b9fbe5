/** @throws Error when it is no object */
export function record(data: unknown): Record<string, unknown> {
  if (typeof data !== "object" || data === null) throw new Error("the hub sent something unknown");
  return { ...data };
}

/** @throws Error when it is no list */
export function list(data: unknown): unknown[] {
  if (!Array.isArray(data)) throw new Error("the hub sent something unknown");
  return data;
}

/** @throws Error when it is no text */
export function text(data: unknown): string {
  if (typeof data !== "string") throw new Error("the hub sent something unknown");
  return data;
}

/** The text, if it is one. */
export function maybeText(data: unknown): string | undefined {
  return typeof data === "string" ? data : undefined;
}
