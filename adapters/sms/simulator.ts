import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { deliverWebhook } from "../contract/index.ts";
import type { Heard, Say, Simulator, SimulatorFactory } from "../contract/index.ts";
import { keywordOf } from "./optOut.ts";
import type { Keyword } from "./optOut.ts";
import { fetchedMedia, simulatedMedia } from "./simulatedMedia.ts";
import { acceptance, judge, refused, told } from "./simulatedTwilio.ts";
import type { AcceptedSend, ApiRequest, TwilioAnswer } from "./simulatedTwilio.ts";
import { messageRequest, messageSid, numberBehind, statusRequest } from "./simulatedWebhook.ts";

/** How the double behaves. */
export interface SmsSimulatorOptions {
  /** Whether `sent` and `delivered` follow a send that asks for them. Default: true. */
  statuses?: boolean;
  /** What the API says of the account. Default: `active`. */
  accountStatus?: string;
  /** Where the number's messages go, if not to the hub. */
  smsUrl?: string;
  /** Whether keywords come with `OptOutType` (Advanced Opt-Out). Default: true. */
  advancedOptOut?: boolean;
}

/** A double of Twilio's REST API for one number. */
export const simulator: SimulatorFactory & { start(options?: SmsSimulatorOptions): Promise<Simulator> } = {
  handles: [
    { handle: "+14155550123", name: "Sarah" },
    { handle: "+447700900456", name: "Tom" },
    { handle: "+4915112345678", name: "Ines" },
  ],
  start: startSimulator,
};

/** Twilio's own answers to keywords, in its default words. */
const AUTOMATIC: Record<Keyword, string> = {
  STOP: "You have successfully been unsubscribed. You will not receive any more messages from this number. Reply START to resubscribe.",
  START:
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. Reply STOP to unsubscribe.",
  HELP: "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
};

/** Where the double says its webhooks go as long as no hub is attached. */
const NOWHERE = "https://hub.invalid/channels/sms";

