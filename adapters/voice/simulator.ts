import { createHash, randomBytes, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { deliverWebhook } from "../contract/index.ts";
import type { Heard, Say, SimulatedRequest, Simulator, SimulatorFactory } from "../contract/index.ts";
import { actionsOf } from "./simulatedKeys.ts";
import { openLine } from "./simulatedLine.ts";
import type { Line, Network } from "./simulatedLine.ts";
import { toneWav } from "./simulatedTone.ts";
import { answerOf, refused } from "./simulatedTwilio.ts";
import type { ApiRequest, Exchange, TwilioAnswer, WantedCall } from "./simulatedTwilio.ts";
import { callRequest, numberBehind, sidOf } from "./simulatedWebhook.ts";
import type { CallForm } from "./simulatedWebhook.ts";

/** How the double behaves. */
export interface VoiceSimulatorOptions {
  /** How many seconds pass in one. Default: 1, real time. */
  pace?: number;
  /** What becomes of a call that the hub makes. Default: `completed`, it is answered. */
  answer?: "completed" | "busy" | "no-answer" | "failed";
  /** Settings of the account that differ. */
  settings?: Record<string, string | number | boolean>;
}

/** A double of Twilio's voice API and of the telephones around one number. */
export const simulator: SimulatorFactory & { start(options?: VoiceSimulatorOptions): Promise<Simulator> } = {
  device: "telephone",
  handles: [
    { handle: "+14155550123", name: "Sarah" },
    { handle: "+447700900456", name: "Tom" },
    { handle: "+4915112345678", name: "Ines" },
  ],
  start: startSimulator,
};

/** Where the double says its webhooks go as long as no hub is attached. */
const NOWHERE = "https://hub.invalid/channels/voice";
/** What a withheld number looks like. */
const WITHHELD = "+266696687";
/** How long a telephone rings before it is answered, in milliseconds. */
const RINGS_MS = 20;

/** Twilio gives up on a call much sooner than on a message. Milliseconds. */
const PATIENCE_MS = 30_000;

/** How a customer's telephone shows who calls. */
type Shows = "number" | "attested" | "nothing";

async function startSimulator({
  pace = 1,
  answer = "completed",
  settings = {},
}: VoiceSimulatorOptions = {}): Promise<Simulator> {
  const account = {
    accountSid: `AC${randomBytes(16).toString("hex")}`,
    authToken: randomBytes(16).toString("hex"),
    phoneNumber: "+14155550100",
  };
  const lines = new Map<string, Line>();
  const newest = new Map<string, Line>();
  const ears = new Map<string, Heard[]>();
  const listeners: ((as: string, heard: Heard) => void)[] = [];
  const failures: Parameters<Simulator["failNext"]>[0][] = [];
  const recordings = new Map<string, Buffer>();
  const said = new Map<string, SimulatedRequest & { url: string }>();
  const stopped = new AbortController();
  let webhookUrl = NOWHERE;

  const deliver = (request: SimulatedRequest & { url: string }) =>
    deliverWebhook(request, request.url, { signal: stopped.signal, patienceMs: PATIENCE_MS });

  function reach(as: string, heard: Heard): void {
    ears.set(as, [...(ears.get(as) ?? []), heard]);
    for (const listener of listeners) listener(as, heard);
  }

  function networkOf(as: string, told: (call: CallForm, seconds: number) => Promise<unknown>): Network {
    return {
      post: (url, call, more) => deliver(callRequest(call, more, { account, url })),
      say(text, { prompt, offer }) {
        const id = randomUUID();
        const buttons =
          offer.length === 0 ? {} : { buttons: offer.map(({ id: choice, title }) => ({ id: choice, title })) };
        reach(as, { id, text, at: new Date(), ...buttons, ...(prompt ? { prompt: true } : {}) });
      },
      ended(call, seconds) {
        // A hub that refuses to hear of it, or is gone for good, is its own loss: Twilio doesn't insist.
        if (!stopped.signal.aborted) void told(call, seconds).catch(() => undefined);
      },
      keep: (sid, seconds) => void recordings.set(sid, toneWav(seconds)),
      pace,
      signal: stopped.signal,
    };
  }

  function open(as: string, call: CallForm, network: Network): Line {
    const line = openLine(call, network);
    lines.set(call.sid, line);
    newest.set(as, line);
    return line;
  }

  /** The line on which this customer is, or was last. */
  const lineOf = (as: string) => newest.get(numberBehind(as));
  const liveLineOf = (as: string) => (lineOf(as)?.doing() === undefined ? undefined : lineOf(as));

  /** A customer calls the number. */
  async function dial(as: string, shows: Shows): Promise<Line> {
    if (webhookUrl === NOWHERE) throw new Error("the simulator is not attached to a hub");
    if (liveLineOf(as) !== undefined) throw new Error("there is a call already");
    const call = incoming(numberBehind(as), sidOf("CA"), shows);
    const extra: Record<string, string> = shows === "attested" ? { StirVerstat: "TN-Validation-Passed-A" } : {};
    const url = webhookUrl;
    // Twilio tells the attestation with the first request of a call alone.
    const twiml = await deliver(callRequest(call, { ...extra, FromCountry: "US" }, { account, url }));
    const tell = (over: CallForm, seconds: number) =>
      deliver(callRequest(over, { CallDuration: String(seconds) }, { account, url }));
    const line = open(numberBehind(as), call, networkOf(numberBehind(as), tell));
    line.follow(twiml, "webhook");
    return line;
  }

  function incoming(phone: string, sid: string, shows: Shows): CallForm {
    const from = shows === "nothing" ? WITHHELD : phone;
    return { sid, from, to: account.phoneNumber, direction: "inbound", status: "ringing" };
  }

  /** The hub calls a customer. */
  function ring({ to, twiml, statusCallback, events }: WantedCall): CallForm {
    const call: CallForm = {
      sid: sidOf("CA"),
      from: account.phoneNumber,
      to,
      direction: "outbound-api",
      status: "queued",
    };
    const tell = async (event: string, status: string, more: Record<string, string> = {}) => {
      if (statusCallback === undefined || !events.includes(event)) return;
      await deliver(callRequest({ ...call, status }, more, { account, url: statusCallback }));
    };
    const tellEnd = (over: CallForm, seconds: number) =>
      tell("completed", over.status, { CallDuration: String(seconds) });
    const line = open(to, call, networkOf(to, tellEnd));
    const goOn = async () => {
      await tell("initiated", "initiated");
      await tell("ringing", "ringing");
      await sleep(RINGS_MS, undefined, { signal: stopped.signal });
      if (answer !== "completed") return line.fail(answer);
      await tell("answered", "in-progress");
      line.follow(twiml, "api");
    };
    // A hub that refuses a status is its own loss.
    void goOn().catch(() => undefined);
    return call;
  }

  const exchange: Exchange = {
    account,
    get webhookUrl() {
      return webhookUrl;
    },
    line: (sid) => lines.get(sid),
    recording: (sid) => recordings.get(sid),
    call: ring,
  };

  /** Answers an API call; undefined when the answer is to be lost on the way. */
  function answerTo(request: ApiRequest): TwilioAnswer | undefined {
    const failure = failures.shift();
    if (failure !== undefined && failure !== "unknown") return refused(failure);
    const verdict = answerOf(request, exchange);
    return failure === "unknown" ? undefined : verdict;
  }

  async function speak(input: Say): Promise<{ id: string }> {
    const again = input.id === undefined ? undefined : said.get(input.id);
    if (again !== undefined && input.id !== undefined) {
      await deliver(again);
      return { id: input.id };
    }
    const line = liveLineOf(input.as) ?? (await dial(input.as, "number"));
    const { url, more } = await line.speak(input.text);
    const id = input.id ?? randomUUID();
    if (url !== "") said.set(id, callRequest({ ...line.call, status: "in-progress" }, more, { account, url }));
    return { id };
  }

  const act: NonNullable<Simulator["act"]> = async ({ as, action }) => {
    const [verb, key = ""] = action.split(":");
    if (!actionsOf(liveLineOf(as)?.doing()).some(({ id }) => id === action)) throw new Error("this can't be done now");
    if (verb === "call") return void (await dial(as, key === "attested" || key === "nothing" ? key : "number"));
    const line = liveLineOf(as);
    if (verb === "hang-up") return line?.hangUp();
    if (verb === "key") return line?.press(key);
    if (verb === "voicemail") return void (await line?.speak("Please call me back."));
    if (verb === "staff") return key === "hangs-up" ? line?.staffHangsUp() : line?.staffAnswers(key === "answers");
  };

  const server = await listening((request, response) => void serve(request, response, answerTo));
  return {
    settings: {
      ...account,
      apiBaseUrl: `http://127.0.0.1:${portOf(server)}`,
      charactersPerSecond: 1_000_000,
      ...settings,
    },
    attach(hub) {
      webhookUrl = hub.webhookUrl;
    },
    say: speak,
    // As if the call had begun with it: there is no other to be in.
    request({ as, text, id = randomUUID() }) {
      const sid = `CA${createHash("sha256").update(id).digest("hex").slice(0, 32)}`;
      const call = { ...incoming(numberBehind(as), sid, "number"), status: "in-progress" };
      return callRequest(call, { SpeechResult: text, Confidence: "0.93" }, { account, url: webhookUrl });
    },
    heard: (as) => [...(ears.get(numberBehind(as)) ?? [])],
    onHeard(listener) {
      listeners.push(listener);
    },
    failNext(kind, count = 1) {
      if (kind !== "unknown") refused(kind); // Says so at once where Twilio has no such refusal.
      failures.push(...Array.from({ length: count }, () => kind));
    },
    identifier: (as) => ({ type: "phone", value: numberBehind(as) }),
    async press({ as, message, button }) {
      const heard = ears.get(numberBehind(as))?.find(({ id }) => id === message);
      const key = heard?.buttons?.findIndex(({ id }) => id === button) ?? -1;
      if (key < 0) throw new Error("there is no such key");
      await lineOf(as)?.press(String(key + 1));
      return randomUUID();
    },
    actions: (as) => actionsOf(liveLineOf(as)?.doing()),
    act,
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
  const url = new URL(request.url ?? "", "http://localhost");
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
  const { status, headers, body } = verdict;
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(Buffer.isBuffer(body) ? body : JSON.stringify(body));
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
