/**
 * How long a starting process waits for a connection, in milliseconds. Generous: while it loads its modules, and several
 * start together on few processors, an answer that came in time is seen late.
 */
export const STARTING_MS = 20_000;
