import type { Json } from "../contract/index.ts";
import type { SentTemplate } from "./simulatedSends.ts";

/** A template as Meta keeps it. */
interface SimulatedTemplate {
  name: string;
  language: string;
  status: string;
  category: string;
  parameter_format: "NAMED" | "POSITIONAL";
  components: { type: string; format?: string; text?: string; buttons?: Record<string, string>[] }[];
}

/** The templates of the simulated business: one of each sort, in several states. */
export const SIMULATED_TEMPLATES: readonly SimulatedTemplate[] = [
  {
    name: "order_update",
    language: "en_US",
    status: "APPROVED",
    category: "UTILITY",
    parameter_format: "POSITIONAL",
    components: [
      { type: "HEADER", format: "TEXT", text: "Order {{1}}" },
      { type: "BODY", text: "Hello {{1}}, your order {{2}} is on its way." },
      { type: "FOOTER", text: "Example Store" },
      { type: "BUTTONS", buttons: [{ type: "URL", text: "Track it", url: "https://shop.example/track/{{1}}" }] },
    ],
  },
  {
    name: "we_are_back",
    language: "en_US",
    status: "APPROVED",
    category: "UTILITY",
    parameter_format: "NAMED",
    components: [{ type: "BODY", text: "Hello {{first_name}}, there is news on your question about {{topic}}." }],
  },
  {
    name: "hello_world",
    language: "en_US",
    status: "APPROVED",
    category: "UTILITY",
    parameter_format: "POSITIONAL",
    components: [{ type: "BODY", text: "Hello World" }],
  },
  {
    name: "autumn_sale",
    language: "de",
    status: "REJECTED",
    category: "MARKETING",
    parameter_format: "POSITIONAL",
    components: [{ type: "BODY", text: "Jetzt zugreifen!" }],
  },
];

/** A page of the list, as the API gives it. */
export function templatePage(query: URLSearchParams): Json {
  const limit = Math.min(Number(query.get("limit") ?? 25), 100);
  const from = Number(Buffer.from(query.get("after") ?? "", "base64url").toString() || 0);
  const all: Json[] = SIMULATED_TEMPLATES.map((template, i) => ({
    ...template,
    components: template.components.map((part) => ({ ...part })),
    id: String(9000 + i),
  }));
  const to = Math.min(from + limit, all.length);
  const after = Buffer.from(String(to)).toString("base64url");
  return {
    data: all.slice(from, to),
    paging: {
      cursors: { before: Buffer.from(String(from)).toString("base64url"), after },
      ...(to < all.length ? { next: `https://graph.facebook.com/next?after=${after}` } : {}),
    },
  };
}

/** What a customer reads of a template; or the code of Meta's refusal. */
export function renderTemplate({ name, language, components }: SentTemplate): string | 132000 | 132001 | 132015 {
  const template = SIMULATED_TEMPLATES.find((one) => one.name === name && one.language === language.code);
  if (template === undefined) return 132001;
  if (template.status !== "APPROVED") return 132015;
  const lines: string[] = [];
  for (const part of template.components) {
    const text = part.text ?? "";
    const places = text.match(/\{\{\w+\}\}/g) ?? [];
    const given = components.find(({ type }) => type === part.type.toLowerCase())?.parameters ?? [];
    if (given.length !== places.length) return 132000;
    const valueOf = (place: string, i: number) =>
      template.parameter_format === "NAMED"
        ? given.find(({ parameter_name: named }) => `{{${named}}}` === place)?.text
        : given[i]?.text;
    let filled = text;
    for (const [i, place] of places.entries()) {
      const value = valueOf(place, i);
      if (value === undefined) return 132000;
      filled = filled.replace(place, () => value);
    }
    if (filled !== "") lines.push(filled);
  }
  return lines.join("\n");
}