async function startSimulator({
  statuses = true,
  advancedOptOut = true,
  accountStatus = "active",
  smsUrl,
}: SmsSimulatorOptions = {}): Promise<Simulator> {
  const account = {
    accountSid: `AC${randomBytes(16).toString("hex")}`,
    authToken: randomBytes(16).toString("hex"),
    phoneNumber: "+14155550100",
  };
  const ears = new Map<string, Heard[]>();
  const optedOut = new Set<string>();
  const listeners: ((as: string, heard: Heard) => void)[] = [];
  const failures: Parameters<Simulator["failNext"]>[0][] = [];
  const stopped = new AbortController();
  const media = simulatedMedia(account);
  let webhookUrl: string | undefined;

  function reach(as: string, said: Pick<Heard, "text" | "media"> & { id?: string }): void {
    const heard: Heard = { id: messageSid(), ...said, at: new Date() };
    const earlier = ears.get(as);
    if (earlier === undefined) ears.set(as, [heard]);
    else earlier.push(heard);
    for (const listener of listeners) listener(as, heard);
  }

  /** After the API has answered: the file is fetched, the message arrives, and its statuses are told. */
  async function carry(sid: string, send: AcceptedSend): Promise<void> {
    const { to, text, mediaUrl } = send;
    const file = mediaUrl === undefined ? undefined : await fetchedMedia(mediaUrl, stopped.signal);
    if (file !== undefined && "code" in file)
      return tellStatuses(send, [{ sid, status: "failed", errorCode: file.code }]);
    reach(to, { id: sid, text, ...(file === undefined ? {} : { media: file }) });
    await tellStatuses(send, [
      { sid, status: "sent" },
      { sid, status: "delivered" },
    ]);
  }

  async function tellStatuses(
    { to, statusCallback: url }: AcceptedSend,
    all: { sid: string; status: string; errorCode?: string }[],
  ): Promise<void> {
    if (url === undefined || !statuses) return;
    for (const one of all) {
      const request = statusRequest({ ...one, to }, { account, url });
      // A hub that refuses a status, or is gone for good, is its own loss: Twilio doesn't insist.
      await deliverWebhook(request, url, { signal: stopped.signal }).catch(() => undefined);
    }
  }

  /** Answers an API call; undefined when the answer is to be lost on the way. */
  function answer(request: ApiRequest): TwilioAnswer | undefined {
    const known =
      media.serve(request) ??
      told(request, { account, status: accountStatus, smsUrl: smsUrl ?? webhookUrl ?? NOWHERE });
    if (known !== undefined) return known;
    const failure = failures.shift();
    if (failure !== undefined && failure !== "unknown") return refused(failure);
    const verdict = judge(request, { account, optedOut });
    if ("status" in verdict) return verdict;
    const sid = messageSid(verdict.mediaUrl === undefined ? "SM" : "MM");
    void carry(sid, verdict);
    return failure === "unknown" ? undefined : acceptance(sid, verdict, account);
  }

  /** What Twilio does by itself when a customer texts a keyword, whether or not the hub ever hears of it. */
  function obey(as: string, keyword: Keyword | undefined): void {
    if (keyword === undefined) return;
    if (keyword === "STOP") optedOut.add(as);
    if (keyword === "START") optedOut.delete(as);
    reach(as, { text: AUTOMATIC[keyword] });
  }

  function requestFor(input: Say & { id: string }) {
    const url = webhookUrl ?? NOWHERE;
    const mediaUrl = input.media === undefined ? {} : { mediaUrl: `${origin}${media.keep(input.id, input.media)}` };
    return { ...messageRequest(input, { account, url, advancedOptOut, ...mediaUrl }), url };
  }

  const identified = (input: Say) => ({
    ...input,
    id: input.id ?? messageSid(input.media === undefined ? "SM" : "MM"),
  });
  const server = await listening((request, response) => void serve(request, response, answer));
  const origin = `http://127.0.0.1:${portOf(server)}`;

  return {
    settings: { ...account, apiBaseUrl: origin },
    attach(hub) {
      webhookUrl = hub.webhookUrl;
    },
    async say(input) {
      if (webhookUrl === undefined) throw new Error("the simulator is not attached to a hub");
      const said = identified(input);
      const request = requestFor(said);
      obey(numberBehind(said.as), keywordOf(said.text));
      await deliverWebhook(request, request.url, { signal: stopped.signal });
      return { id: said.id };
    },
    request: (input) => requestFor(identified(input)),
    heard: (as) => [...(ears.get(numberBehind(as)) ?? [])],
    onHeard(listener) {
      listeners.push(listener);
    },
    failNext(kind, count = 1) {
      if (kind !== "unknown") refused(kind); // Says so at once where Twilio has no such refusal.
      failures.push(...Array.from({ length: count }, () => kind));
    },
    sends: ["image", "audio", "video", "document"],
    identifier: (as) => ({ type: "phone", value: numberBehind(as) }),
    opens: (url) => URL.parse(url)?.searchParams.get("body") ?? undefined,
    async stop() {
      stopped.abort();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (request: ApiRequest) => TwilioAnswer | undefined,
): Promise<void> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  } catch {
    return; // The caller went away before it had said what it wanted.
  }
  const url = new URL(request.url ?? "/", "http://localhost");
  const verdict = answer({
    method: request.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    authorization: request.headers.authorization,
    body: Buffer.concat(chunks).toString("utf8"),
  });
  if (verdict === undefined) {
    request.socket.destroy();
    return;
  }
  response.writeHead(verdict.status, { "content-type": "application/json", ...verdict.headers });
  response.end(Buffer.isBuffer(verdict.body) ? verdict.body : JSON.stringify(verdict.body));
}

async function listening(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 60_000 }, handler);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the simulator listens on no port");
  return address.port;
}
