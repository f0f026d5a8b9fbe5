import { describe, expect, it } from "vitest";
import { senderAssurance } from "./authentication.ts";
import { headOf, readMail } from "./mail.ts";

const FROM = "From: Sarah <sarah@example.com>";
const results = (text: string, server = "mx.shop.example") => `Authentication-Results: ${server}; ${text}`;

async function assurance(fields: string[], authservId: string | undefined = "mx.shop.example"): Promise<number> {
  const raw = Buffer.from(`${fields.join("\r\n")}\r\n\r\nHello`);
  return senderAssurance(await readMail(raw, headOf(raw)), { authservId });
}

describe("the sender", () => {
  it.each([
    ["a pass for the domain of From", [results("dmarc=pass header.from=example.com"), FROM]],
    [
      "a pass with comments and other methods",
      [results("spf=fail; dkim=pass header.d=example.com; dmarc=pass (p=REJECT; x) header.from=Example.COM"), FROM],
    ],
    [
      "a pass by a server with a version",
      [`Authentication-Results: MX.shop.example 1; dmarc=pass header.from=example.com`, FROM],
    ],
    [
      "another server's field above",
      [results("dmarc=fail header.from=example.com", "relay"), results("dmarc=pass header.from=example.com"), FROM],
    ],
  ])("is authenticated by %s", async (_, fields) => {
    expect(await assurance(fields)).toBe(2);
  });

  it.each([
    ["no field at all", [FROM]],
    ["a pass by another server", [results("dmarc=pass header.from=example.com", "mx.evil.example"), FROM]],
    ["a pass for another domain", [results("dmarc=pass header.from=evil.example"), FROM]],
    ["a pass for a domain above", [results("dmarc=pass header.from=com"), FROM]],
    ["a pass that names no domain", [results("dmarc=pass"), FROM]],
    ["a pass in a comment", [results("dmarc=fail (dmarc=pass header.from=example.com) header.from=example.com"), FROM]],
    ["a pass in a comment with a semicolon", [results("spf=pass (a; dmarc=pass header.from=example.com)"), FROM]],
    ["a pass in a quoted string", [results('spf=pass smtp.mailfrom="x; dmarc=pass header.from=example.com"'), FROM]],
    ["SPF and DKIM alone", [results("spf=pass smtp.mailfrom=example.com; dkim=pass header.d=example.com"), FROM]],
    [
      "a forged pass below the server's own fail",
      [results("dmarc=fail header.from=example.com"), results("dmarc=pass header.from=example.com"), FROM],
    ],
    ["a pass beside a fail", [results("dmarc=pass header.from=example.com; dmarc=fail header.from=example.com"), FROM]],
    [
      "two addresses in From",
      [results("dmarc=pass header.from=example.com"), "From: sarah@example.com, eve@example.com"],
    ],
    ["two From fields", [results("dmarc=pass header.from=example.com"), FROM, "From: eve@example.com"]],
    ["passed, but not quite", [results("dmarc=passed header.from=example.com"), FROM]],
  ])("is not authenticated by %s", async (_, fields) => {
    expect(await assurance(fields)).toBe(1);
  });

  it("is never authenticated where the settings name no server", async () => {
    const raw = Buffer.from(`${results("dmarc=pass header.from=example.com")}\r\n${FROM}\r\n\r\n`);
    expect(senderAssurance(await readMail(raw, headOf(raw)), {})).toBe(1);
  });
});
