// Adds to package-lock.json the optional packages of other platforms that npm left out. npm runs it after
// every install (the script `dependencies`).
//
// `npm install` forgets an optional package that its registry does not have (or does not have yet), such as a macOS
// build; `npm ci` then refuses the lock file on every platform. With the entry there, npm skips what does not fit the
// machine without asking for it.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";

const Package = z.object({
  version: z.string().optional(),
  dev: z.boolean().optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
});
const Lock = z.object({ packages: z.record(z.string(), Package) });

const Raw = z.record(z.string(), z.unknown());

/** A lock file, as far as its packages go. */
export type Lock = z.infer<typeof Lock>;

/** Reads package-lock.json. */
export function readLock(file: string): Lock {
  return Lock.parse(JSON.parse(readFileSync(file, "utf8")));
}

const SYSTEMS = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const PROCESSORS = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64"];

/** The entries that `npm ci` would miss, by their place in node_modules. */
export function missingPackages(lock: Lock): Record<string, Record<string, unknown>> {
  const missing: Record<string, Record<string, unknown>> = {};
  for (const [place, owner] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      if (isFound(lock, place, name)) continue;
      const words = name.replace("windows", "win32").split(/[/-]/);
      const os = SYSTEMS.filter((system) => words.includes(system));
      const cpu = PROCESSORS.filter((processor) =>
        words.some((word) => word === processor || isArm32(word, processor)),
      );
      if (os.length === 0 && cpu.length === 0) throw new Error(`${place}: no platform can be told from ${name}`);
      missing[`node_modules/${name}`] = {
        version,
        ...(cpu.length > 0 && { cpu }),
        ...(owner.dev === true && { dev: true }),
        optional: true,
        ...(os.length > 0 && { os }),
      };
    }
  }
  return missing;
}

const isArm32 = (word: string, processor: string) => processor === "arm" && /^(eabi|gnueabihf|musleabihf)$/.test(word);

/** As Node looks for packages: in the owner's own node_modules, then further and further out. */
function isFound(lock: Lock, place: string, name: string): boolean {
  const parts = place.split(/\/?node_modules\//);
  for (let depth = parts.length; depth > 0; depth--) {
    const inside = parts.slice(0, depth).join("/node_modules/").replace(/^\//, "");
    const candidate = inside === "" ? `node_modules/${name}` : `${inside}/node_modules/${name}`;
    if (lock.packages[candidate] !== undefined) return true;
  }
  return false;
}

if (import.meta.main) {
  const file = path.join(import.meta.dirname, "../package-lock.json");
  const missing = missingPackages(readLock(file));
  if (Object.keys(missing).length > 0) {
    // Read a second time without a schema, which would put the known keys first.
    const raw = Raw.parse(JSON.parse(readFileSync(file, "utf8")));
    const entries = Object.entries({ ...Raw.parse(raw.packages), ...missing });
    const packages = Object.fromEntries(entries.toSorted(([a], [b]) => a.localeCompare(b, "en")));
    writeFileSync(file, `${JSON.stringify({ ...raw, packages }, null, 2)}\n`);
    console.log(`package-lock.json: added ${Object.keys(missing).length} packages of other platforms.`);
  }
}
