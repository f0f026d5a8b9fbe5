import { loadEnvironmentFile, publicUrlOf, readConfig, type Config } from "./core/platform/config.ts";
import { StartError } from "./core/platform/start-error.ts";
import { startGateway } from "./gateway/server.ts";
import { openGenerator } from "./generator.ts";
import { openPlayground, playgroundWanted } from "./playground/playground.ts";
import { openHub, type Hub } from "./start.ts";
import { startWorker } from "./worker/worker.ts";

const ROLES = ["all", "gateway", "worker"] as const;
type Role = (typeof ROLES)[number];

/** A drain that takes longer is cut short. Milliseconds. */
const DRAIN_MS = 9_500;

/** Starts what was asked for, and answers how to stop it. */
async function start(role: Role, config: Config): Promise<{ line: string; stop: () => Promise<void> }> {
  const withPlayground = playgroundWanted(config, role);
  const hub = await openHub(config, { role });
  const stops: (() => Promise<void>)[] = [() => hub.close()];
  const stop = async () => {
    for (const each of stops.toReversed()) await each();
  };
  try {
    if (role === "worker") {
      stops.push(await runWorker(hub, config, publicUrlOf(config, config.port)));
      return { line: "Throughline's worker is ready", stop };
    }
    const playground = withPlayground ? openPlayground(hub, config) : undefined;
    const gateway = await startGateway(hub, { config, playground: playground?.mount });
    stops.push(() => gateway.close());
    if (playground) {
      stops.push(() => playground.stop());
      await playground.start(gateway.url);
    }
    // Last, so that its listeners and sends find the playground's providers, and first to stop.
    if (role === "all") stops.push(await runWorker(hub, config, gateway.url));
    return { line: `Throughline is ready at ${gateway.url}${playground ? "/playground" : ""}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function runWorker(hub: Hub, config: Config, publicUrl: string): Promise<() => Promise<void>> {
  const generator = await openGenerator(hub.parts, config.knowledgeDir);
  const worker = startWorker(hub.parts, hub.queues, hub.ingest, { ...config, publicUrl, generator });
  return () => worker.stop();
}

async function main(): Promise<void> {
  const [role = "all", ...rest] = process.argv.slice(2);
  const known = ROLES.find((r) => r === role);
  if (known === undefined || rest.length > 0) {
    throw new StartError(`unknown role "${[role, ...rest].join(" ")}": use ${ROLES.join(", ")} (none means all)`);
  }
  loadEnvironmentFile();
  const config = readConfig();
  let asked = 0;
  const starting = start(known, config);
  const stopOnce = (): void => {
    if (asked++ > 0) return;
    // An interrupted drain loses nothing: what is due stands in the database.
    setTimeout(() => process.exit(0), DRAIN_MS).unref();
    void starting
      .then((hub) => hub.stop())
      .then(
        () => process.exit(0),
        (error: unknown) => fail(error),
      );
  };
  process.on("SIGINT", stopOnce);
  process.on("SIGTERM", stopOnce);
  process.stdout.write(`${(await starting).line}\n`);
}

function fail(error: unknown): never {
  const line =
    error instanceof StartError
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  process.stderr.write(`${line}\n`);
  process.exit(1);
}

main().catch(fail);
