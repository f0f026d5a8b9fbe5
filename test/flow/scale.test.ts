import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadAdapters } from "../../adapters/registry.ts";
import type { Simulator } from "../../adapters/contract/index.ts";
import { createApiKey } from "../../apps/core/access/api-keys.ts";
import { readConfig } from "../../apps/core/platform/config.ts";
import { FIRST_WORKSPACE } from "../../apps/core/platform/workspace.ts";
import { openHub } from "../../apps/start.ts";
import { createDatabase, type TestDatabase } from "../support/postgres.ts";
import { startHubProcess, type HubProcess } from "../support/process.ts";
import { redisAvailable, redisReason, startRedis, type TestRedis } from "../support/redis.ts";

const PHONE = "+14155550123";
const CLAIMS = { sub: "42", name: "Sarah Lee", phone_number: PHONE, phone_number_verified: true };

// The topology of docker-compose.yml without Docker: two gateways, two workers, Redis, PostgreSQL.
describe.skipIf(!redisAvailable)(`many machines${redisAvailable ? "" : ` (${redisReason})`}`, () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let env: Record<string, string>;
  let key: string;
  const processes: HubProcess[] = [];
  const simulators: Simulator[] = [];
  const urls: string[] = [];

  beforeAll(async () => {
    [database, redis] = await Promise.all([createDatabase(), startRedis()]);
    env = {
      DATABASE_URL: database.url,
      KEYSTORE_URL: database.keystoreUrl,
      REDIS_URL: redis.url,
      MASTER_KEY: randomBytes(32).toString("base64"),
      REPLY_QUIET_MS: "200",
      POOL_SIZE: "4",
      LOG_LEVEL: "error",
    };
    const roles = ["gateway", "gateway", "worker", "worker"];
    processes.push(...roles.map((role) => startHubProcess(env, [role])));
    urls.push(...(await Promise.all(processes.map((p) => p.ready))).filter((url) => url !== ""));
    const hub = await openHub(readConfig(env), { role: "test" });
    ({ key } = await createApiKey(hub.parts.db, { workspaceId: FIRST_WORKSPACE, name: "test", scopes: ["*"] }));
    await hub.close();
  });

  afterAll(async () => {
    await Promise.all(processes.map((p) => p.stop()));
    await Promise.all(simulators.map((s) => s.stop()));
    await redis.stop();
    await database.drop();
  });

  async function call(gateway: number, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const response = await fetch(`${urls[gateway]}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    expect(response.ok, JSON.stringify(answer)).toBe(true);
    return answer as Record<string, unknown>;
  }

  async function connect(channel: string): Promise<{ simulator: Simulator; use: (gateway: number) => void }> {
    const factory = (await loadAdapters()).get(channel)?.simulator;
    if (factory === undefined) throw new Error(`${channel} has no simulator`);
    const simulator = await factory.start();
    simulators.push(simulator);
    const { id } = await call(0, "/v1/channel-accounts", { channel, name: channel, settings: simulator.settings });
    const use = (gateway: number) => {
      const url = `${urls[gateway]}/channels/${String(id)}`;
      simulator.attach({ webhookUrl: url, liveUrl: url });
    };
    return { simulator, use };
  }

  test("one customer over two gateways is answered by either worker, also after one of each was killed", async () => {
    const whatsapp = await connect("whatsapp");
    const web = await connect("web");
    whatsapp.use(0);
    web.use(1);

    await whatsapp.simulator.say({ as: PHONE, text: "What does the ErgoComfort Pro cost?", name: "Sarah" });
    await expect.poll(() => whatsapp.simulator.heard(PHONE).at(-1)?.text, { timeout: 15_000 }).toMatch(/\$279/);
    await web.simulator.say({ as: "laptop", text: "hello again", claims: CLAIMS });
    await expect.poll(() => web.simulator.heard("laptop").at(-1)?.text, { timeout: 15_000 }).toMatch(/Sarah/);

    const [gateway, , worker] = processes;
    await Promise.all([gateway?.stop("SIGKILL"), worker?.stop("SIGKILL")]);
    whatsapp.use(1);
    const heard = whatsapp.simulator.heard(PHONE).length;
    await whatsapp.simulator.say({ as: PHONE, text: "And what is the return policy?", name: "Sarah" });
    await expect.poll(() => whatsapp.simulator.heard(PHONE).length, { timeout: 20_000 }).toBeGreaterThan(heard);
    await web.simulator.say({ as: "laptop", text: "thanks!", claims: CLAIMS });
    await expect.poll(() => web.simulator.heard("laptop").at(-1)?.text, { timeout: 20_000 }).toMatch(/welcome/i);

    const found = await call(1, `/v1/profiles?identifier=${encodeURIComponent(`phone:${PHONE}`)}`);
    const [profile] = found["items"] as { ref: string }[];
    const timeline = await call(1, `/v1/profiles/${profile?.ref}/timeline?limit=50`);
    const said = (timeline["items"] as { direction: string; channel: string; text: string }[]).toReversed();
    expect(
      said.filter((m) => m.direction === "in" && m.text !== "[signed in]").map((m) => [m.channel, m.text]),
    ).toEqual([
      ["whatsapp", "What does the ErgoComfort Pro cost?"],
      ["web", "hello again"],
      ["whatsapp", "And what is the return policy?"],
      ["web", "thanks!"],
    ]);
  });
});
