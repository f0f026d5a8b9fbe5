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

const QUOTE = "\n> How many do you want?\n> Shop";

describe("a reply", () => {
  it.each([
    "On Sat, Nov 21, 2026 at 9:31 AM Shop <support@shop.example> wrote:",
    "On Sat, Nov 21, 2026 at 9:31 AM Shop\n<support@shop.example> wrote:",
    "On Nov 21, 2026, at 9:31 AM, Shop <support@shop.example> wrote:",
    "Am Sa., 21. Nov. 2026 um 09:31 Uhr schrieb Shop <support@shop.example>:",
    "Am 21.11.2026 um 09:31 schrieb Shop:",
    "Le sam. 21 nov. 2026 à 09:31, Shop <support@shop.example> a écrit :",
    "El sáb, 21 nov 2026 a las 9:31, Shop (<support@shop.example>) escribió:",
    "Em sáb., 21 de nov. de 2026 às 09:31, Shop <support@shop.example> escreveu:",
    "Il giorno sab 21 nov 2026 alle ore 09:31 Shop <support@shop.example> ha scritto:",
    "Op za 21 nov 2026 om 09:31 schreef Shop <support@shop.example>:",
    "W dniu 21.11.2026 o 09:31, Shop pisze:",
    "Den lör 21 nov. 2026 kl 09:31 skrev Shop <support@shop.example>:",
    "сб, 21 нояб. 2026 г. в 09:31, Shop <support@shop.example>:",
    "2026年11月21日(土) 9:31 Shop <support@shop.example>:",
    "在 2026年11月21日，上午9:31，Shop <support@shop.example> 写道：",
    "2026년 11월 21일 (토) 오전 9:31, Shop <support@shop.example>님이 작성:",
  ])("is cut at: %s", (line) => {
    expect(trimReply(`Two, please.\n\n${line}\n${QUOTE}`)).toBe("Two, please.");
  });

  it.each([
    ["From", "Sent", "To", "Subject"],
    ["Von", "Gesendet", "An", "Betreff"],
    ["De", "Envoyé", "À", "Objet"],
    ["Da", "Inviato", "A", "Oggetto"],
    ["Van", "Verzonden", "Aan", "Onderwerp"],
    ["发件人", "发送时间", "收件人", "主题"],
    ["差出人", "送信日時", "宛先", "件名"],
  ])("is cut at the header of what it quotes: %s", (sender, sent, to, subject) => {
    const header = `${sender}: Shop <support@shop.example>\n${sent}: 21.11.2026 09:31\n${to}: Sarah\n${subject}: Chairs`;
    expect(trimReply(`Two, please.\n\n________________________________\n${header}\n\nHow many?`)).toBe("Two, please.");
  });

  it("that answers between quotations keeps them", () => {
    const text = "On Sat, 21 Nov 2026 9:31 Shop <a@shop.example> wrote:\n> How many?\nTwo.\n> Which colour?\nBlue.";
    expect(trimReply(text)).toBe("> How many?\nTwo.\n> Which colour?\nBlue.");
  });

  it.each([
    "From the beginning: it was broken.\nTo: me it seems odd.",
    "I wrote on 2026-11-20 to ann@example.org and got no answer.",
    "My address changed. New one: Main St 5\nCity: Berlin",
    "Sent from the warehouse yesterday, it says.",
    "On Monday I wrote:\nI want two chairs",
    "It arrives at 10:30:",
    "Prices:\n- chair 20\n- table 30",
  ])("that only looks like a quotation stays: %s", (text) => {
    expect(trimReply(text)).toBe(text);
  });

  it("loses the signature and what programs add", () => {
    expect(trimReply("Two, please.\n\n-- \nSarah Miller\n+1 415 555 0123")).toBe("Two, please.");
    expect(trimReply("Two, please.\n\nGesendet von meinem iPhone")).toBe("Two, please.");
  });

  it("is never left empty, and never takes long", () => {
    expect(trimReply("> only a quotation")).toBe("> only a quotation");
    const start = performance.now();
    for (const bad of [
      "wrote:\n",
      "> ",
      "- ",
      "From: a\n",
      "a@b ",
      "2026 9:31 <",
      "wrote  ",
      "  \n",
      "On 2026-01-01 9:31 a@b wrote:\n",
    ]) {
      trimReply(bad.repeat(100_000 / bad.length));
    }
    expect(performance.now() - start).toBeLessThan(3_000);
  });
});
