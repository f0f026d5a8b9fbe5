import { MAX_PER_TYPE, SUCCEEDING_TYPES, UNIQUE_TYPES, UNLIMITED_TYPES } from "./identifier.ts";

/** An identifier as far as joining goes. `rank` orders ties the same on every machine (its blind index, as hex). */
export interface Node {
  id: string;
  type: string;
  rank: string;
}

/** That some identifiers were seen together. */
export interface Sighting {
  /** Orders ties the same on every machine (its fingerprint, as hex). */
  rank: string;
  /** UTC milliseconds. */
  firstSeen: number;
  /** The channel account that saw them. */
  accountId?: string | null;
  identifiers: { id: string; assurance: number }[];
}

/** What a person decided. `link` joins (level 1, by policy), `separate` keeps apart. */
export interface Ruling {
  id: string;
  kind: "link" | "separate";
  aId: string;
  bId: string;
  /** UTC milliseconds. */
  decidedAt: number;
}

/** One link that joins two identifiers. */
export interface Edge {
  aId: string;
  bId: string;
  /** The weaker of both sides, 2–4; or 1 for a person's mapping. */
  assurance: number;
  firstSeen: number;
  rank: string;
  ruling?: string;
}

/** A link that a rule forbade: for a person to look at. */
export interface Veto {
  aId: string;
  bId: string;
  /** `recycled`: the same number, but not the same account of the platform. */
  reason: "uniqueness" | "limit" | "separated" | "recycled";
}

export interface Partition {
  /** Every owned identifier in exactly one group; the first of a group is its seed: the profile's id. */
  groups: { seed: string; members: string[] }[];
  /** The links that hold the groups together. */
  edges: Edge[];
  vetoes: Veto[];
}

/** Evidence joins only what both sides prove at this level or above. */
export const JOINS_FROM = 2;

/**
 * Profiles as a pure function of sightings and rulings: the same whatever order they came in.
 *
 * An identifier is owned when somebody was seen *with* it: at level ≥ 2, or as the handle (the first) of a sighting. One
 * that was only claimed is in no group. Links are taken strongest first, then oldest, then by rank (as Kruskal's
 * algorithm takes edges), and a link that would break a rule is left out and reported: two different values of a
 * unique type, too many of one type, a recycled number, two sides that a person ruled apart. People's rulings to link come last, so
 * that proof outranks mapping.
 */
export function partition(input: {
  nodes: Node[];
  sightings: Sighting[];
  rulings: Ruling[];
  primaryIdentifier: string | null;
}): Partition {
  const nodes = new Map(input.nodes.map((n) => [n.id, n]));
  const firstSeen = new Map<string, number>();
  const candidates: Edge[] = [];

  for (const sighting of input.sightings) {
    const owned = sighting.identifiers.filter((s, i) => nodes.has(s.id) && (s.assurance >= JOINS_FROM || i === 0));
    for (const { id } of owned) firstSeen.set(id, Math.min(firstSeen.get(id) ?? Infinity, sighting.firstSeen));
    const proven = owned.filter((s) => s.assurance >= JOINS_FROM);
    const hub = proven[0];
    if (hub === undefined) continue;
    for (const other of proven.slice(1)) {
      const assurance = Math.min(hub.assurance, other.assurance);
      candidates.push({ ...ordered(hub.id, other.id), assurance, firstSeen: sighting.firstSeen, rank: sighting.rank });
    }
  }
  const separations: { aId: string; bId: string }[] = [];
  for (const ruling of input.rulings) {
    if (!firstSeen.has(ruling.aId) || !firstSeen.has(ruling.bId)) continue;
    if (ruling.kind === "separate") separations.push(ruling);
    else {
      const { aId, bId, decidedAt, id } = ruling;
      candidates.push({ ...ordered(aId, bId), assurance: 1, firstSeen: decidedAt, rank: id, ruling: id });
    }
  }
  // Never by ids: those are made as things arrive.
  const rankOf = ({ aId, bId }: Edge) =>
    [aId, bId]
      .map((id) => nodes.get(id)?.rank ?? "")
      .sort()
      .join(" ");
  candidates.sort(
    (x, y) =>
      y.assurance - x.assurance ||
      x.firstSeen - y.firstSeen ||
      compare(x.rank, y.rank) ||
      compare(rankOf(x), rankOf(y)),
  );

  const lineOf = lines(input.sightings, nodes);
  const groupOf = new Map<string, Set<string>>();
  for (const id of firstSeen.keys()) groupOf.set(id, new Set([id]));
  const groupWith = (id: string): Set<string> => groupOf.get(id) ?? new Set();
  const edges: Edge[] = [];
  const vetoes: Veto[] = [];
  for (const edge of candidates) {
    const a = groupWith(edge.aId);
    const b = groupWith(edge.bId);
    if (a === b) {
      edges.push(edge);
      continue;
    }
    // That somebody has two numbers is for people to say; only evidence must not take one number for one person.
    const reason = forbidden({ a, b, nodes, separations, lineOf: edge.ruling === undefined ? lineOf : new Map() });
    if (reason !== undefined) {
      vetoes.push({ aId: edge.aId, bId: edge.bId, reason });
      continue;
    }
    edges.push(edge);
    const [small, large] = a.size < b.size ? [a, b] : [b, a];
    for (const id of small) {
      large.add(id);
      groupOf.set(id, large);
    }
  }

  const precedes = (x: string, y: string): number => {
    const primary = (id: string) => (nodes.get(id)?.type === input.primaryIdentifier ? 0 : 1);
    return (
      primary(x) - primary(y) ||
      (firstSeen.get(x) ?? 0) - (firstSeen.get(y) ?? 0) ||
      compare(nodes.get(x)?.rank ?? "", nodes.get(y)?.rank ?? "")
    );
  };
  const groups = [...new Set(groupOf.values())].map((group) => {
    const members = [...group].sort(precedes);
    return { seed: members[0] ?? "", members };
  });
  return { groups, edges, vetoes };
}

