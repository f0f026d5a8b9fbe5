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
