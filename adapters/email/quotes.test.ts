import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { trimReply } from "./quotes.ts";

const DATA = resolve(import.meta.dirname, "../../../shared/data/channels/email/quoted-replies");

describe.skipIf(!existsSync(DATA))("the quoted replies of shared/data", () => {
  it("are trimmed as people trimmed them, at least nine of ten exactly", async (context) => {
    const names = readdirSync(join(DATA, "emails"));
    const wrong = names.filter((name) => {
      const read = (folder: string) => readFileSync(join(DATA, folder, name), "utf8").replaceAll("\r\n", "\n");
      return trimReply(readFileSync(join(DATA, "emails", name), "utf8")).trim() !== read("trimmed").trim();
    });
    const score = `${names.length - wrong.length} of ${names.length} exact${wrong.map((name) => `; not ${name}`).join("")}`;
    console.log(`quoted replies: ${score}`);
    await context.annotate(score);
    expect((names.length - wrong.length) / names.length, score).toBeGreaterThanOrEqual(0.9);
  });
});
