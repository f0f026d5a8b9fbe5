import { randomUUID } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import type { OutboundContent, OutboundMessage } from "../contract/index.ts";
import { aside } from "../../test/support/send-context.ts";
import { memoryMedia } from "../../test/support/media.ts";
import { settings as fixtureSettings } from "./fixtures/sign.ts";
import { adapter } from "./index.ts";
import { eventsOfMail } from "./parse.ts";
import { emailSettings } from "./settings.ts";
import type { EmailSettings } from "./settings.ts";
import { simulator } from "./simulator.ts";

const settings = emailSettings.parse(fixtureSettings);
const PDF = {
  kind: "document",
  mime: "application/pdf",
  filename: "Größe.pdf",
  data: Buffer.from("%PDF-1.4 \0\xff", "latin1"),
} as const;

async function stage() {
  const double = await simulator.start();
  onTestFinished(() => double.stop());
  const own = emailSettings.parse(double.settings);
  const rest = { ...aside(), media: memoryMedia(() => "http://127.0.0.1:1") };
  const send = (
    content: OutboundContent,
    more: Partial<OutboundMessage> & { settings?: Partial<EmailSettings> } = {},
  ) => {
    const { settings: other, ...message } = more;
    return adapter.send(
      {
        id: randomUUID(),
        content,
        address: { to: "sarah@example.com", token: "c".repeat(26), subject: "My order" },
        ...message,
      },
      { settings: { ...own, ...other }, ...rest, signal: AbortSignal.timeout(5_000) },
    );
  };
  return { double, settings: own, send, media: rest.media };
}

describe("files of a mail", () => {
  it("come with it byte for byte, inline pictures too, and the whole mail beside them", async () => {
    const bytes = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 255]);
    const raw = Buffer.from(
      [
        "From: sarah@example.com",
        "Message-ID: <a@x>",
        'Content-Type: multipart/mixed; boundary="m"',
        "",
        '--m\r\nContent-Type: multipart/related; boundary="r"',
        "",
        '--r\r\nContent-Type: text/html\r\n\r\n<p>See</p><img src="cid:p1"><script>alert(1)</script>',
        `--r\r\nContent-Type: image/png\r\nContent-ID: <p1>\r\nContent-Disposition: inline; filename="leg.png"\r\nContent-Transfer-Encoding: base64\r\n\r\n${bytes.toString("base64")}`,
        "--r--",
        "--m\r\nContent-Type: text/csv; charset=iso-8859-1\r\nContent-Disposition: attachment; filename=list.csv\r\n\r\nGr\xf6\xdfe;2",
        "--m--",
      ].join("\r\n"),
      "latin1",
    );
    const events = await eventsOfMail(raw, settings);
    expect(events).toMatchObject([
      { content: { kind: "text", text: "See" }, extra: { html: '<p>See</p><img src="cid:p1" />' } },
      {
        content: { kind: "media", media: "image", mime: "image/png", filename: "leg.png", size: 6 },
        extra: { of: events[0]?.eventKey },
      },
      { content: { kind: "media", media: "document", mime: "text/csv", filename: "list.csv" } },
    ]);
    const [first, picture] = events;
    if (first?.type !== "message" || picture?.type !== "message" || picture.content.kind !== "media") throw new Error();
    expect(first.original).toEqual({ data: raw, mime: "message/rfc822" });
    expect(Buffer.from(picture.content.data ?? []).equals(bytes)).toBe(true);
    expect(events.slice(1).every((event) => !("original" in event))).toBe(true);
    expect(JSON.stringify(first.extra).length).toBeLessThan(200);
  });

  it("go out with their names, beside words or alone", async () => {
    const { double, send, media } = await stage();
    await send({ text: "**Here** it is", format: "light", media: media.put(PDF) });
    await send({ text: "", media: media.put({ ...PDF, filename: "../a\r\nBcc: eve@example.net" }) });
    const [first, second] = double.heard("sarah@example.com");
    expect(first).toMatchObject({
      text: "Here it is",
      media: { kind: "document", mime: PDF.mime, filename: PDF.filename },
    });
    expect(Buffer.from(first?.media?.data ?? []).equals(PDF.data)).toBe(true);
    expect(second).toMatchObject({ text: "", media: { filename: ".._a_Bcc: eve@example.net" } });
    expect(double.posted[1]?.to).toEqual(["sarah@example.com"]);
  });

  it("don't go out when they are too large, gone, or the server has said that it takes no such mail", async () => {
    const { double, send, media } = await stage();
    const file = media.put(PDF);
    await expect(send({ text: "", media: { ...file, size: 18_000_001 } })).rejects.toMatchObject({ kind: "never" });
    await expect(send({ text: "", media: { ...file, id: randomUUID() } })).rejects.toMatchObject({ kind: "never" });
    const huge = media.put({ ...PDF, data: Buffer.alloc(47 * 1024 * 1024) });
    await expect(send({ text: "", media: { ...huge, size: 1 } })).rejects.toMatchObject({
      kind: "never",
      code: "EMESSAGE",
    });
    expect(double.posted).toEqual([]);
  });
});

