import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import type { InstagramSimulator } from "./simulator.ts";
import { connect, health } from "./account.ts";
import { link } from "./link.ts";
import { markRead, typing } from "./presence.ts";
import { profile } from "./profile.ts";
import { instagramSettings } from "./settings.ts";
import type { InstagramSettings } from "./settings.ts";
import { simulator } from "./simulator.ts";

const SARAH = "6915287601234567";

let meta: InstagramSimulator;
let settings: InstagramSettings;
beforeAll(async () => {
  meta = await simulator.start();
  settings = instagramSettings.parse(meta.settings);
});
afterAll(() => meta.stop());

const context = (changes: Partial<InstagramSettings> = {}) => ({
  settings: { ...settings, ...changes },
  accountId: "a",
  webhookUrl: "https://hub.example/channels/a",
  signal: AbortSignal.timeout(5_000),
});

async function codes(changes: Partial<InstagramSettings> = {}): Promise<string[]> {
  return (await health(context(changes))).map(({ code, level }) => `${level} ${code}`);
}

describe("health", () => {
  it("misses the webhook's fields until the account is connected", async () => {
    expect(await codes()).toEqual(["problem webhook_unsubscribed"]);
    await connect(settings);
    expect(await codes()).toEqual([]);
  });

  it("tells a dead token from another account's", async () => {
    expect(await codes({ accessToken: "dead" })).toEqual(["problem token_dead"]);
    expect(await codes({ accountId: "17841400000000001" })).toEqual(["problem account_mismatch"]);
    await expect(connect({ ...settings, accountId: "17841400000000001" })).rejects.toThrow("another Instagram account");
  });

  it("warns before the token runs out, whatever else is wrong", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-12-01T12:00:00Z") });
    onTestFinished(() => void vi.useRealTimers());
    expect(await codes({ expiresOn: "2027-01-20" })).toEqual([]);
    expect(await codes({ expiresOn: "2026-12-05" })).toEqual(["warning token_expiring"]);
    expect(await codes({ expiresOn: "2026-11-30", accessToken: "dead" })).toEqual([
      "warning token_expiring",
      "problem token_dead",
    ]);
  });

  it("says when Meta can't be asked, and quotes no secret", async () => {
    meta.failNext("rate");
    await expect(health(context())).rejects.toThrow("613");
    const [finding] = await health(context({ accessToken: "a-token-that-is-dead-and-long" }));
    expect(finding?.detail).not.toContain("a-token-that-is-dead-and-long");
  });
});

it("asks for nobody's name whom Instagram can't know", async () => {
  expect(await profile({ identifiers: [{ type: "phone", value: "+1", assurance: 2 }] }, context())).toEqual({});
});

it("shows that an answer is written, and that the question was read", async () => {
  const calls: unknown[] = [];
  meta.onCall((call) => calls.push(call));
  const at = { address: { igsid: SARAH } };
  await typing(at, context());
  await markRead(at, context());
  expect(calls).toEqual([
    { call: "action", to: SARAH, action: "typing_on" },
    { call: "action", to: SARAH, action: "mark_seen" },
  ]);
  await expect(typing({ address: {} }, context())).rejects.toThrow("no Instagram address");
});

describe("link", () => {
  it("brings the code along", () => {
    expect(link({ ...settings, username: "@oslo.chairs" }, "Zm9vYmFyLWJheg")).toEqual({
      url: "https://ig.me/m/oslo.chairs?ref=code-Zm9vYmFyLWJheg",
    });
  });

  it("is none without a username, or for a code that a ref can't carry", () => {
    const { username: _, ...nameless } = settings;
    expect(link(nameless, "Zm9vYmFyLWJheg")).toBeUndefined();
    expect(link(settings, "a b")).toBeUndefined();
  });
});
