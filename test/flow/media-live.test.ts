import { expect, it } from "vitest";
import type { LiveMessage, MessageEvent } from "../../adapters/contract/index.ts";
import { loadAdapters } from "../../adapters/registry.ts";
import type { Adapters } from "../../apps/core/channels/accounts.ts";
import { uploadMedia } from "../../apps/core/media/outgoing.ts";
import { writeToCustomer } from "../../apps/core/outbound/write.ts";
import { customerRef } from "../../apps/core/platform/ids.ts";
import { startTestGateway } from "../support/gateway.ts";
import { eventually, startTestHub } from "../support/hub.ts";
import { samplesOf } from "../support/samples.ts";

const [photo] = samplesOf("image");

/** Says it with a photo, on the page of {@link webWithFiles}. */
const WITH_PHOTO = "It broke";

/** The web channel as if its page could send and show files; `shown` is told every message that a page is given. */
async function webWithFiles(shown: (message: LiveMessage) => void): Promise<Adapters> {
  const web = (await loadAdapters()).get("web");
  if (web?.live === undefined) throw new Error("the web channel has no live side");
  const { live } = web;
  const image = { maxBytes: 1_000_000, types: ["image/*"], maxCaptionLength: 1_000 };
  const filed = (event: MessageEvent): MessageEvent => {
    const { content } = event;
    if (content.kind !== "text" || content.text !== WITH_PHOTO) return event;
    return { ...event, content: { kind: "media", media: "image", ref: "page", data: photo.data, text: content.text } };
  };
  const adapter = {
    ...web,
    limits: { ...web.limits, media: { image } },
    live: {
      ...live,
      present(message: LiveMessage) {
        shown(message);
        return live.present(message);
      },
      async receive(...given: Parameters<typeof live.receive>) {
        const intake = await live.receive(...given);
        return { ...intake, events: intake.events.map(filed) };
      },
    },
  };
  return new Map([["web", adapter]]);
}

it("a page is given the files of its messages, both ways, as links that open", async () => {
  const told: LiveMessage[] = [];
  const hub = await startTestHub({ adapters: await webWithFiles((message) => told.push(message)) });
  const gateway = await startTestGateway(hub);
  try {
    const { simulator } = await gateway.account("web");
    const shown = (direction: "in" | "out") =>
      eventually(`a file that went ${direction}`, async () =>
        told.find((message) => message.direction === direction && message.media !== undefined),
      );
    await simulator.say({ as: "laptop", text: WITH_PHOTO });
    // Its caption alone: no placeholder has to stand for what is shown.
    expect(await shown("in")).toMatchObject({ content: { text: WITH_PHOTO } });
    await hub.settled();
    const [owner] = await hub.sql<{ profile_id: string }>("SELECT profile_id FROM identifier");
    const ref = customerRef(owner?.profile_id ?? "");
    const { workspaceId } = hub;
    const media = await uploadMedia(hub.parts, workspaceId, { bytes: photo.data, filename: "chair.jpg" });
    await writeToCustomer(hub.parts, { workspaceId, ref, content: { text: "This one?", media } });
    const out = await shown("out");
    expect(out.content.text).toBe("This one?");
    expect(out.media).toEqual([
      { url: expect.any(String), kind: "image", mime: "image/jpeg", size: photo.data.length, filename: "chair.jpg" },
    ]);
    for (const { media: files } of [await shown("in"), out]) {
      const response = await fetch(files?.[0]?.url ?? "");
      expect(Buffer.from(await response.arrayBuffer()).equals(photo.data)).toBe(true);
    }
  } finally {
    await gateway.close();
    await hub.stop();
  }
});
