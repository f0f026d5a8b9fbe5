import { z } from "zod";
import { decodePosition, encodePosition } from "./ids.ts";
import { invalidField } from "./problem.ts";

/** One page of a list, newest first; `next` where there is more. */
export interface Page<T> {
  items: T[];
  next?: string;
}

/** What a caller asks of a list. */
export interface PageRequest {
  limit: number;
  /** The `next` of the page above, as it came. */
  before?: string | undefined;
}

/** A place in a list that is ordered by a time and then by an id, both descending. As statement parameters take it. */
export interface Place {
  /** ISO 8601, or `infinity`. */
  at: string;
  id: string;
}

const FIRST: Place = { at: "infinity", id: "ffffffff-ffff-ffff-ffff-ffffffffffff" };
const Position = z.tuple([z.iso.datetime(), z.uuid()]);

/**
 * Where a page begins: at the newest, or after `before`.
 * @throws {Problem} `invalid` when `before` is no `next` of ours
 */
export function placeBefore(before: string | undefined): Place {
  if (before === undefined) return FIRST;
  const position = Position.safeParse(decodePosition(before));
  if (!position.success) throw invalidField("before", "must be the `next` of an earlier answer");
  const [at, id] = position.data;
  return { at, id };
}

/** Makes a page of up to `limit` rows; the statement was asked for one more, which tells whether there is a next page. */
export function pageOf<Row, T>(
  rows: readonly Row[],
  limit: number,
  read: { place: (row: Row) => { at: Date; id: string }; item: (row: Row) => T },
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const items = shown.map(read.item);
  if (rows.length <= limit || last === undefined) return { items };
  const { at, id } = read.place(last);
  return { items, next: encodePosition([at.toISOString(), id]) };
}
