export * from "./adapter.ts";
export * from "./errors.ts";
export * from "./events.ts";
export * from "./outbound.ts";
export * from "./settings.ts";
export * from "./simulator.ts";
