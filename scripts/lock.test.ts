import path from "node:path";
import { expect, it } from "vitest";
import { missingPackages, readLock } from "./lock.ts";

it("the lock file names every platform's packages, or npm ci refuses it", () => {
  const lock = readLock(path.join(import.meta.dirname, "../package-lock.json"));
  expect(Object.keys(lock.packages).length).toBeGreaterThan(100);
  expect(Object.keys(missingPackages(lock)), 'run "node scripts/lock.ts"').toEqual([]);
});

it("tells a missing package's platform from its name", () => {
  const tool = { version: "1.0.0", dev: true };
  const optionalDependencies = {
    "@tool/darwin-arm64": "1.0.0",
    "@tool/linux-arm-gnueabihf": "1.0.0",
    "@tool/here": "1.0.0",
  };
  const packages = { "node_modules/tool": { ...tool, optionalDependencies }, "node_modules/@tool/here": tool };
  expect(missingPackages({ packages })).toEqual({
    "node_modules/@tool/darwin-arm64": { version: "1.0.0", cpu: ["arm64"], dev: true, optional: true, os: ["darwin"] },
    "node_modules/@tool/linux-arm-gnueabihf": {
      version: "1.0.0",
      cpu: ["arm"],
      dev: true,
      optional: true,
      os: ["linux"],
    },
  });
});
