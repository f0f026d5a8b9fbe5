import { parseArgs } from "node:util";
import { z } from "zod";
import { createApiKey, listApiKeys, revokeApiKey } from "./core/access/api-keys.ts";
import { parseScopes, scopes } from "./core/api/scopes.ts";
import { loadEnvironmentFile, readConfig, type Config } from "./core/platform/config.ts";
import { StartError } from "./core/platform/start-error.ts";
import { FIRST_WORKSPACE } from "./core/platform/workspace.ts";
import { examine } from "./doctor.ts";
import { openHub, type Hub } from "./start.ts";

const USAGE = `Usage: npm run hub -- <command>

  apikey create --name N --scopes S   make an API key and print it, once (S: scopes, separated by commas, or *)
  apikey list                         list the API keys
  apikey revoke ID                    revoke a key, by its id or its prefix
  migrate                             bring the database up to date
  doctor                              look for trouble; exit code 1 when there is some
  help                                this

Scopes: ${Object.keys(scopes).join(" ")}
`;

/** The command line was not understood. */
class UsageError extends Error {
  override readonly name = "UsageError";
}

type Print = (line: string) => void;

/** What a command is: its words, what it takes, and what it does. Answers the exit code. */
interface Command {
  words: string;
  run(rest: string[], print: Print): Promise<number>;
}

const commands: Command[] = [
  { words: "apikey create", run: createKey },
  { words: "apikey list", run: listKeys },
  { words: "apikey revoke", run: revokeKey },
  { words: "migrate", run: bringUpToDate },
  { words: "doctor", run: doctor },
];

async function createKey(rest: string[], print: Print): Promise<number> {
  const { values } = parsed(() =>
    parseArgs({ args: rest, options: { name: { type: "string" }, scopes: { type: "string" } }, strict: true }),
  );
  if (values.name === undefined || values.name.trim() === "") throw new UsageError("--name is missing");
  if (values.scopes === undefined) throw new UsageError("--scopes is missing");
  const input = { workspaceId: FIRST_WORKSPACE, name: values.name.trim(), scopes: scopesIn(values.scopes) };
  return withHub(async ({ parts }) => {
    const { key } = await createApiKey(parts.db, input);
    print(key);
    return 0;
  });
}

async function listKeys(rest: string[], print: Print): Promise<number> {
  if (rest.length > 0) throw new UsageError(`apikey list takes nothing else`);
  return withHub(async ({ parts }) => {
    for (const key of await listApiKeys(parts.db, FIRST_WORKSPACE)) {
      const state = key.revokedAt === undefined ? "active" : `revoked ${key.revokedAt.toISOString()}`;
      print([key.id, `${key.prefix}…`, key.name, key.scopes.join(","), key.createdAt.toISOString(), state].join("\t"));
    }
    return 0;
  });
}

async function revokeKey(rest: string[], print: Print): Promise<number> {
  const [named, ...more] = rest;
  if (named === undefined || more.length > 0) throw new UsageError("apikey revoke takes the id or the prefix of a key");
  return withHub(async ({ parts }) => {
    const key = await revokeApiKey(parts.db, FIRST_WORKSPACE, named.replace(/…$/, ""));
    if (key === undefined) throw new StartError("no active key has this id or prefix alone: see apikey list");
    print(`revoked ${key.id} (${key.name})`);
    return 0;
  });
}

async function bringUpToDate(rest: string[], print: Print): Promise<number> {
  if (rest.length > 0) throw new UsageError("migrate takes nothing else");
  // Opening the hub applies what is missing.
  return withHub(async () => {
    print("the database is up to date");
    return 0;
  });
}

async function doctor(rest: string[], print: Print): Promise<number> {
  if (rest.length > 0) throw new UsageError("doctor takes nothing else");
  let trouble = 0;
  for await (const finding of examine()) {
    if (finding.trouble) trouble++;
    print(`${finding.trouble ? "TROUBLE" : "ok     "} ${finding.part}: ${finding.says}`);
  }
  return trouble === 0 ? 0 : 1;
}

async function withHub(work: (hub: Hub) => Promise<number>): Promise<number> {
  const config: Config = readConfig();
  const hub = await openHub(config, { role: "hub", besideRunning: true });
  try {
    return await work(hub);
  } finally {
    await hub.close();
  }
}

function scopesIn(text: string): string[] {
  try {
    return parseScopes(text);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    throw new UsageError(`--scopes: use * or some of ${Object.keys(scopes).join(", ")}`);
  }
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function main(args: string[]): Promise<number> {
  loadEnvironmentFile();
  const print: Print = (line) => void process.stdout.write(`${line}\n`);
  if (["help", "--help", "-h"].includes(args[0] ?? "")) {
    process.stdout.write(USAGE);
    return 0;
  }
  const said = args.join(" ");
  const command = commands.find(({ words }) => said === words || said.startsWith(`${words} `));
  if (command === undefined) throw new UsageError(args.length === 0 ? "a command is missing" : "unknown command");
  return command.run(args.slice(command.words.split(" ").length), print);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
    // What keeps a connection open must not keep the command from ending.
    setTimeout(() => process.exit(code), 2_000).unref();
  },
  (error: unknown) => {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n\n${USAGE}`);
      process.exit(2);
    }
    const isOurs = error instanceof StartError;
    process.stderr.write(
      `${isOurs || !(error instanceof Error) ? String(isOurs ? error.message : error) : (error.stack ?? error.message)}\n`,
    );
    process.exit(1);
  },
);
