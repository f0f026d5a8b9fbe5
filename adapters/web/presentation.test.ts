import { expect, it } from "vitest";
import { presentMessage } from "./presentation.ts";

const at = new Date("2026-11-24T12:00:00Z");
const message = { id: "m", cursor: "c", direction: "out" as const, at };

it("gives plain text as it stands, and formatted text as spans", () => {
  expect(presentMessage({ ...message, content: { text: "2 **x** 3" } })).toMatchObject({ text: "2 **x** 3" });
  expect(
    presentMessage({ ...message, content: { text: "A **bold** [shop](https://a.example)", format: "light" } }),
  ).toEqual({
    id: "m",
    direction: "out",
    text: "A bold shop",
    spans: [{ text: "A " }, { text: "bold", style: "bold" }, { text: " " }, { text: "shop", url: "https://a.example" }],
    at: at.toISOString(),
  });
});

it("gives files with their address and nothing of the store", () => {
  const file = {
    url: "https://hub.example/media/t",
    kind: "image" as const,
    mime: "image/png",
    size: 3,
    filename: "a.png",
  };
  expect(presentMessage({ ...message, content: { text: "" }, media: [file] })).toMatchObject({
    files: [{ url: "https://hub.example/media/t", kind: "image", mime: "image/png", size: 3, name: "a.png" }],
  });
});
