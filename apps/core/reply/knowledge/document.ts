import { z } from "zod";

/** A part of a document under one heading. `heading` is empty for what stands before the first one. */
export interface Section {
  heading: string;
  /** Plain text; list items begin with a bullet dot. */
  body: string;
  /** First line of the section in its file, from 1. */
  line: number;
}

const word = z.string().trim().min(1);
const words = z.array(word).default([]);
/** Values such as `150 kg`, `4` or `yes` are all kept as text. */
const valueText = z.union([word, z.number().transform(String), z.boolean().transform((yes) => (yes ? "yes" : "no"))]);

const shop = z.strictObject({
  kind: z.literal("shop"),
  name: word,
  /** One line after the first "hello". */
  welcome: word,
  /** IANA name; weekdays are told in it unless the customer's own zone is known. */
  timezone: word.refine(isTimeZone, "is not a time zone that this machine knows (e.g. Europe/Berlin)").default("UTC"),
  categories: z
    .array(z.strictObject({ id: word, singular: word, plural: word, aliases: words, remark: word.optional() }))
    .min(1),
  /** Groups of single words that mean the same in this shop. */
  synonyms: z.array(z.array(word).min(2)).default([]),
});

const product = z.strictObject({
  kind: z.literal("product"),
  sku: word.regex(/^[A-Za-z0-9._-]+$/, "may hold letters, digits, dot, dash and underscore only"),
  name: word,
  price: z.number().nonnegative(),
  currency: word.regex(/^[A-Z]{3}$/, "must be an ISO 4217 code such as USD"),
  category: word,
  aliases: words,
  /** What customers call the need that it meets: `back pain`, `small rooms`. */
  tags: words,
  /** Goes into "It features …". */
  features: word,
  /** Goes into "It's the one for …". */
  bestFor: word.optional(),
  /** Name → value, in the order in which they are told. */
  attributes: z.record(word, valueText).default({}),
  /** What one can choose: `size: [small, large]`. */
  variants: z.record(word, z.array(valueText).min(1)).default({}),
  /** SKUs that go with it. */
  accessories: words,
  inStock: z.boolean().default(true),
  /** The higher, the earlier it is recommended. */
  rank: z.number().default(0),
});

const article = {
  id: word.regex(/^[a-z0-9_-]+$/, "may hold small letters, digits, dash and underscore only"),
  title: word,
  /** The whole answer in one to three sentences. */
  summary: word,
  /** How customers ask for it, each a phrase of its own. */
  questions: words,
  /** Further words for it. */
  keywords: words,
};

const policy = z.strictObject({
  kind: z.literal("policy"),
  ...article,
  /** A few words for "Your order includes …": `free shipping`. */
  promise: word.optional(),
});

const howto = z.strictObject({
  kind: z.literal("howto"),
  ...article,
  /** SKUs that it is about; none: about all. */
  products: words,
  video: z.url().optional(),
});

/** What the front matter of a knowledge file may say; `kind` decides which fields. */
export const frontMatter = z.discriminatedUnion("kind", [shop, product, policy, howto]);

interface Located {
  /** File name, for the reasons of a reply. */
  file: string;
  sections: Section[];
}
/** The business itself. */
export type Shop = z.infer<typeof shop> & Located;
/** Something that it sells. */
export type Product = z.infer<typeof product> & Located;
/** A rule of the house (returns, shipping, …) or any other fact that is no product. */
export type Policy = z.infer<typeof policy> & Located;
/** How something is done. */
export type Howto = z.infer<typeof howto> & Located;
/** Any file of a knowledge folder. */
export type KnowledgeDocument = Shop | Product | Policy | Howto;
/** One of the things that the shop's products are. */
export type Category = Shop["categories"][number];

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
