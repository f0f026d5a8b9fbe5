import { describe, expect, it } from "vitest";
import type { RawRequest } from "../contract/index.ts";
import { settings as fixtureSettings, sign } from "./fixtures/sign.ts";
import { emailSettings } from "./settings.ts";
import { parse, verify } from "./webhook.ts";

const settings = emailSettings.parse(fixtureSettings);
const SECRET = settings.inboundSecret;
const MAIL = Buffer.from(
  "From: sarah@example.com\r\nMessage-ID: <a@x>\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe",
  "latin1",
);

function request(headers: Record<string, string>, body: Buffer = MAIL): RawRequest {
  return { method: "POST", url: "https://hub.example/channels/1", headers, query: new URLSearchParams(), body };
}

const basic = (credentials: string) => ({ authorization: `Basic ${Buffer.from(credentials).toString("base64")}` });

describe("a delivery", () => {
  it("is taken with the secret, in its header or as the password of the URL", () => {
    const signed = sign({ method: "POST", url: "", headers: {}, body: "" }, fixtureSettings);
    expect(verify(request(signed), settings)).toBe(true);
    expect(verify(request(basic(`hub:${SECRET}`)), settings)).toBe(true);
  });

  it.each([
    {},
    { "x-inbound-secret": "" },
    { "x-inbound-secret": `${SECRET} ` },
    basic(`${SECRET}:`),
    basic(SECRET),
    basic("hub:"),
    { authorization: "Basic !" },
    { authorization: `Bearer ${SECRET}` },
    { "x-inbound-secret": "wrong", ...basic(`hub:${SECRET}`) },
  ])("is refused with %o", (headers) => {
    expect(verify(request(headers), settings)).toBe(false);
  });

  it("is the mail itself, or a file of a form, byte for byte", async () => {
    const form = new FormData();
    form.set("subject", "something else");
    form.set("email", new Blob([MAIL]), "mail.eml");
    const sent = new Response(form);
    const body = Buffer.from(await sent.arrayBuffer());
    const asForm = await parse(request({ "content-type": sent.headers.get("content-type") ?? "" }, body), settings);
    const asItself = await parse(request({ "content-type": "message/rfc822" }), settings);
    expect(asForm).toEqual(asItself);
    expect(asItself).toMatchObject([{ content: { kind: "text", text: "Grüße" } }]);
  });

  it.each([
    ["application/json", Buffer.from("{}")],
    ["multipart/form-data; boundary=x", Buffer.from("no form")],
    ["multipart/form-data", MAIL],
    [
      "multipart/form-data; boundary=x",
      Buffer.from('--x\r\nContent-Disposition: form-data; name="to"\r\n\r\na@b\r\n--x--\r\n'),
    ],
    ["message/rfc822", Buffer.from("hello")],
  ])("that holds no mail is refused: %s", async (type, body) => {
    const refused = await parse(request({ "content-type": type }, body), settings).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Error);
    expect(refused).not.toBeInstanceOf(TypeError);
  });
});
