import { resolve } from "node:path";
import { loadAdapters } from "../../adapters/registry.ts";
import { loadSubject } from "./subject.ts";
import { contractSuite } from "./suite.ts";

const ADAPTERS = resolve(import.meta.dirname, "../../adapters");

// Every folder that is there, none by name.
for (const adapter of (await loadAdapters()).values()) {
  contractSuite(await loadSubject(adapter, resolve(ADAPTERS, adapter.id)));
}
