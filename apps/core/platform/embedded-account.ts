import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { StartError } from "./start-error.ts";

/** Under whom PostgreSQL runs, and how a command of it is started. */
export interface Account {
  /** Present when we are root: who owns the cluster's files. */
  owner?: { uid: number; gid: number };
  /** What to start for `command`. */
  wrap(command: string, args: string[]): { command: string; args: string[]; uid?: number; gid?: number };
}

/**
 * PostgreSQL refuses to run as root: then it runs as the owner of the existing cluster, else as the system's `postgres`
 * user, else as a system user of its own.
 *
 * Where that user may not enter the parents of the data directory or of the binaries (a checkout in /root, a mode 0700
 * temporary directory), it is given the one capability that lets it, through util-linux's setpriv.
 * @throws {StartError} when nothing lets that user in
 */
export function chooseAccount(places: { cluster: string; parent: string; postgres: string }): Account {
  if (process.getuid?.() !== 0) return { wrap: (command, args) => ({ command, args }) };
  const owner = clusterOwner(places.cluster) ?? systemUser("postgres") ?? systemUser("throughline") ?? createUser();
  const ways: Account[] = [
    { owner, wrap: (command, args) => ({ command, args, ...owner }) },
    ...["dac_read_search", "dac_override"].map((capability) => ({
      owner,
      wrap: (command: string, args: string[]) => ({
        command: "setpriv",
        args: [
          `--reuid=${owner.uid}`,
          `--regid=${owner.gid}`,
          "--clear-groups",
          `--inh-caps=+${capability}`,
          `--ambient-caps=+${capability}`,
          command,
          ...args,
        ],
      }),
    })),
  ];
  const way = ways.find((candidate) => canRun(candidate, places));
  if (way !== undefined) return way;
  throw new StartError(
    `PostgreSQL can't run as root, and user ${owner.uid} can't enter ${places.parent} or run ${places.postgres}: ` +
      `start as an ordinary user, or "chmod a+x" the directories above, or set DATA_DIR (or DATABASE_URL)`,
  );
}

function canRun(account: Account, { parent, postgres }: { parent: string; postgres: string }): boolean {
  const script = 'cd "$1" && "$2" --version';
  const { command, args, ...identity } = account.wrap("/bin/sh", ["-c", script, "sh", parent, postgres]);
  return spawnSync(command, args, { ...identity, stdio: "ignore", cwd: "/" }).status === 0;
}

function clusterOwner(cluster: string): { uid: number; gid: number } | undefined {
  if (!existsSync(cluster)) return undefined;
  const { uid, gid } = statSync(cluster);
  return uid === 0 ? undefined : { uid, gid };
}

function systemUser(name: string): { uid: number; gid: number } | undefined {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  const [uid, gid] = line?.split(":").slice(2, 4).map(Number) ?? [];
  return uid === undefined || gid === undefined || uid === 0 ? undefined : { uid, gid };
}

function createUser(): { uid: number; gid: number } {
  try {
    execFileSync("useradd", ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "throughline"], {
      stdio: "ignore",
    });
  } catch {
    // No useradd (Alpine, macOS), or a read-only /etc: the system's least user serves.
  }
  const user = systemUser("throughline") ?? systemUser("nobody");
  if (user !== undefined) return user;
  throw new StartError(
    "PostgreSQL can't run as root and there is no user postgres, throughline or nobody: start as an ordinary user",
  );
}