describe("automatic answers", () => {
  it("to one correspondent are so many an hour, people's as many as they write", async () => {
    const { double, send } = await stage();
    const capped = { settings: { hourlyReplyCap: 3 } };
    const ids = [randomUUID(), randomUUID(), randomUUID()];
    for (const id of ids) await send({ text: "An answer" }, { ...capped, id });
    const over = send({ text: "One too many" }, capped);
    await expect(over).rejects.toMatchObject({ kind: "never", code: "reply_cap" });
    await expect(over).rejects.not.toThrow(/sarah/);
    // Tried again, a message doesn't need another place.
    await send({ text: "An answer" }, { ...capped, id: ids[1] ?? "" });
    await send({ text: "From a person" }, { ...capped, automatic: false });
    await send({ text: "To somebody else" }, { ...capped, address: { to: "tom@example.net", token: "d".repeat(26) } });
    expect(double.posted).toHaveLength(6);
  });

  it("that are made at the same time share the places", async () => {
    const { double, send } = await stage();
    const capped = { settings: { hourlyReplyCap: 5 } };
    const all = await Promise.allSettled(Array.from({ length: 12 }, () => send({ text: "An answer" }, capped)));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
    expect(double.posted).toHaveLength(5);
  });
});

describe("health", () => {
  it("is good where both servers let the account in, and says which does not", async () => {
    const { settings: own } = await stage();
    const look = (more: Partial<EmailSettings> = {}) =>
      adapter.health?.({
        settings: { ...own, ...more },
        accountId: "a",
        webhookUrl: "https://hub.example/channels/a",
        signal: AbortSignal.timeout(5_000),
      });
    expect(await look()).toEqual([]);
    expect(await look({ inbound: "imap" })).toEqual([]);
    const codes = async (more: Partial<EmailSettings>) => (await look(more))?.map(({ code }) => code);
    expect(await codes({ smtpPassword: "wrong" })).toEqual(["smtp_refused"]);
    expect(await codes({ smtpPort: 9 })).toEqual(["smtp_unreachable"]);
    expect(await codes({ smtpHost: undefined })).toEqual(["smtp_missing"]);
    expect(await codes({ inbound: "imap", imapPassword: "wrong" })).toEqual(["imap_refused"]);
    expect(await codes({ inbound: "imap", imapPort: 9 })).toEqual(["imap_unreachable"]);
    expect(await codes({ inbound: "imap", imapMailbox: "Archive" })).toEqual(["imap_folder"]);
    expect(await codes({ inbound: "imap", imapHost: undefined })).toEqual(["imap_missing"]);
  });
});

describe("a mail made to do harm", () => {
  const head = "From: sarah@example.com\r\nMessage-ID: <bomb@x>\r\n";
  const nested = (levels: number) => {
    const opened = Array.from(
      { length: levels },
      (_, n) => `Content-Type: multipart/mixed; boundary="b${n}"\r\n\r\n--b${n}\r\n`,
    );
    return `${head}${opened.join("")}Content-Type: text/plain\r\n\r\nthe bottom`;
  };
  const many = (parts: number) =>
    `${head}Content-Type: multipart/mixed; boundary="b"\r\n\r\n${"--b\r\nContent-Type: text/plain; name=x.txt\r\nContent-Disposition: attachment\r\n\r\nx\r\n".repeat(parts)}--b--`;

  it.each([
    ["parts in parts in parts", nested(20_000)],
    ["parts without end", many(100_000)],
    ["mails in mails", head + "Content-Type: message/rfc822\r\n\r\n".repeat(20_000)],
    ["a header without end", `${head}${"X-Y: z\r\n".repeat(200_000)}\r\nHello`],
    ["one endless line", `${head}\r\n${"x".repeat(20_000_000)}`],
    ["HTML nested without end", `${head}Content-Type: text/html\r\n\r\n${"<div>".repeat(500_000)}Hello`],
  ])("is read in good time and kept in bounds: %s", async (_, raw) => {
    const start = performance.now();
    const events = await eventsOfMail(Buffer.from(raw), settings);
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(events.length).toBeGreaterThan(0);
    expect(events.length).toBeLessThanOrEqual(101);
    for (const event of events) {
      const { extra = {} } = event.type === "message" ? event : {};
      expect(JSON.stringify(extra).length).toBeLessThan(300_000);
    }
  });
});
