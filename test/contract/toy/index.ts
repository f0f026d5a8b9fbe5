import { createHmac, timingSafeEqual } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { DownloadError, networkSendError, parseLight, SendError } from "../../../adapters/contract/index.ts";
import type {
  ChannelAdapter,
  DownloadContext,
  DownloadedMedia,
  OutboundContent,
  OutboundMessage,
  RawRequest,
  RemoteMedia,
  SendContext,
  SendErrorKind,
  SendReceipt,
} from "../../../adapters/contract/index.ts";
import { eventOf, parse } from "./parse.ts";
import { toySettings } from "./settings.ts";
import type { ToySettings } from "./settings.ts";
import { simulator } from "./simulator.ts";

/** Longest toy text, in UTF-16 code units. */
export const TOY_TEXT = 2_000;

/** The toy provider's error words, and what they mean. */
const ADVICE = new Map<string, SendErrorKind>([
  ["slow_down", "later"],
  ["bad_token", "credentials"],
  ["invalid", "never"],
  ["closed", "window"],
  ["stopped", "optedOut"],
]);

const address = z.object({ user: z.string().min(1) });
const accepted = z.object({ id: z.string().min(1) });
const refused = z.object({ error: z.string(), retryAfterMs: z.number().optional() });
const updates = z.object({ next: z.number(), items: z.array(z.json()) });

/** A channel without a provider, for the contract suite's own tests. */
export const adapter: ChannelAdapter<ToySettings> = {
  id: "toy",
  label: "Toy",
  settings: toySettings,
  limits: {
    text: { maxLength: TOY_TEXT, format: "light" },
    buttons: { maxCount: 4, maxTitleLength: 12 },
    quickReplies: { maxCount: 4, maxTitleLength: 12, maxTextLength: 100 },
    list: { maxRows: 5, maxSections: 2, maxLabelLength: 10, maxTitleLength: 12, maxDescriptionLength: 20 },
    link: { maxTitleLength: 12, maxDescriptionLength: 20 },
    media: {
      image: { maxBytes: 1_000_000, types: ["image/*"], maxCaptionLength: 200 },
      document: { maxBytes: 1_000_000, types: ["application/pdf"] },
    },
    location: true,
    contact: true,
  },
  identifiers: { toy: "Toy user", stray: "Nobody" },
  webhook: { verify, parse },
  listener: {
    wanted: ({ delivery }) => delivery === "polling",
    async listen(context) {
      const { settings, cursor, signal } = context;
      let next = Number(cursor ?? 0);
      while (!signal.aborted) {
        const polled = await poll(settings, next, signal);
        if (polled.items.length === 0) continue;
        await context.emit(polled.items.map(eventOf), { cursor: String(polled.next) });
        next = polled.next;
      }
    },
  },
  send,
  reach: ({ type, value }) =>
    type === "toy" ? { aliases: [`user:${value}`], audience: "private", address: { user: value } } : undefined,
  download,
  link: (_settings, token) => ({ url: `https://toy.example/open?code=${token}` }),
  simulator,
};

function verify(request: RawRequest, { webhookSecret }: ToySettings): boolean {
  const given = /^[0-9a-f]{64}$/.exec(request.headers["x-toy-signature"] ?? "")?.[0];
  if (given === undefined || !webhookSecret) return false;
  return timingSafeEqual(Buffer.from(given, "hex"), createHmac("sha256", webhookSecret).update(request.body).digest());
}

async function poll({ apiBaseUrl, apiToken }: ToySettings, after: number, signal: AbortSignal) {
  const nothing = { next: after, items: [] };
  try {
    const response = await fetch(`${apiBaseUrl}/updates?after=${after}`, {
      headers: { authorization: apiToken },
      signal,
    });
    return updates.parse(await response.json());
  } catch (error) {
    if (signal.aborted) return nothing;
    if (!(error instanceof TypeError)) throw error;
    // The network is away: try again, without haste.
    await sleep(50, undefined, { signal }).catch(() => undefined);
    return nothing;
  }
}

async function send(message: OutboundMessage, context: SendContext<ToySettings>): Promise<SendReceipt> {
  const to = address.safeParse(message.address);
  if (!to.success) throw new SendError("never", "the thread has no toy address");
  const { media } = message.content;
  const file = media && { ...media, data: (await context.media.read(media.id)).toString("base64") };
  const answer = await exchange({ user: to.data.user, ...wireOf(message.content), media: file }, context);
  const { data: receipt } = accepted.safeParse(answer.body);
  if (answer.status === 200 && receipt !== undefined) return { providerId: receipt.id };
  const { data: refusal } = refused.safeParse(answer.body);
  const kind = refusal === undefined ? undefined : ADVICE.get(refusal.error);
  if (refusal === undefined || kind === undefined)
    throw new SendError("unknown", "the toy provider's answer makes no sense");
  const { error: code, retryAfterMs } = refusal;
  throw new SendError(kind, `refused: ${code}`, { code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
}

/** A toy's buttons all go once one was pressed: quick replies are the same to it. */
function wireOf({ format, quickReplies, ...content }: OutboundContent): object {
  const spans = format === undefined ? undefined : parseLight(content.text);
  return {
    ...content,
    ...(spans === undefined ? {} : { text: spans.map((span) => span.text).join(""), spans }),
    ...(quickReplies === undefined ? {} : { buttons: quickReplies }),
  };
}

async function exchange(body: unknown, { settings, signal }: Pick<SendContext<ToySettings>, "settings" | "signal">) {
  try {
    const response = await fetch(`${settings.apiBaseUrl}/send`, {
      method: "POST",
      headers: { authorization: settings.apiToken },
      body: JSON.stringify(body),
      signal,
    });
    return { status: response.status, body: parsed(await response.text()) };
  } catch (error) {
    throw networkSendError(error);
  }
}

/** Inbound files are named by their id, which is asked for at the provider. */
async function download({ ref }: RemoteMedia, context: DownloadContext<ToySettings>): Promise<DownloadedMedia> {
  if (!/^[0-9a-f-]{36}$/.test(ref)) throw new DownloadError("never", "this is no toy file");
  const { apiBaseUrl, apiToken } = context.settings;
  const { body, headers } = await context.fetch(`${apiBaseUrl}/files/${ref}`, {
    headers: { authorization: apiToken },
    trusted: [apiBaseUrl],
  });
  return { body, ...(headers["content-type"] === undefined ? {} : { mime: headers["content-type"] }) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // No toy answer; told apart by the caller.
  }
}
