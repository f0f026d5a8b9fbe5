import type { Json } from "../../adapters/contract/index.ts";

/** The way to a value inside JSON. The root's is empty. */
export type Path = readonly (string | number)[];

/** One value inside JSON, and the way to it. */
export interface Place {
  path: Path;
  value: Json;
}

/** Every value inside, the root first. */
export function* places(value: Json, path: Path = []): Generator<Place> {
  yield { path, value };
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* places(item, [...path, index]);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) yield* places(item, [...path, key]);
  }
}

/** Whether the value is an object with keys. */
export function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A copy in which the value at `path` is what `change` makes of it; undefined removes it. */
export function changed(root: Json, path: Path, change: (value: Json) => Json | undefined): Json {
  const [key, ...rest] = path;
  if (key === undefined) return change(root) ?? null;
  if (Array.isArray(root)) {
    return root.flatMap((item, index) => (index === key ? present(inner(item, rest, change)) : [item]));
  }
  if (isObject(root)) {
    return Object.fromEntries(
      Object.entries(root).flatMap(([name, item]) =>
        name === String(key) ? present(inner(item, rest, change)).map((made) => [name, made]) : [[name, item]],
      ),
    );
  }
  return root;
}

function inner(value: Json, path: Path, change: (value: Json) => Json | undefined): Json | undefined {
  return path.length === 0 ? change(value) : changed(value, path, change);
}

function present(value: Json | undefined): Json[] {
  return value === undefined ? [] : [value];
}

/** A copy in which the object at `path` has the key `from` under the name `to`, in the same position. */
export function renamed(root: Json, path: Path, names: { from: string; to: string }): Json {
  return changed(root, path, (value) =>
    isObject(value)
      ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name === names.from ? names.to : name, item]))
      : value,
  );
}

/** Every string and number inside, as text. */
export function scalars(value: Json): Set<string> {
  const found = new Set<string>();
  for (const place of places(value)) {
    if (typeof place.value === "string" || typeof place.value === "number") found.add(String(place.value));
  }
  return found;
}
