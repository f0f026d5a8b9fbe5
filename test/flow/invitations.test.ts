import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadAdapters } from "../../adapters/registry.ts";
import { invitations } from "../../apps/core/channels/invitations.ts";
import { createLinkCode } from "../../apps/core/identity/link-codes.ts";
import { listConversations } from "../../apps/core/conversation/cases.ts";
import { startTestHub, type TestHub } from "../support/hub.ts";

/** Channels that a customer can be invited to, found by what their adapters can do. */
const adapters = [...(await loadAdapters()).values()];
const inviting = adapters.filter((a) => a.link !== undefined && a.simulator !== undefined).map((a) => a.id);
/** Where the customer comes from: the channel on which anybody can be somebody new. */
const HOME = "web";

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub?.stop());

describe.each(inviting.filter((channel) => channel !== HOME))("an invitation to %s", (channel) => {
  it("continues the conversation there when it is followed", async (context) => {
    // Simulators offer the same Sarah on several channels: each channel has a workspace to itself here.
    const workspaceId = await hub.workspace();
    const [home, account] = await Promise.all([
      hub.account(HOME, { workspaceId }),
      hub.account(channel, { workspaceId }),
    ]);
    const sub = `invited-to-${channel}`;
    await home.say({ as: `browser-${channel}`, text: "My lamp flickers", claims: { sub, name: "Sarah" } });
    await hub.settled();
    const ref = await hub.refOf({ type: "external", value: sub }, workspaceId);
    const { code } = await createLinkCode(hub.parts, { workspaceId, ref });

    const [invitation, ...others] = await invitations(hub.parts, { workspaceId, code, channel });
    if (invitation === undefined) return context.skip(`the settings of the simulated ${channel} allow no invitation`);
    expect(others).toEqual([]);
    expect(invitation).toMatchObject({ accountId: account.id, channel });
    expect(URL.canParse(invitation.url)).toBe(true);
    expect(invitation.text).toContain(invitation.url);
    expect(invitation.qr).toMatch(/^<svg [\s\S]+<\/svg>\s*$/);

    const [customer] = adapters.find((a) => a.id === channel)?.simulator?.handles ?? [];
    const as = customer?.handle ?? "";
    await account.simulator.say({ as, text: account.simulator.opens?.(invitation.url) ?? invitation.say ?? code });
    await hub.settled();
    const identifier = account.simulator.identifier?.(as);
    expect(identifier).toBeDefined();
    expect(await hub.profileOf(identifier ?? { type: "", value: "" }, workspaceId)).toBe(
      await hub.profileOf({ type: "external", value: sub }, workspaceId),
    );
    expect(hub.contexts.at(-1)?.pending.map((m) => m.kind)).toEqual(["start"]);
    const { items } = await listConversations(hub.parts, workspaceId, { ref, limit: 10 });
    expect(items).toHaveLength(1);
    await account.simulator.say({ as, text: "It still does" });
    await hub.settled();
    const told = hub.contexts.at(-1);
    expect(told?.thread.channel).toBe(channel);
    expect(told?.history.map((m) => m.text)).toContain("My lamp flickers");
    return undefined;
  });
});

it("goes only to active accounts of the same workspace", async () => {
  const elsewhere = await hub.workspace();
  const account = await hub.account("telegram", { workspaceId: elsewhere });
  const here = await invitations(hub.parts, { workspaceId: hub.workspaceId, code: "tl-AAAAAAAAAAAAAAAAAAAAAA" });
  const there = await invitations(hub.parts, { workspaceId: elsewhere, code: "tl-AAAAAAAAAAAAAAAAAAAAAA" });
  expect(here.map((i) => i.accountId)).not.toContain(account.id);
  expect(there.map((i) => i.accountId)).toEqual([account.id]);
  await hub.sql("UPDATE channel_account SET status = 'paused' WHERE id = $1", [account.id]);
  hub.parts.accounts.forget(account.id);
  expect(await invitations(hub.parts, { workspaceId: elsewhere, code: "tl-AAAAAAAAAAAAAAAAAAAAAA" })).toEqual([]);
});
