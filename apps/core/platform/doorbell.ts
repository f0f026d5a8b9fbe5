/** What a doorbell can ring for; the same words as `due.kind`. */
export const BELLS = ["inbound", "reply", "outbound", "media"] as const;
export type Bell = (typeof BELLS)[number];

/** What something is due for. */
export interface Ring {
  workspaceId: string;
  /** A thread's; with `media`, a file's. */
  id: string;
}

/**
 * Rings: tells some worker that something is due. Best effort and cheap; never awaited for correctness, because what is
 * due stands in the database and the sweeper finds it.
 */
export interface Doorbells {
  ring(bell: Bell, rings: Ring[]): void;
}
