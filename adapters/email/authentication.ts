import { folded, partsOf } from "./address.ts";
import type { Mail } from "./mail.ts";
import type { EmailSettings } from "./settings.ts";

/** What the header field may cost to read, in characters. */
const LONGEST = 10_000;

/**
 * How well the sender's address is proven: 2 when the receiving server that the settings name says that DMARC passed for the
 * domain of the one `From` address, else 1. Only the topmost field of that server counts; others may be written by anyone.
 * A pass says that the mail is from the domain, and a domain vouches for its users.
 * @see https://www.rfc-editor.org/rfc/rfc8601#section-2.2
 */
export function senderAssurance(mail: Mail, { authservId }: Pick<EmailSettings, "authservId">): 1 | 2 {
  const [sender, ...others] = mail.from;
  const fromFields = mail.fields.filter(({ name }) => name === "from").length;
  if (authservId === undefined || sender === undefined || others.length > 0 || fromFields !== 1) return 1;
  const results = mail.fields
    .filter(({ name }) => name === "authentication-results")
    .map(({ value }) => resultsOf(value))
    .find(({ server }) => server === authservId.toLowerCase());
  const domain = folded(partsOf(sender.address).domain);
  return results !== undefined && results.passed.length === 1 && results.passed[0] === domain ? 2 : 1;
}

/** Who speaks, and the `header.from` domains whose DMARC verdict is `pass`; a second, differing verdict voids the first. */
function resultsOf(value: string): { server: string; passed: string[] } {
  const [id = "", ...methods] = withoutComments(value.slice(0, LONGEST)).split(";");
  const server = id.trim().split(/\s+/, 1)[0]?.toLowerCase() ?? "";
  const verdicts = methods.map((method) => method.trim()).filter((method) => /^dmarc\s*=/i.test(method));
  const passed = verdicts.map((verdict) =>
    /^dmarc\s*=\s*pass(?:\s|$)/i.test(verdict) ? (/\bheader\.from\s*=\s*"?([^\s";]+)/i.exec(verdict)?.[1] ?? "") : "",
  );
  return { server, passed: passed.map(folded) };
}

/** Comments nest, and may hold what looks like a verdict; so may quoted strings hold parentheses and semicolons. */
function withoutComments(value: string): string {
  let depth = 0;
  let quoted = false;
  let kept = "";
  for (let at = 0; at < value.length; at++) {
    const sign = value[at] ?? "";
    if (sign === "\\") at++;
    else if (sign === '"' && depth === 0) quoted = !quoted;
    else if (sign === "(" && !quoted) depth++;
    else if (sign === ")" && !quoted) depth = Math.max(0, depth - 1);
    else if (depth === 0) kept += quoted && sign === ";" ? " " : sign;
  }
  return kept;
}
