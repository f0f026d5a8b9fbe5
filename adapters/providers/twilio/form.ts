import { parse } from "node:querystring";

/** The fields of a form, as they were sent: untrimmed, and a repeated one as a list. */
export type Form = Readonly<Record<string, string | string[] | undefined>>;

/** Reads `application/x-www-form-urlencoded`. Whatever it is given, something comes of it; nothing is left out. */
export function formOf(body: string): Form {
  return parse(body, "&", "=", { maxKeys: 0 });
}

/** The field's value, or undefined where it is missing or empty. Of a repeated one, the first. */
export function field(form: Form, name: string): string | undefined {
  const value = form[name];
  const text = typeof value === "string" ? value : value?.[0];
  return text === "" ? undefined : text;
}

/** Whole seconds; undefined where none are told. */
export function secondsIn(told: string | undefined): number | undefined {
  return told !== undefined && /^\d{1,7}$/.test(told) ? Number(told) : undefined;
}
