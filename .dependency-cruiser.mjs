// Who may import whom: design, section 3. `npm run check` runs it; scripts/imports.test.ts proves that it bites.

/** The rooms of apps/core, from the ground up: what each may import beside itself. A room that is not here may import none. */
const rooms = {
  platform: [],
  statements: ["platform"],
  vault: ["platform", "statements"],
  channels: ["platform", "statements", "vault", "parts.ts"],
  // Types alone: what a process opens once.
  "parts.ts": ["platform", "vault", "channels", "media"],
};
rooms.identity = Object.keys(rooms);
rooms.media = rooms.identity;
rooms.conversation = [...rooms.identity, "identity", "media"];
rooms.outbound = [...rooms.conversation, "conversation"];
rooms.inbound = [...rooms.outbound, "outbound"];
rooms.reply = rooms.inbound;
rooms.api = [];
rooms.access = [...rooms.identity, "api"];

const OURS = "^(apps|adapters|prisma|scripts|test)/";
const TEST = "\\.test\\.tsx?$";
const inCore = (room) => (room.endsWith(".ts") ? `^apps/core/${room.replace(".", "\\.")}$` : `^apps/core/${room}/`);

/** `from` may import, of what is ours, only `allowed`. Unit tests beside the code may reach for test/support. */
const only = (name, from, allowed) => ({
  name,
  severity: "error",
  from: { path: from, pathNot: TEST },
  to: { path: OURS, pathNot: allowed },
});

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "no-unresolvable", severity: "error", from: {}, to: { path: "^\\.", couldNotResolve: true } },
    only("contract-stands-alone", "^adapters/contract/", ["^adapters/contract/"]),
    only("provider-knows-the-contract", "^adapters/providers/([^/]+)/", [
      "^adapters/contract/",
      "^adapters/providers/$1/",
    ]),
    only("adapter-knows-the-contract", "^adapters/(?!contract/|providers/)([^/]+)/", [
      "^adapters/contract/",
      "^adapters/providers/",
      "^adapters/$1/",
    ]),
    only("registry-knows-the-contract", "^adapters/registry\\.ts$", ["^adapters/contract/"]),
    ...Object.entries(rooms).map(([room, below]) =>
      only(`core-${room}`, inCore(room), [
        "^adapters/contract/",
        ...(room === "api" ? [] : ["^prisma/generated/"]),
        ...[room, ...below].map(inCore),
      ]),
    ),
    only("core-has-named-rooms", `^apps/core/(?!(${Object.keys(rooms).join("|")})(/|$))([^/]+)`, [
      "^apps/core/$3(/|$)",
    ]),
    ...["gateway", "worker", "playground"].map((server) =>
      only(`${server}-stands-on-core`, `^apps/${server}/`, [
        "^apps/core/",
        "^adapters/contract/",
        "^adapters/registry\\.ts$",
        `^apps/${server}/`,
      ]),
    ),
    ...["widget", "console"].map((page) =>
      only(`${page}-knows-the-api`, `^apps/${page}/`, ["^apps/core/api/", `^apps/${page}/`]),
    ),
    {
      name: "no-test-in-the-product",
      severity: "error",
      from: { path: "^(apps|adapters|prisma)/", pathNot: TEST },
      to: { path: ["^test/", TEST] },
    },
  ],
  options: {
    // TypeScript 7 has no API that dependency-cruiser could use; without a parser it would find nothing and say all is well.
    parser: "swc",
    tsPreCompilationDeps: true,
    exclude: { path: ["(^|/)dist/", "^prisma/generated/.+/"] },
    doNotFollow: { path: ["node_modules", "^prisma/generated"] },
  },
};
