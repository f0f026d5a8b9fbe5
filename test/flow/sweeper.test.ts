import { expect, it } from "vitest";
import type { Ring } from "../../apps/core/platform/doorbell.ts";
import { startSweeper } from "../../apps/worker/sweeper.ts";
import { eventually, startTestHub } from "../support/hub.ts";
import { toyAdapters } from "../support/toy-hub.ts";

it("what is overdue is found while the media store does not answer", async () => {
  const hub = await startTestHub({ worker: false, adapters: toyAdapters() });
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const swept: Ring[] = [];
  let asked = 0;
  try {
    const toy = await hub.account("toy");
    const { media } = hub.parts;
    const blobs = {
      ...media.blobs,
      async *list(shard: string) {
        asked++;
        await answered;
        yield* media.blobs.list(shard);
      },
    };
    const flow = {
      work: (bell: string, rings: Ring[]) => {
        if (bell === "inbound") swept.push(...rings);
        return Promise.resolve();
      },
      followUp: () => Promise.resolve(),
      idle: () => Promise.resolve(),
    };
    const sweeper = startSweeper({ ...hub.parts, media: { ...media, blobs } }, flow, 10);
    await eventually("the store was asked", async () => asked === 1);
    await toy.say({ as: "toy-sarah", text: "Anybody there?" });
    await eventually("the message was found", async () => swept.length > 0);
    expect(asked).toBe(1);
    answer();
    await sweeper.stop();
    expect(swept[0]?.id).toBe(await toy.threadOf("toy-sarah"));
  } finally {
    answer();
    await hub.stop();
  }
});
