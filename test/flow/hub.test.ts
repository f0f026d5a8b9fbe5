import { afterAll, beforeAll, expect, it } from "vitest";
import { onBothBackends, startTestHub, type TestHub } from "../support/hub.ts";

onBothBackends("the whole way of a message", (backend) => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await startTestHub(await backend());
  });
  afterAll(() => hub?.stop());

  it.each([
    ["whatsapp", "+14155550123"],
    ["telegram", "700100200"],
    ["web", "sarah-laptop"],
  ])("goes in and an answer comes out on %s", async (channel, as) => {
    const account = await hub.account(channel);
    expect(await account.say({ as, text: "hello", name: "Sarah" })).toMatchObject({ accepted: 1 });
    expect(await account.hears(as, 1)).toEqual(["You said: hello"]);
    await hub.settled();
  });
});

it("goes on although the queue's server is away, only later", async () => {
  const hub = await startTestHub({ redisUrl: "redis://127.0.0.1:9" });
  try {
    const account = await hub.account("whatsapp");
    await account.say({ as: "+14155550123", text: "hello" });
    expect(await account.hears("+14155550123", 1)).toEqual(["You said: hello"]);
    await hub.settled();
  } finally {
    await hub.stop();
  }
});
