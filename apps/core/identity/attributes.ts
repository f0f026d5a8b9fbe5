/** One value that one piece of evidence gave for an attribute. */
export interface AttributeSighting {
  name: string;
  value: string;
  /** Last time it was said, by the clock of who said it. UTC milliseconds. */
  at: number;
  assurance: number;
  /** Channel id, `staff`, `import`. */
  source: string;
  /** Orders ties the same on every machine. */
  rank: string;
}

/** An attribute as the profile shows it: the last write, and what it overruled. */
export interface AttributeValue {
  value: string;
  at: Date;
  assurance: number;
  source: string;
  /** Other sources' differing last values, newest first: flagged for review. */
  conflicts: { value: string; at: Date; assurance: number; source: string }[];
}

/**
 * Last write wins, by the time it was said, then by assurance, then by rank: never by order of arrival. What one source
 * said before it said something else is history, not a conflict; what another source still says is one.
 */
export function settleAttributes(sightings: AttributeSighting[]): Record<string, AttributeValue> {
  const byName = new Map<string, AttributeSighting[]>();
  for (const s of sightings) byName.set(s.name, [...(byName.get(s.name) ?? []), s]);
  const settled: Record<string, AttributeValue> = {};
  for (const [name, all] of [...byName].sort(([x], [y]) => (x < y ? -1 : 1))) {
    all.sort((x, y) => y.at - x.at || y.assurance - x.assurance || (x.rank < y.rank ? -1 : 1));
    const winner = all[0];
    if (winner === undefined) continue;
    const spoken = new Set([winner.source]);
    const conflicts: AttributeValue["conflicts"] = [];
    for (const loser of all) {
      if (spoken.has(loser.source)) continue;
      spoken.add(loser.source);
      const differs = !sameText(loser.value, winner.value) && !conflicts.some((c) => sameText(c.value, loser.value));
      if (differs) conflicts.push(shown(loser));
    }
    settled[name] = { ...shown(winner), conflicts };
  }
  return settled;
}

function shown(s: AttributeSighting): { value: string; at: Date; assurance: number; source: string } {
  return { value: s.value, at: new Date(s.at), assurance: s.assurance, source: s.source };
}

function sameText(x: string, y: string): boolean {
  return x.trim().localeCompare(y.trim(), undefined, { sensitivity: "accent" }) === 0;
}
