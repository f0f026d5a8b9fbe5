// Writes the next migration: `npm run db:diff -- <name>` compares prisma/schema.prisma with prisma/migrations.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { startEmbeddedPostgres } from "../apps/core/platform/embedded.ts";
import { migrationList, readMigrations } from "../apps/core/platform/migrate.ts";
import { openMigrator } from "../apps/core/platform/schema-engine.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    schema: { type: "string", default: path.join(import.meta.dirname, "../prisma/schema.prisma") },
    directory: { type: "string", default: path.join(import.meta.dirname, "../prisma/migrations") },
    check: { type: "boolean", default: false },
  },
});
const name = positionals[0];
if (!values.check && !/^[a-z0-9_]+$/.test(name ?? "")) {
  console.error("Usage: npm run db:diff -- <name of small letters, digits and _> | --check");
  process.exit(2);
}

const sql = await difference();
if (sql === "") {
  console.log("The migrations lead to the schema already.");
} else if (values.check) {
  console.error(`The schema has changes without a migration; run "npm run db:diff -- <name>":\n${sql}`);
  process.exitCode = 1;
} else {
  const stamp = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
  const folder = path.join(values.directory, `${stamp}_${name}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "migration.sql"), sql);
  writeFileSync(path.join(values.directory, "migration_lock.toml"), 'provider = "postgresql"\n');
  console.log(`Wrote ${path.relative(process.cwd(), folder)}/migration.sql`);
}

async function difference(): Promise<string> {
  const dataDir = mkdtempSync(path.join(tmpdir(), "throughline-diff-"));
  const database = await startEmbeddedPostgres({ dataDir, flags: { fsync: "off", shared_buffers: "16MB" } });
  try {
    const migrator = await openMigrator(database.url);
    try {
      const schema = { path: values.schema, content: readFileSync(values.schema, "utf8") };
      return await migrator.diff(migrationList(values.directory, readMigrations(values.directory)), schema);
    } finally {
      await migrator.close();
    }
  } finally {
    await database.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
