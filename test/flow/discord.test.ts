import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { simulator } from "../../adapters/discord/simulator.ts";
import type { DiscordSimulator } from "../../adapters/discord/simulatedLife.ts";
import { Answers } from "../../apps/playground/wire.ts";
import { startPlayground, type TestPlayground } from "../support/playground.ts";

const SARAH = "900000000000000077";
const SHE = { as: SARAH, name: "Sarah" };
const CHANNEL = "900000000000000500";

let play: TestPlayground;
let discord: DiscordSimulator;
beforeAll(async () => {
  const start = vi.spyOn(simulator, "start");
  play = await startPlayground({ readingMs: 0 });
  const started = await start.mock.results[0]?.value;
  if (started === undefined) throw new Error("the playground started no Discord");
  discord = started;
});
afterAll(() => play.close());

async function refAt(channel: string, as: string): Promise<string | null> {
  const answer = await play.ask(`/api/${channel}/customer?as=${encodeURIComponent(as)}`);
  return Answers.customerOf.parse(answer.body).ref;
}

/** What became of the hub's newest message to a customer. */
async function lastState(as: string): Promise<string | undefined> {
  const answer = await play.ask(`/api/customers/${await refAt("discord", as)}`);
  const { items } = Answers.customer.parse(answer.body).timeline;
  return items.find(({ direction }) => direction === "out")?.state;
}

const claims = { sub: "shop-77", name: "Sarah" };

describe("Discord in a whole hub", () => {
  it("joins the customer of the website by /link in a server, answered in direct messages", async () => {
    await play.post("/api/web/say", { as: "laptop", claims, text: "Do you have an ergonomic chair under $300?" });
    await play.hears("web", "laptop", 1);
    const made = await play.post("/api/link-codes", { channel: "web", as: "laptop" });
    const { code } = Answers.linkCode.parse(made.body);
    await discord.slash({ ...SHE, command: "link", options: { code }, channel: CHANNEL });
    const [answer] = await play.hears("discord", SARAH, 1);
    expect(answer).toMatch(/Hi Sarah/);
    expect(answer).not.toContain("purchase link"); // The command's own name is nothing she said.
    expect(await refAt("discord", SARAH)).toBe(await refAt("web", "laptop"));
    expect(discord.heard(CHANNEL)).toEqual([]);
  });

  it("knows her in direct messages, and answers in a server without her history", async () => {
    const before = discord.heard(SARAH).length;
    await discord.say({ ...SHE, text: "Hi, I was looking at chairs" });
    expect((await play.hears("discord", SARAH, before + 1)).at(-1)).toContain("ErgoComfort");
    await discord.sayInChannel({ ...SHE, channel: CHANNEL, text: "Which chair was I looking at?", mention: true });
    await vi.waitFor(() => expect(discord.heard(CHANNEL)).toHaveLength(1), { timeout: 10_000 });
    expect(discord.heard(CHANNEL)[0]?.text).not.toMatch(/looking at/);
    expect(discord.heard(SARAH)).toHaveLength(before + 1);
  });

  it("misses nothing when the connection is lost", async () => {
    const before = discord.heard(SARAH).length;
    discord.gateway.drop();
    await discord.say({ ...SHE, text: "How much is the ErgoMax?" });
    expect((await play.hears("discord", SARAH, before + 1)).at(-1)).toContain("$349");
    expect(discord.gateway.counts()).toEqual({ identified: 1, resumed: 1 });
  });

  it("settles a send whose answer was lost, by the bot's own message", async () => {
    const before = discord.heard(SARAH).length;
    discord.failNext("unknown");
    await discord.say({ ...SHE, text: "How much is the ErgoMax?" });
    await play.hears("discord", SARAH, before + 1);
    await vi.waitFor(async () => expect(await lastState(SARAH)).toBe("sent"), { timeout: 10_000 });
    expect(discord.heard(SARAH)).toHaveLength(before + 1);
  });
});
