import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { settings as fixtureSettings } from "./fixtures/sign.ts";
import { headOf, readMail } from "./mail.ts";
import { eventsOfMail } from "./parse.ts";
import { emailSettings } from "./settings.ts";

const DATA = resolve(import.meta.dirname, "../../../shared/data/channels/email/messages");
const settings = emailSettings.parse(fixtureSettings);

const header = z.object({ name: z.unknown(), value: z.unknown() });
const expected = z.object({
  text_body: z.array(z.number()),
  parts: z.array(z.object({ headers: z.array(header), body: z.unknown() })),
});
const texts = z.object({ Text: z.string() });
const addresses = z.object({
  Address: z.object({ List: z.array(z.object({ address: z.string().nullish(), name: z.string().nullish() })) }),
});

const mails = (folder: string) => readdirSync(join(DATA, folder)).filter((name) => name.endsWith(".eml"));
const words = (text: string) => text.split(/\s+/u).filter((word) => word !== "");

describe.skipIf(!existsSync(DATA))("the mails of shared/data", () => {
  it.each(existsSync(DATA) ? [...mails("mime").map((n) => `mime/${n}`), ...mails("rfc").map((n) => `rfc/${n}`)] : [])(
    "%s is read twice alike, and shows something",
    async (name) => {
      const raw = readFileSync(join(DATA, name));
      const events = await eventsOfMail(raw, settings);
      expect(events.length).toBeGreaterThan(0);
      expect(await eventsOfMail(raw, settings)).toEqual(events);
    },
  );

  it("of the RFCs have the sender, subject and text that another parser finds", async (context) => {
    let compared = 0;
    for (const name of mails("rfc")) {
      const raw = readFileSync(join(DATA, "rfc", name));
      const other = expected.parse(JSON.parse(readFileSync(join(DATA, "rfc", name.replace(".eml", ".json")), "utf8")));
      const mail = await readMail(raw, headOf(raw));
      const field = (wanted: string) => other.parts[0]?.headers.find((one) => one.name === wanted)?.value;
      const subject = texts.safeParse(field("subject")).data?.Text;
      if (subject !== undefined) expect(words(mail.subject), name).toEqual(words(subject));
      const from = addresses.safeParse(field("from")).data?.Address.List.flatMap(({ address }) => address ?? []);
      if (from?.some((one) => one.includes("@")) === true) {
        expect(
          mail.from.map(({ address }) => address),
          name,
        ).toEqual(from);
      }
      for (const index of other.text_body) {
        const part = other.parts[index];
        const type = JSON.stringify(part?.headers.find((one) => one.name === "content_type")?.value ?? "plain");
        const text = texts.safeParse(part?.body).data?.Text;
        if (text === undefined || /"html"|"enriched"|"richtext"/i.test(type)) continue;
        expect(words(mail.text).join(" "), `${name}, part ${index}`).toContain(words(text).join(" "));
        compared++;
      }
    }
    await context.annotate(`${compared} text parts compared`);
    expect(compared).toBeGreaterThanOrEqual(8);
  });
});

describe("a mail that is broken", () => {
  it.each([
    ["bare line feeds", "From: a@example.com\nSubject: x\n\nhello\n", "hello"],
    [
      "a charset that nobody knows",
      "From: a@example.com\r\nContent-Type: text/plain; charset=x-zz\r\n\r\nhello",
      "hello",
    ],
    [
      "a boundary that never comes",
      'From: a@example.com\r\nSubject: s\r\nContent-Type: multipart/mixed; boundary="q"\r\n\r\nhello',
      "s",
    ],
    [
      "a transfer encoding that nobody knows",
      "From: a@example.com\r\nContent-Transfer-Encoding: zz\r\n\r\nhello",
      "hello",
    ],
    [
      "bytes that are not its charset's",
      "From: a@example.com\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhello \xff",
      "hello \ufffd",
    ],
  ])("by %s is still read", async (_, raw, text) => {
    const [event] = await eventsOfMail(Buffer.from(raw, "latin1"), settings);
    expect(event).toMatchObject({ content: { kind: "text", text } });
  });

  it("by being none is refused", async () => {
    await expect(eventsOfMail(Buffer.from('{"not":"a mail"}'), settings)).rejects.toThrow(/not a mail/);
    await expect(eventsOfMail(Buffer.alloc(0), settings)).rejects.toThrow(/not a mail/);
  });
});
