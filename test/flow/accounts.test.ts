import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { settingsPlace } from "../../apps/core/channels/accounts.ts";
import { changeAccount } from "../../apps/core/channels/configure.ts";
import type { Note } from "../../apps/core/platform/live.ts";
import { workspaceKeys } from "../../apps/core/vault/workspace-key.ts";
import { eventually, startTestHub, type TestHub } from "../support/hub.ts";

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub({ worker: false });
});
afterAll(() => hub?.stop());

it("an account whose settings are broken leaves the others to be found", async () => {
  const [sound, broken] = [await hub.account("telegram"), await hub.account("whatsapp")];
  const keys = await workspaceKeys(hub.parts.vault, hub.workspaceId);
  await hub.sql("UPDATE channel_account SET settings = $2 WHERE id = $1", [
    broken.id,
    keys.seal(hub.workspaceId, settingsPlace(broken.id), { appSecret: 7 }),
  ]);
  expect((await hub.parts.accounts.all()).map((a) => a.id)).toEqual([sound.id]);
});

it("secrets that stay are not sent to another place", async () => {
  const { id, simulator } = await hub.account("telegram");
  const { botToken, secretToken } = simulator.settings;
  const elsewhere = "http://127.0.0.1:9";
  const change = (settings: Record<string, unknown>) =>
    changeAccount(
      { ...hub.parts, publicUrl: "http://127.0.0.1" },
      { workspaceId: hub.workspaceId, id, change: { settings } },
    );
  const refusal = { field: "settings.apiBaseUrl", message: expect.stringContaining("botToken") };
  await expect(change({ apiBaseUrl: elsewhere })).rejects.toMatchObject(refusal);
  await expect(change({ apiBaseUrl: elsewhere, botToken: { set: true }, secretToken })).rejects.toMatchObject(refusal);
  expect((await hub.parts.accounts.find(id))?.settings).toMatchObject({ apiBaseUrl: simulator.settings["apiBaseUrl"] });
  await change({ apiBaseUrl: simulator.settings["apiBaseUrl"] });
  const moved = await change({ apiBaseUrl: elsewhere, botToken, secretToken });
  expect(moved.settings).toMatchObject({ apiBaseUrl: elsewhere });
});

it("a notification that is no note of the hub's is passed over", async () => {
  const heard: Note[] = [];
  const stop = hub.parts.live.subscribe((note) => void heard.push(note));
  await eventually("notes are heard", async () => {
    hub.parts.live.publish({ workspaceId: hub.workspaceId, threadIds: ["first"] });
    await sleep(50);
    return heard.length > 0;
  });
  await hub.sql("SELECT pg_notify('throughline_live', 'not json')");
  await hub.sql("SELECT pg_notify('throughline_live', '[]')");
  hub.parts.live.publish({ workspaceId: hub.workspaceId, threadIds: ["after"] });
  await eventually("the next note is heard", () => Promise.resolve(heard.some((n) => n.threadIds[0] === "after")));
  stop();
});
