import { z } from "zod";

/** Marks a settings field as a secret: sealed at rest like all settings, and never echoed by the API. */
export function secret<T extends z.ZodType>(schema: T): T {
  return schema.meta({ ...schema.meta(), secret: true });
}

/** The names of the secret fields of an adapter's settings. */
export function secretFields(settings: z.ZodType): string[] {
  if (!(settings instanceof z.ZodObject)) throw new Error("an adapter's settings must be a Zod object");
  return Object.entries(settings.shape)
    .filter(([, field]) => isSecret(field))
    .map(([name]) => name);
}

function isSecret(field: unknown): boolean {
  for (let f = field; f instanceof z.ZodType;) {
    if (f.meta()?.["secret"] === true) return true;
    if (f instanceof z.ZodOptional || f instanceof z.ZodDefault || f instanceof z.ZodNullable) f = f.unwrap();
    else return false;
  }
  return false;
}
