// Once per vitest run: one PostgreSQL for all test files, in a temporary directory. Its databases are made by postgres.ts.
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestProject } from "vitest/node";
import { dataDirHolder } from "../../apps/core/platform/data-dir-lock.ts";
import { startEmbeddedPostgres } from "../../apps/core/platform/embedded.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The run's PostgreSQL, as its superuser. */
    postgresUrl: string;
  }
}

const PREFIX = "throughline-test-";

/** Starts the run's PostgreSQL; what is returned stops it and removes its files. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  removeLeftovers();
  const dataDir = mkdtempSync(path.join(tmpdir(), PREFIX));
  // Tests of durability start servers of their own (test/faults, test/bench).
  const server = await startEmbeddedPostgres({
    dataDir,
    flags: { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: "300" },
  });
  project.provide("postgresUrl", server.url);
  return async () => {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
}

/** A run that was killed could not clean up; its PostgreSQL stopped by itself. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const dataDir = path.join(tmpdir(), name);
    const isOld = existsSync(path.join(dataDir, "postgres")); // Another run may be taking its own away right now.
    if (isOld && dataDirHolder(dataDir) === undefined) rmSync(dataDir, { recursive: true, force: true });
  }
}
