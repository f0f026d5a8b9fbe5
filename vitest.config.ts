import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: "test/support/global.ts",
    projects: [
      { test: { name: "unit", include: ["{apps,adapters,prisma,scripts}/**/*.test.ts"], testTimeout: 30_000 } },
      { test: { name: "contract", include: ["test/contract/**/*.test.ts"], testTimeout: 30_000 } },
      { test: { name: "flow", include: ["test/flow/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 } },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 90_000,
          hookTimeout: 90_000,
          // A page on a busy machine takes longer than the second that is vitest's patience.
          expect: { poll: { timeout: 15_000 } },
        },
      },
    ],
  },
});
