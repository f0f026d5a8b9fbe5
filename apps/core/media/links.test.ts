import { createHmac } from "node:crypto";
import { expect, it } from "vitest";
import { newId } from "../platform/ids.ts";
import { fileOfToken, mediaLink } from "./links.ts";

/** As the vault's: equal only for equal text in the same workspace and domain. */
const vault = {
  blind: (workspaceId: string, domain: string, text: string) =>
    createHmac("sha256", `key of ${workspaceId}`).update(`${domain}\0${text}`).digest().subarray(0, 16),
};
const file = { workspaceId: newId(), id: newId() };
const tokenOf = (forMs?: number) => mediaLink(vault, "https://hub.example", file, forMs).split("/").at(-1) ?? "";

it("a link opens its file until it has run out", () => {
  expect(mediaLink(vault, "https://hub.example", file)).toMatch(/^https:\/\/hub\.example\/media\/[\w-]{72}$/);
  expect(fileOfToken(vault, tokenOf())).toEqual(file);
  expect(fileOfToken(vault, tokenOf(-2_000))).toBeUndefined();
});

it("a link that was changed in any byte opens nothing", () => {
  const bytes = Buffer.from(tokenOf(), "base64url");
  for (let at = 0; at < bytes.length; at++) {
    for (const bit of [1, 128]) {
      const changed = Buffer.from(bytes);
      changed[at] = (bytes[at] ?? 0) ^ bit;
      expect(fileOfToken(vault, changed.toString("base64url")), `byte ${at}`).toBeUndefined();
    }
  }
});

it.each(["", "a", "x".repeat(72), "x".repeat(71), "x".repeat(73), "../../etc/passwd", "ü".repeat(72)])(
  "%j opens nothing",
  (token) => {
    expect(fileOfToken(vault, token)).toBeUndefined();
  },
);
