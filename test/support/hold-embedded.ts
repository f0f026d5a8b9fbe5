// A process that holds an embedded database until it is killed: `node hold-embedded.ts <dataDir>`.
import { startEmbeddedPostgres } from "../../apps/core/platform/embedded.ts";

const { pid } = await startEmbeddedPostgres({ dataDir: process.argv[2] ?? "" });
console.log(pid);
setInterval(() => {}, 60_000);
