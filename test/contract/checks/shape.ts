import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { expect } from "vitest";
import { MEDIA_KINDS, secretFields } from "../../../adapters/contract/index.ts";
import type { Check } from "../subject.ts";
import { needs } from "../subject.ts";

const SECRET_NAME = /secret|token|password|passphrase|private|credential|key/i;

/** Longest time-out or window that makes sense: a year, in milliseconds. */
const YEAR_MS = 365 * 24 * 3_600_000;

const size = (most: number) => z.number().int().min(1).max(most);
const answers = z.strictObject({
  maxCount: size(100),
  maxTitleLength: size(1_000),
  maxTextLength: size(1_000_000).optional(),
});
const mediaLimit = z.strictObject({
  maxBytes: size(4 * 1024 ** 3),
  types: z.array(z.string().regex(/^(\*|[a-z]+)\/(\*|[a-z0-9.+-]+)$/)).min(1),
  maxCaptionLength: size(1_000_000).optional(),
});
const rate = z.strictObject({ count: size(100_000), perMs: size(YEAR_MS) });

const limits = z.strictObject({
  text: z.strictObject({
    maxLength: size(1_000_000),
    maxBytes: size(4_000_000).optional(),
    format: z.literal("light").optional(),
    spoken: z.literal(true).optional(),
  }),
  buttons: answers.optional(),
  quickReplies: answers.optional(),
  list: z
    .strictObject({
      maxRows: size(1_000),
      maxSections: size(100),
      maxLabelLength: size(1_000),
      maxTitleLength: size(1_000),
      maxDescriptionLength: size(1_000),
      maxTextLength: size(1_000_000).optional(),
    })
    .optional(),
  link: z
    .strictObject({
      maxTitleLength: size(1_000),
      maxDescriptionLength: size(10_000).optional(),
      maxTextLength: size(1_000_000).optional(),
    })
    .optional(),
  media: z.partialRecord(z.enum(MEDIA_KINDS), mediaLimit).optional(),
  location: z.literal(true).optional(),
  contact: z.literal(true).optional(),
  rates: z.strictObject({ account: rate.optional(), thread: rate.optional(), room: rate.optional() }).optional(),
  replyWindowMs: z.number().int().min(60_000).max(YEAR_MS).optional(),
  canWriteFirst: z.boolean().optional(),
});

/** What an adapter says of itself, before it does anything. */
export const shapeChecks: Check[] = [
  {
    name: "is named as its folder is, with a label and a README",
    async run({ adapter, folder }) {
      expect(adapter.id).toBe(basename(folder));
      expect(adapter.id).toMatch(/^[a-z][a-z0-9]*$/);
      expect(adapter.label.trim()).not.toBe("");
      expect((await readFile(join(folder, "README.md"), "utf8")).length, "README.md says too little").toBeGreaterThan(
        200,
      );
      return undefined;
    },
  },
  {
    name: "has a way in",
    run({ adapter }) {
      expect(adapter.webhook ?? adapter.listener ?? adapter.live, "no webhook, listener or live").toBeDefined();
      return undefined;
    },
  },
  {
    name: "describes every settings field and marks every secret",
    run({ adapter }) {
      const shape = settingsShape(adapter.settings);
      const marked = new Set(secretFields(adapter.settings));
      for (const [name, field] of Object.entries(shape)) {
        expect(description(field), `settings.${name} has no description`).not.toBe("");
        const named = SECRET_NAME.test(name) && !isPublic(field);
        expect(!named || marked.has(name), `settings.${name} looks like a secret and isn't marked as one`).toBe(true);
      }
      return `${Object.keys(shape).length} fields, ${marked.size} of them secret`;
    },
  },
  {
    name: "keeps every base URL in a setting that can be overridden",
    async run({ adapter, signing }) {
      const simulator = await needs(adapter.simulator, "has no simulator").start();
      try {
        const shape = settingsShape(adapter.settings);
        const valid = { ...simulator.settings, ...signing?.settings };
        const urls = Object.entries(shape).filter(([, field]) => isUrl(defaultOf(field)));
        for (const [name] of urls) {
          const elsewhere = "http://127.0.0.1:9/elsewhere";
          const parsed = adapter.settings.parse({ ...valid, [name]: elsewhere });
          expect(z.record(z.string(), z.unknown()).parse(parsed)[name], `settings.${name}`).toBe(elsewhere);
        }
        return urls.length === 0 ? "no default URL" : urls.map(([name]) => name).join(", ");
      } finally {
        await simulator.stop();
      }
    },
  },
  {
    name: "refuses settings that are not its own, naming the field",
    run({ adapter }) {
      for (const nonsense of [undefined, null, 7, "settings", []]) {
        expect(adapter.settings.safeParse(nonsense).success, JSON.stringify(nonsense)).toBe(false);
      }
      for (const name of Object.keys(settingsShape(adapter.settings))) {
        const result = adapter.settings.safeParse({ [name]: { not: ["this"] } });
        expect(result.success, `settings.${name} takes anything`).toBe(false);
        if (!result.success) expect(result.error.issues.map((issue) => issue.path[0])).toContain(name);
      }
      return undefined;
    },
  },
  {
    name: "declares limits that make sense, as data",
    run({ adapter }) {
      limits.parse(adapter.limits);
      expect(JSON.parse(JSON.stringify(adapter.limits))).toEqual(adapter.limits);
      expect(Object.keys(adapter.identifiers).length, "brings no identifier type").toBeGreaterThan(0);
      for (const [type, label] of Object.entries(adapter.identifiers)) {
        expect(type).toMatch(/^[a-z][a-z0-9_]*$/);
        expect(label.trim()).not.toBe("");
      }
      return undefined;
    },
  },
];

/** The fields of an adapter's settings. @throws Error when they are not a Zod object */
export function settingsShape(settings: z.ZodType): Record<string, z.ZodType> {
  if (!(settings instanceof z.ZodObject)) throw new Error("settings are not a Zod object");
  return z.record(z.string(), z.instanceof(z.ZodType)).parse(settings.shape);
}

/** The schema inside `optional`, `default` and `nullable`, outermost first. */
function* layers(field: z.ZodType): Generator<z.ZodType> {
  for (let f: unknown = field; f instanceof z.ZodType;) {
    yield f;
    f = f instanceof z.ZodOptional || f instanceof z.ZodDefault || f instanceof z.ZodNullable ? f.unwrap() : undefined;
  }
}

function description(field: z.ZodType): string {
  for (const layer of layers(field)) if (layer.description !== undefined) return layer.description.trim();
  return "";
}

/** A name such as `publicKey` or a number such as `tokenLifetimeMs` hides nothing. */
function isPublic(field: z.ZodType): boolean {
  return [...layers(field)].some(
    (layer) => layer instanceof z.ZodNumber || layer instanceof z.ZodBoolean || layer instanceof z.ZodEnum,
  );
}

function defaultOf(field: z.ZodType): unknown {
  const result = field.safeParse(undefined);
  return result.success ? result.data : undefined;
}

function isUrl(value: unknown): boolean {
  return typeof value === "string" && /^(https?|wss?):\/\//.test(value);
}
