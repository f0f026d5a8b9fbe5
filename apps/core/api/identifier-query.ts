import { z } from "zod";

const FORM = /^([a-z][a-z0-9_-]{0,31}):([^]{1,320})$/;

/**
 * `type:value` as it comes in a query. In a query a bare `+` means a space, and hardly anybody escapes it: a phone
 * number that begins with a space, and a space in an e-mail address, are read as the plus that was meant.
 */
export const identifierQuery = z
  .string("is required: type:value, such as phone:+14155551234")
  .transform((value, context) => {
    const identifier = parse(value);
    if (identifier !== undefined) return identifier;
    context.addIssue("must be type:value, such as phone:+14155551234");
    return z.NEVER;
  })
  .meta({
    description:
      "`type:value`: `phone:+14155551234`, `email:…`, `telegram:…`, `external:…`, or any type a channel brings",
    examples: ["phone:+14155551234"],
  });

function parse(identifier: string): { type: string; value: string } | undefined {
  const [, type, raw] = FORM.exec(identifier) ?? [];
  if (type === undefined || raw === undefined) return undefined;
  const value = meant(type, raw).trim();
  return value === "" || value === "+" ? undefined : { type, value };
}

function meant(type: string, value: string): string {
  if (type === "phone") return value.replace(/^ (?=\d)/, "+");
  if (type === "email") return value.trim().replaceAll(" ", "+");
  return value;
}
