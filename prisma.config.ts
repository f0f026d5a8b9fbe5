import { defineConfig } from "prisma/config";

/** For Prisma's own command line; the servers apply migrations by themselves (apps/core/platform/migrate.ts). */
export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
});
