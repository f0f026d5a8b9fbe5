// After `npm ci`: what the source needs before it runs. Prisma's client from the schema, the bundles of widget and pages.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";

const root = path.join(import.meta.dirname, "..");

// Generation needs no schema engine; naming one keeps Prisma from downloading it.
run("prisma", ["generate", "--no-hints"], {
  PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
  PRISMA_HIDE_UPDATE_MESSAGE: "1",
});
for (const page of ["widget", "playground/page"]) {
  const config = path.join(root, "apps", page, "vite.config.ts");
  if (existsSync(config)) run("vite", ["build", "--logLevel", "warn", "-c", config], {});
}

/** Runs an installed program; its output is shown only when it fails. */
function run(program: string, args: string[], env: NodeJS.ProcessEnv): void {
  const done = spawnSync(path.join(root, "node_modules/.bin", program), args, {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
  if (done.status === 0) return;
  console.error(`${program} ${args.join(" ")} failed:\n${done.error?.message ?? ""}${done.stdout}${done.stderr}`);
  process.exit(1);
}
