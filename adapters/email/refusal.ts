import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type { SendErrorKind } from "../contract/index.ts";

/** How far a send had come when it failed. */
export type Stage = "connect" | "login" | "envelope" | "data";

const failure = z.object({
  code: z.string().optional().catch(undefined),
  responseCode: z.number().optional().catch(undefined),
  response: z.string().optional().catch(undefined),
  command: z.string().optional().catch(undefined),
});

/** Until a mail server may be asked again that has said "not now", in milliseconds: greylisting wants a minute or more. */
const LATER_MS = 60_000;

/**
 * What a failed conversation with the mail server means for the message. The server's words name addresses, so only its codes
 * are repeated.
 * @see https://www.rfc-editor.org/rfc/rfc5321#section-4.2 @see https://www.rfc-editor.org/rfc/rfc3463
 */
export function sendErrorOf(error: unknown, stage: Stage): SendError {
  if (error instanceof SendError) return error;
  const { data } = failure.safeParse(error);
  const answer = data?.responseCode;
  if (stage !== "data" && (data?.code === "ETLS" || data?.code === "ENOAUTH")) return unlike(data.code, error);
  if (answer === undefined || data?.response === undefined) return brokenOff(data?.code, stage, error);
  const enhanced = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(data.response)?.[1];
  const code = [String(answer), ...(enhanced === undefined ? [] : [enhanced])].join(" ");
  const kind = kindOf({ answer, enhanced, stage, command: data.command });
  const wait = kind === "later" ? { retryAfterMs: LATER_MS } : {};
  return new SendError(kind, `the mail server answered ${code} (${wordsFor(kind)})`, { code, ...wait });
}

function wordsFor(kind: SendErrorKind): string {
  if (kind === "credentials") return "the user name, the password or the sender is refused";
  return kind === "later" ? "not now" : "the message is refused";
}

interface Answer {
  answer: number;
  enhanced: string | undefined;
  stage: Stage;
  command: string | undefined;
}

function kindOf({ answer, enhanced, stage, command }: Answer): SendErrorKind {
  if (answer >= 400 && answer < 500) return "later";
  // 530 authentication required, 534 and 538 mechanism too weak, 535 credentials invalid.
  if ([530, 534, 535, 538].includes(answer) || stage === "login") return "credentials";
  // The account may not send under this address.
  if (command?.startsWith("MAIL") === true && (answer === 553 || enhanced?.startsWith("5.7.") === true))
    return "credentials";
  // 5xx at the greeting or EHLO is about this machine or account, not about the message.
  if (stage === "connect") return "later";
  return answer >= 500 ? "never" : "unknown";
}

/** The server offers no encryption, or no way to sign in: staff must put the settings right. */
function unlike(code: string, cause: unknown): SendError {
  return new SendError("credentials", `the mail server does not offer what the settings ask for (${code})`, {
    code,
    cause,
  });
}

/** No answer. Before the text was begun, the server certainly has no message. */
function brokenOff(code: string | undefined, stage: Stage, cause: unknown): SendError {
  const named = code === undefined ? {} : { code };
  if (stage === "data") {
    return new SendError("unknown", `no answer from the mail server after the message (${code ?? "connection lost"})`, {
      ...named,
      cause,
    });
  }
  // The server has said beforehand how large a mail it takes (RFC 1870).
  if (code === "EMESSAGE") return new SendError("never", "the mail is larger than the mail server takes", named);
  if (code === "EENVELOPE")
    return new SendError("never", "the mail server can't be told this address", { ...named, cause });
  return new SendError("later", `the mail server could not be spoken to (${code ?? "connection lost"})`, {
    ...named,
    cause,
  });
}
