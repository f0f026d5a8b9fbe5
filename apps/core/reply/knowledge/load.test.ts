import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { demoKnowledgeFolder } from "../demo/shop.ts";
import { stage } from "../rules/testing/stage.ts";
import { createKnowledge, loadKnowledge } from "./knowledge.ts";
import { KnowledgeError, parseKnowledge } from "./load.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function folderOf(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "knowledge-"));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  return folder;
}

const SHOP = `---
kind: shop
name: Widget World
welcome: Welcome to Widget World.
categories:
  - { id: widget, singular: widget, plural: widgets, aliases: [gadget] }
---
`;
const WIDGET = `---
kind: product
sku: W-BLUE
name: blue widget
price: 99
currency: USD
category: widget
features: a polished rim and a quiet bearing
attributes:
  diameter: 12 cm
variants:
  size: [small, medium, large]
---
`;
const RED = WIDGET.replace("W-BLUE", "W-RED").replace("blue widget", "red widget").replace("price: 99", "price: 120.5");
const SHIPPING = `---
kind: policy
id: shipping
title: Shipping
summary: Shipping is free within Europe.
promise: free shipping
keywords: [delivery]
---
`;

describe("the demo shop", () => {
  it("has a shop's worth of knowledge", async () => {
    const knowledge = await loadKnowledge(demoKnowledgeFolder);
    expect(knowledge.products.length).toBeGreaterThanOrEqual(10);
    expect(knowledge.policies.map((p) => p.id)).toEqual(
      expect.arrayContaining(["returns", "shipping", "warranty", "payment", "hours", "contact", "privacy"]),
    );
    expect(knowledge.howtos.map((h) => h.id)).toContain("assembly");
  });
});

describe("another shop", () => {
  it("is known as well as the first", async () => {
    const knowledge = await loadKnowledge(
      await folderOf({ "shop.md": SHOP, "blue.md": WIDGET, "red.md": RED, "shipping.md": SHIPPING }),
    );
    const ben = await stage({ name: undefined, knowledge });
    expect(await ben.say("whatsapp", "Do you have blue widgets in size large?")).toMatch(
      /^Hello! Yes! Our blue widget comes in size large\. It's currently \$99 with free shipping\. .*product details\?/,
    );
    expect(await ben.say("web", "Hi")).toMatch(/^Welcome back! Earlier you were looking at the blue widget at \$99/);
    expect(await ben.say("web", "what is its diameter?")).toMatch(/12 cm/);
    expect(await ben.say("web", "do you have it in size huge?")).toMatch(
      /only know of these choices: size: small, medium, large/,
    );
    expect(await ben.say("web", "any gadgets below $110?")).toMatch(/blue widget at \$99/);
    expect(await ben.say("web", "compare it with the red one")).toMatch(/blue widget[\s\S]*red widget \(\$120\.50\)/);
    expect(await ben.say("web", "Do you have office chairs?")).toMatch(/I don't know of anything like that/);
    expect(await ben.say("web", "what's your return policy?")).toMatch(/I don't know/);
  });
});

describe("a wrong file", () => {
  it.each([
    ["no front matter", "# Hello", 1, /must begin with front matter/],
    ["never closed", "---\nkind: shop\n", 1, /never closed/],
    ["broken YAML", "---\nkind: product\nname: [a\nprice: 1\n---\n", 4, /./],
    ["unknown kind", "---\nkind: prodcut\n---\n", 2, /kind/],
    ["wrong price", WIDGET.replace("price: 99", 'price: "99 dollars"'), 5, /price: .*number/],
    ["missing name", WIDGET.replace("name: blue widget\n", ""), 1, /name/],
    ["unknown field", WIDGET.replace("currency", "curency"), 1, /curency|currency/],
    ["bad currency", WIDGET.replace("USD", "dollars"), 6, /ISO 4217/],
    ["empty alias", WIDGET.replace("features:", "aliases: [ok, '']\nfeatures:"), 8, /aliases\.1/],
  ])("%s", (_, source, line, problem) => {
    const attempt = (): unknown => parseKnowledge("file.md", source);
    expect(attempt).toThrow(KnowledgeError);
    expect(attempt).toThrow(problem);
    expect(attempt).toThrow(`file.md:${String(line)}: `);
  });

  it("contradicts another", () => {
    const shop = parseKnowledge("shop.md", SHOP);
    const blue = parseKnowledge("blue.md", WIDGET);
    expect(() => createKnowledge([blue])).toThrow(/kind: shop/);
    expect(() => createKnowledge([shop, shop, blue])).toThrow(/one shop only/);
    expect(() => createKnowledge([shop, blue, parseKnowledge("twin.md", WIDGET)])).toThrow(
      "twin.md:1: sku: W-BLUE is taken by blue.md",
    );
    expect(() =>
      createKnowledge([shop, parseKnowledge("blue.md", WIDGET.replace("category: widget", "category: gizmo"))]),
    ).toThrow(/no category "gizmo"/);
    expect(() =>
      createKnowledge([shop, parseKnowledge("blue.md", WIDGET.replace("features:", "accessories: [NONE]\nfeatures:"))]),
    ).toThrow(/no product has the sku "NONE"/);
  });

  it("is looked for in a folder that isn't there", async () => {
    await expect(loadKnowledge("/nowhere/at/all")).rejects.toThrow(/can't be read \(ENOENT\); check KNOWLEDGE_DIR/);
  });
});

it("reads sections without Markdown's marks", () => {
  const document = parseKnowledge(
    "blue.md",
    `${WIDGET}Intro of\ntwo lines.\n\n## Care\n- **Wipe** it\n- See [the video](https://x.example/v)\n`,
  );
  expect(document.sections).toEqual([
    { heading: "", body: "Intro of two lines.", line: 14 },
    { heading: "Care", body: "• Wipe it\n• See the video: https://x.example/v", line: 17 },
  ]);
});
