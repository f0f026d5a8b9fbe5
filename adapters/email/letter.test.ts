import { describe, expect, it } from "vitest";
import { letterOf } from "./letter.ts";

describe("a letter", () => {
  it("without formatting or a link is its text alone, as it stands", () => {
    const text = "*bold* <b>1 < 2</b> [x](https://example.org)\n  indented";
    expect(letterOf({ text })).toEqual({ text });
  });

  it("with formatting is HTML, and without its marks plain text", () => {
    const { text, html } = letterOf({
      text: "**Two** chairs, *oak*: `ABC-1`\n[Track it](https://shop.example/t?a=1&b=2)",
      format: "light",
    });
    expect(text).toBe("Two chairs, oak: ABC-1\nTrack it (https://shop.example/t?a=1&b=2)");
    expect(html).toContain("<strong>Two</strong> chairs, <em>oak</em>: <code>ABC-1</code><br>");
    expect(html).toContain('<a href="https://shop.example/t?a=1&amp;b=2">Track it</a>');
  });

  it("lets nothing out of its words", () => {
    const evil = '<script>alert("x")</script> & <img src=x onerror=y>';
    const { html = "" } = letterOf({
      text: `**${evil}** [${evil.replaceAll(/[\]\n]/g, "")}](https://shop.example/"onclick="x)`,
      format: "light",
      link: { url: 'https://shop.example/"><script>', title: evil, description: evil },
    });
    expect(html).not.toMatch(/<script|<img|"\s*onclick/);
    expect(html.match(/&lt;script&gt;/g)).toHaveLength(5);
  });

  it("has a link as a button, and in the plain text with its address", () => {
    const link = { url: "https://shop.example/desk", title: "See the desk", description: "Oak, 160 cm" };
    const { text, html } = letterOf({ text: "Here it is.", link });
    expect(text).toBe("Here it is.\n\nSee the desk\nOak, 160 cm\nhttps://shop.example/desk");
    expect(html).toMatch(/<a href="https:\/\/shop\.example\/desk" style="[^"]+">See the desk<\/a>/);
    expect(html).toContain("Oak, 160 cm");
  });
});
