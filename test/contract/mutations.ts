import fc from "fast-check";
import type { Json } from "../../adapters/contract/index.ts";
import { changed, isObject, places, renamed } from "./json-walk.ts";
import { naughtyStrings } from "./naughty.ts";

/** One change to a JSON value: what to do, and two numbers that choose where and with what (so that it can be shrunk). */
export interface Edit {
  op: keyof typeof OPS;
  at: number;
  n: number;
}

const LONG = "x".repeat(100_000);
const NUMBERS = [0, -1, 1.5, 1e308, -1e308, 2 ** 53 + 1, 1e21, 8_640_000_000_001, -8.64e15];

/** What may happen to a value. `n` chooses among variants, `root` is the whole that it stands in. */
const OPS = {
  remove: () => undefined,
  nothing: () => null,
  truth: (_value: Json, n: number) => n % 2 === 0,
  number: (_value: Json, n: number) => NUMBERS[n % NUMBERS.length],
  naughty: (_value: Json, n: number) => naughtyStrings[n % naughtyStrings.length],
  tail: (value: Json, n: number) =>
    `${typeof value === "object" ? "" : value}${naughtyStrings[n % naughtyStrings.length]}`,
  long: () => LONG,
  emptyObject: () => ({}),
  emptyList: () => [],
  listed: (value: Json) => [value],
  wrapped: (value: Json) => ({ value }),
  nested: (value: Json, n: number) => nest(value, [2, 20, 200][n % 3] ?? 2),
  asText: (value: Json) => JSON.stringify(value),
  repeated: (value: Json, n: number) => (Array.isArray(value) ? repeat(value, [2, 10, 60][n % 3] ?? 2) : value),
  keyed: (value: Json, n: number) => rekeyed(value, n),
  elsewhere: (_value: Json, n: number, root: Json) => placeOf(root, n).value,
} satisfies Record<string, (value: Json, n: number, root: Json) => Json | undefined>;

function opNames(): (keyof typeof OPS)[] {
  const known = (name: string): name is keyof typeof OPS => name in OPS;
  return Object.keys(OPS).filter(known);
}

/** Some edits, one after the other. */
export const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.record({ op: fc.constantFrom(...opNames()), at: fc.nat(), n: fc.nat() }),
  { minLength: 1, maxLength: 4 },
);

/** A copy of the value after the edits. */
export function edited(root: Json, list: readonly Edit[]): Json {
  return list.reduce<Json>((value, edit) => {
    const place = placeOf(value, edit.at);
    return changed(value, place.path, (old) => OPS[edit.op](old, edit.n, value));
  }, root);
}

/** Deletes, repeats or replaces a stretch of text. */
export function editedText(text: string, list: readonly Edit[]): string {
  return list.reduce((now, { at, n }) => {
    const start = at % (now.length + 1);
    const odd = naughtyStrings[n % naughtyStrings.length] ?? "";
    return `${now.slice(0, start)}${n % 3 === 0 ? "" : odd}${now.slice(start + (n % 7))}`;
  }, text);
}

function placeOf(root: Json, at: number) {
  const all = [...places(root)];
  const place = all[at % all.length];
  if (place === undefined) throw new Error("every JSON value has a root");
  return place;
}

function nest(value: Json, depth: number): Json {
  let made = value;
  for (let level = 0; level < depth; level++) made = level % 2 === 0 ? [made] : { value: made };
  return made;
}

function repeat(list: Json[], times: number): Json[] {
  return list.length * times > 2_000 ? list : Array.from({ length: times }, () => list).flat();
}

function rekeyed(value: Json, n: number): Json {
  const keys = isObject(value) ? Object.keys(value) : [];
  const from = keys[n % Math.max(keys.length, 1)];
  return from === undefined ? value : renamed(value, [], { from, to: naughtyStrings[n % naughtyStrings.length] ?? "" });
}
