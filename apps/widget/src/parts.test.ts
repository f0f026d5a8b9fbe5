import { expect, it } from "vitest";
import { readParts } from "./parts.ts";
import { readMessages } from "./wire.ts";

it("finds nothing in a message that is only its text", () => {
  expect(readParts({ text: "hello", buttons: [] })).toBeUndefined();
  const [message] = readMessages([
    { cursor: "1", message: { id: "a", direction: "out", text: "hello", at: "2026-11-24T12:00:00Z" } },
  ]);
  expect(message).not.toHaveProperty("parts");
});

it("reads what a message carries", () => {
  const parts = readParts({
    spans: [
      { text: "bold", style: "bold" },
      { text: "shop", url: "https://shop.example/a" },
    ],
    files: [{ url: "https://hub.example/media/x", kind: "image", mime: "image/png", size: 12, name: "a.png" }],
    link: { url: "https://shop.example/buy", title: "Buy" },
    list: { label: "Choose", sections: [{ rows: [{ id: "1", title: "One", description: "first" }] }] },
    location: { latitude: 1.5, longitude: 2, name: "Shop" },
    contact: { name: "Support", phones: ["+1"], emails: ["a@b.example"] },
  });
  expect(parts).toMatchObject({
    spans: [
      { text: "bold", style: "bold" },
      { text: "shop", url: "https://shop.example/a" },
    ],
    files: [{ kind: "image", name: "a.png", size: 12, url: "https://hub.example/media/x" }],
    link: { title: "Buy" },
    list: { label: "Choose", sections: [{ rows: [{ id: "1", title: "One", description: "first" }] }] },
    place: { latitude: 1.5, name: "Shop" },
    contact: { name: "Support", lines: ["+1", "a@b.example"] },
  });
});

it.each(["javascript:alert(1)", "data:text/html,<script>", "//host/x", 7])("takes %j for no address", (url) => {
  const parts = readParts({
    spans: [{ text: "x", url, style: "marquee" }],
    files: [{ url, kind: "image", size: 1 }],
    link: { url, title: "x" },
  });
  expect(parts?.spans).toEqual([{ text: "x", style: undefined, url: undefined }]);
  expect(parts?.files[0]?.url).toBeUndefined();
  expect(parts?.link).toBeUndefined();
});

it.each([{ files: "x" }, { files: [{}] }, { list: { label: 1 } }, { list: null }])("refuses %j", (message) => {
  expect(() => readParts(message)).toThrow("the hub sent something unknown");
});
