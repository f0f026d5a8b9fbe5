import { readdir } from "node:fs/promises";
import type { ChannelAdapter } from "./contract/index.ts";

/** The adapters that are there, by id. */
export type Registry = ReadonlyMap<string, ChannelAdapter>;

/** Folders that are no channels: what all adapters stand on, and what those of one provider share. */
const SHARED = new Set(["contract", "providers"]);

/**
 * Loads every adapter folder beside this file. Being there is being registered.
 * @throws Error naming the folder when one does not load, or its adapter's id is not its folder's name
 */
export async function loadAdapters(): Promise<Registry> {
  const folders = (await readdir(import.meta.dirname, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && !SHARED.has(entry.name))
    .map((entry) => entry.name)
    .sort();
  const adapters = await Promise.all(folders.map(async (folder) => [folder, await loadAdapter(folder)] as const));
  return new Map(adapters);
}

async function loadAdapter(folder: string): Promise<ChannelAdapter> {
  const module: unknown = await import(`./${folder}/index.ts`).catch((cause: unknown) => {
    throw new Error(`adapters/${folder} does not load: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  });
  if (!isAdapterModule(module)) throw new Error(`adapters/${folder}/index.ts exports no \`adapter\``);
  if (module.adapter.id !== folder) {
    throw new Error(`adapters/${folder}: its adapter calls itself "${module.adapter.id}"`);
  }
  return module.adapter;
}

function isAdapterModule(module: unknown): module is { adapter: ChannelAdapter } {
  return (
    typeof module === "object" &&
    module !== null &&
    "adapter" in module &&
    typeof module.adapter === "object" &&
    module.adapter !== null &&
    "id" in module.adapter &&
    "send" in module.adapter
  );
}