function forbidden({
  a,
  b,
  nodes,
  separations,
  lineOf,
}: {
  a: Set<string>;
  b: Set<string>;
  nodes: Map<string, Node>;
  separations: { aId: string; bId: string }[];
  lineOf: Map<string, Line>;
}): Veto["reason"] | undefined {
  if (separations.some((s) => (a.has(s.aId) && b.has(s.bId)) || (a.has(s.bId) && b.has(s.aId)))) return "separated";
  const counts = new Map<string, number>();
  const lineAt = new Map<string, Line>();
  for (const id of [...a, ...b]) {
    const type = nodes.get(id)?.type ?? "";
    counts.set(type, (counts.get(type) ?? 0) + 1);
    const line = lineOf.get(id);
    for (const account of line?.accounts ?? []) {
      const there = lineAt.get(`${type} ${account}`);
      if (there !== undefined && there !== line) return "recycled";
      if (line !== undefined) lineAt.set(`${type} ${account}`, line);
    }
  }
  for (const [type, count] of counts) {
    if (UNIQUE_TYPES.has(type) && count > 1) return "uniqueness";
    if (!UNLIMITED_TYPES.has(type) && !SUCCEEDING_TYPES.has(type) && count > MAX_PER_TYPE) return "limit";
  }
  return undefined;
}

/** Identifiers of a succeeding type that notices connect, and the accounts that know them. */
interface Line {
  accounts: Set<string>;
}

function lines(sightings: Sighting[], nodes: Map<string, Node>): Map<string, Line> {
  const lineOf = new Map<string, Line>();
  for (const { identifiers, accountId } of sightings) {
    const named = identifiers.filter(
      (i) => i.assurance >= JOINS_FROM && SUCCEEDING_TYPES.has(nodes.get(i.id)?.type ?? ""),
    );
    if (named.length === 0) continue;
    const line: Line = { accounts: new Set(accountId ? [accountId] : []) };
    const before = new Set(named.flatMap((i) => lineOf.get(i.id) ?? []));
    for (const old of before) for (const account of old.accounts) line.accounts.add(account);
    for (const [id, old] of lineOf) if (before.has(old)) lineOf.set(id, line);
    for (const { id } of named) lineOf.set(id, line);
  }
  return lineOf;
}

/**
 * The identifiers whose history may be replayed to `from`: those linked to it by proof, and by people's mapping where
 * the workspace lets mappings entitle and the platform vouches for `from` (`handleAssurance` ≥ 2).
 */
export function entitledFrom(
  from: string,
  edges: Edge[],
  policy: { mappingEntitles: boolean; handleAssurance: number },
): Set<string> {
  const usable = edges.filter(
    (e) => e.assurance >= JOINS_FROM || (policy.mappingEntitles && policy.handleAssurance >= JOINS_FROM),
  );
  const reached = new Set([from]);
  for (let grew = true; grew;) {
    grew = false;
    for (const { aId, bId } of usable) {
      if (reached.has(aId) !== reached.has(bId)) {
        reached.add(aId).add(bId);
        grew = true;
      }
    }
  }
  return reached;
}

function ordered(x: string, y: string): { aId: string; bId: string } {
  return x < y ? { aId: x, bId: y } : { aId: y, bId: x };
}

function compare(x: string, y: string): number {
  return x < y ? -1 : x > y ? 1 : 0;
}
