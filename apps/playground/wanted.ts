import { isIP } from "node:net";
import type { Config } from "../core/platform/config.ts";
import { StartError } from "../core/platform/start-error.ts";

/**
 * Whether this process opens the playground. `auto`: only where everything runs in one process on the embedded database
 * and a loopback address. `on`: with real databases, too.
 * @throws {StartError} when it is `on` and the process listens where others can reach it
 */
export function playgroundWanted(config: Config, role: "all" | "gateway" | "worker"): boolean {
  if (config.playground === "off" || role === "worker") return false;
  const loopback = isLoopback(config.host);
  if (config.playground === "auto") return role === "all" && config.databaseUrl === undefined && loopback;
  if (!loopback) throw new StartError("PLAYGROUND=on refuses to run on a public address: set HOST=127.0.0.1");
  return true;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
