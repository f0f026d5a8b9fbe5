import { pino, type Logger } from "pino";

/** The process's log, on stderr: stdout is for what a person asked to see. Never given texts, names, addresses or payloads. */
export type Log = Logger;

/** Opens the log. */
export function openLog(level: string, role: string): Log {
  return pino({ level, base: { role, pid: process.pid } }, pino.destination({ dest: 2, sync: true }));
}

/** An error as it may be logged: its class, its message and its code, nothing that it carries along. */
export function described(error: unknown): { error: string; code?: string } {
  if (!(error instanceof Error)) return { error: String(error) };
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  return { error: `${error.name}: ${error.message}`, ...code };
}
