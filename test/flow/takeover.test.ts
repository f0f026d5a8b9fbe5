import { afterAll, beforeAll, expect, test } from "vitest";
import { simulator as discord } from "../../adapters/discord/simulator.ts";
import type { DiscordSimulator } from "../../adapters/discord/simulatedLife.ts";
import { settingsPlace } from "../../apps/core/channels/accounts.ts";
import { newId } from "../../apps/core/platform/ids.ts";
import { FIRST_WORKSPACE } from "../../apps/core/platform/workspace.ts";
import { workspaceKeys } from "../../apps/core/vault/workspace-key.ts";
import { eventually, startTestHub, type TestHub } from "../support/hub.ts";
import { startHubProcess, type HubProcess } from "../support/process.ts";

const SARAH = "900000000000000001";
/** Longest that nobody may listen, in milliseconds. */
const TAKEN_OVER_WITHIN_MS = 30_000;

let fleet: TestHub;
let double: DiscordSimulator;
const processes: HubProcess[] = [];
/** Who listens after the first holder was killed. */
let heir: HubProcess;

beforeAll(async () => {
  [fleet, double] = await Promise.all([startTestHub({ worker: false }), discord.start()]);
  const id = newId();
  const keys = await workspaceKeys(fleet.parts.vault, FIRST_WORKSPACE);
  await fleet.sql(
    `INSERT INTO channel_account (workspace_id, id, channel, name, settings, created_at, updated_at)
     VALUES ($1, $2, 'discord', 'discord', $3, now(), now())`,
    [FIRST_WORKSPACE, id, keys.seal(FIRST_WORKSPACE, settingsPlace(id), double.settings)],
  );
});

afterAll(async () => {
  for (const one of processes) await one.stop("SIGKILL");
  await double.stop();
  await fleet.stop();
});

/** A worker in a process of its own, once it looks for something to listen to. Started again where a busy machine made it give up. */
async function worker(tries = 3): Promise<HubProcess> {
  const started = startHubProcess(
    {
      DATABASE_URL: fleet.database.url,
      KEYSTORE_URL: fleet.database.keystoreUrl,
      MASTER_KEY: fleet.masterKey,
      LOG_LEVEL: "error",
      POOL_SIZE: "4",
    },
    ["worker"],
  );
  try {
    await started.ready;
  } catch (error) {
    if (tries <= 1) throw error;
    return worker(tries - 1);
  }
  processes.push(started);
  return started;
}

/** Says it; resolves with how long it took until some process had stored it. */
async function stored(text: string): Promise<number> {
  const start = Date.now();
  await double.say({ as: SARAH, text, name: "Sarah" });
  return Date.now() - start;
}

/** What the customer's timeline holds of what she said, oldest first. */
async function heardByHub(): Promise<string[]> {
  const known = { type: "discord", value: SARAH };
  await eventually("the customer is known", () => fleet.profileOf(known));
  const items = await fleet.timeline(await fleet.refOf(known));
  return items
    .filter(({ direction }) => direction === "in")
    .map(({ text }) => text)
    .toReversed();
}

test("a listener whose process was killed is taken over within 30 s, from where it had got", async (context) => {
  const holder = await worker();
  await stored("one");
  heir = await worker();
  await holder.stop("SIGKILL");
  const elapsed = await stored("said while nobody listened");
  await context.annotate(`taken over after ${(elapsed / 1000).toFixed(1)} s`);
  expect(elapsed).toBeLessThan(TAKEN_OVER_WITHIN_MS);
  expect(await heardByHub()).toEqual(["one", "said while nobody listened"]);
  expect(double.gateway.counts()).toEqual({ identified: 1, resumed: 1 });
}, 120_000);

test("a holder that was frozen meanwhile finds that it is none any more", async (context) => {
  await stored("two");
  await worker();
  heir.child.kill("SIGSTOP");
  const elapsed = await stored("said while it was frozen");
  await context.annotate(`taken over after ${(elapsed / 1000).toFixed(1)} s`);
  expect(elapsed).toBeLessThan(TAKEN_OVER_WITHIN_MS);
  const { resumed } = double.gateway.counts();
  heir.child.kill("SIGCONT");
  // Longer than it takes to look after the leases again.
  await new Promise((resolve) => setTimeout(resolve, 7_000));
  await stored("said after it was back");
  expect((await heardByHub()).slice(-3)).toEqual(["two", "said while it was frozen", "said after it was back"]);
  expect(double.gateway.counts()).toEqual({ identified: 1, resumed });
}, 120_000);
