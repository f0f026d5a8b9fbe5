/** One element of TwiML. */
export interface Verb {
  name: string;
  attributes: Readonly<Record<string, string | undefined>>;
  /** What stands in it, white space at its ends included. */
  text: string;
  children: Verb[];
}

const ENTITIES: Readonly<Record<string, string | undefined>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const TOKEN = /<\?[^?]*\?>|<!--[^]*?-->|<(\/?)([A-Za-z]+)((?:\s+[A-Za-z]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
const ATTRIBUTE = /([A-Za-z]+)="([^"]*)"/g;

/**
 * The verbs of a TwiML document: as much of XML as TwiML uses, and no more.
 * @throws {Error} when it is none (Twilio's error 12100)
 */
export function readTwiml(xml: string): Verb[] {
  const root: Verb = { name: "", attributes: {}, text: "", children: [] };
  const open: [Verb, ...Verb[]] = [root];
  const token = new RegExp(TOKEN);
  while (token.lastIndex < xml.length) {
    const match = token.exec(xml);
    if (match === null) throw new Error("Document parse failure");
    const [, close, name, attributes = "", single, text] = match;
    const [inner] = open;
    if (text !== undefined) inner.text += unescaped(text);
    if (name === undefined) continue;
    if (close === "/") {
      if (inner.name !== name || open.length < 2) throw new Error(`Document parse failure: </${name}> closes nothing`);
      open.shift();
      continue;
    }
    const verb: Verb = { name, attributes: attributesIn(attributes), text: "", children: [] };
    inner.children.push(verb);
    if (single !== "/") open.unshift(verb);
  }
  const [response] = root.children;
  if (open.length > 1 || response?.name !== "Response" || root.children.length > 1) {
    throw new Error("Document parse failure: there is not one <Response>");
  }
  return response.children;
}

function attributesIn(text: string): Verb["attributes"] {
  const pairs = [...text.matchAll(ATTRIBUTE)].map(([, name = "", value = ""]) => [name, unescaped(value)] as const);
  return Object.fromEntries(pairs);
}

function unescaped(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (_, hex?: string, decimal?: string, name?: string) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    const meant = ENTITIES[name ?? ""];
    if (meant === undefined) throw new Error(`Document parse failure: &${name ?? ""};`);
    return meant;
  });
}
