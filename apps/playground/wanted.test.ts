import { expect, it } from "vitest";
import { readConfig } from "../core/platform/config.ts";
import { StartError } from "../core/platform/start-error.ts";
import { playgroundWanted } from "./wanted.ts";

const DATABASE_URL = "postgresql://u@db.example/throughline";

it.each([
  [{}, "all", true],
  [{ HOST: "localhost" }, "all", true],
  [{ HOST: "::1" }, "all", true],
  [{ HOST: "127.9.9.9" }, "all", true],
  [{}, "gateway", false],
  [{}, "worker", false],
  [{ HOST: "0.0.0.0" }, "all", false],
  [{ HOST: "::" }, "all", false],
  [{ HOST: "192.0.2.7" }, "all", false],
  [{ DATABASE_URL }, "all", false],
  [{ PLAYGROUND: "off" }, "all", false],
  [{ PLAYGROUND: "off", HOST: "0.0.0.0" }, "all", false],
  [{ PLAYGROUND: "on", DATABASE_URL }, "all", true],
  [{ PLAYGROUND: "on", DATABASE_URL }, "gateway", true],
  [{ PLAYGROUND: "on", HOST: "0.0.0.0" }, "worker", false],
] as const)("%j as %s: %s", (env, role, wanted) => {
  expect(playgroundWanted(readConfig(env), role)).toBe(wanted);
});

it.each(["0.0.0.0", "::", "192.0.2.7", "hub.example", "127.0.0.1.example", "128.0.0.1"])(
  "refuses to be on at %s, and says what to do",
  (HOST) => {
    const start = () => playgroundWanted(readConfig({ PLAYGROUND: "on", HOST }), "all");
    expect(start).toThrow(StartError);
    expect(start).toThrow("PLAYGROUND=on refuses to run on a public address: set HOST=127.0.0.1");
  },
);
