import { z } from "zod";

/** The id of anything but a profile. */
export const id = z.uuid("must be a UUID").meta({ description: "UUID" });

/**
 * A `customer_ref`. Loose on purpose: what only looks like one is unknown (404), so that callers need not know how refs
 * are made.
 */
export const ref = z
  .string()
  .regex(/^cust_[0-9A-Za-z]{1,64}$/, "must be a customer ref (cust_…)")
  .meta({ description: "Customer ref", examples: ["cust_01kb5c2xq8e7v9m3t4w6y0z1ab"] });

/** A channel's id, the name of its adapter's folder. */
export const channel = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, "must be the id of a channel")
  .meta({ description: "Channel", examples: ["whatsapp"] });

/** A moment, ISO 8601 in UTC or with an offset. */
export const time = z.iso.datetime({ offset: true, error: "must be an ISO 8601 date and time with Z or an offset" });

/** Text that is stored and sent. PostgreSQL and several providers can't carry NUL. */
export const text = (longest: number) =>
  z
    .string()
    .max(longest)
    .regex(/\S/, "must not be empty")
    .refine((value) => !value.includes("\0"), "must not contain NUL characters");

/** A name that people give to something. */
export const name = text(100);

const wholeNumber = (value: unknown) => (typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : value);

/** Query of every list: how many, and from where on. */
export const page = z.strictObject({
  limit: z.preprocess(
    wholeNumber,
    z
      .int({ error: "must be a whole number" })
      .min(1)
      .max(100)
      .default(50)
      .meta({ description: "How many items at most" }),
  ),
  before: z
    .string()
    .min(1)
    .max(512)
    .optional()
    .meta({ description: "The `next` of the page above; without it, the first page" }),
});

/** A list's answer: items and, when there are more, where the next page starts. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next: z
      .string()
      .optional()
      .meta({ description: "Opaque; give it as `before` to read on. Absent on the last page" }),
  });

/** 0 claimed · 1 asserted · 2 transport · 3 signed · 4 proven. */
export const assurance = z
  .union([z.literal(0), z.literal(1), z.literal(2), z.literal(3), z.literal(4)])
  .meta({ description: "How well it is proven: 0 claimed, 1 asserted, 2 transport, 3 signed, 4 proven" });
