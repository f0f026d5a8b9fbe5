import { randomBytes } from "node:crypto";
import { deliverWebhook } from "../contract/index.ts";
import type { Heard, Json, MediaKind, Say, SimulatedRequest, Simulator, SimulatorFactory } from "../contract/index.ts";
import { customerActions } from "./simulatedActions.ts";
import { acceptance, canFail, judge, refused } from "./simulatedGraph.ts";
import type { AcceptedSend, GraphAnswer, GraphRequest, GraphWorld, Read } from "./simulatedGraph.ts";
import { simulatedMedia } from "./simulatedMedia.ts";
import { originOf, serving } from "./simulatedServer.ts";
import {
  customerBody,
  messageBody,
  messageId,
  notification,
  personBehind,
  signedRequest,
  statusBody,
} from "./simulatedWebhook.ts";
import type { SimulatedPerson } from "./simulatedWebhook.ts";

/** How the double behaves. */
export interface WhatsAppSimulatorOptions {
  /**
   * Whether `sent` and `delivered` webhooks follow a send, or for what share of the sends (0–1). Default: true; off for load tests
   * that don't measure them.
   */
  statuses?: boolean | number;
  /** Told of every send that was accepted, with the reference (`biz_opaque_callback_data`) that the hub gave it. */
  onSend?: (send: AcceptedSend) => void;
  /** Answers come up to this late, at random; what was accepted is accepted at once. Milliseconds. Default: 0. */
  slowMs?: number;
}

/** A change as Meta's webhooks tell it: `account_update`, `message_template_status_update`, `calls`, … */
export interface SimulatedChange {
  field: string;
  value: Record<string, Json>;
}

/** The double, with what only WhatsApp has. */
export interface WhatsAppSimulator extends Simulator {
  /** The signed webhook of any change, for tests that deliver it themselves. What is about the number names it. */
  notice(change: SimulatedChange): SimulatedRequest;
  /** Delivers it, with retries. @throws Error when the hub refuses */
  announce(change: SimulatedChange): Promise<void>;
  /** What the business has read, oldest first. */
  reads: readonly Read[];
}

/** A double of Meta's Graph API for one WhatsApp number. */
export const simulator: SimulatorFactory & { start(options?: WhatsAppSimulatorOptions): Promise<WhatsAppSimulator> } = {
  handles: [
    { handle: "+14155550123", name: "Sarah" },
    { handle: "+447700900456", name: "Tom" },
    { handle: "DE.13491208655302741918", name: "Ines" },
  ],
  start: startSimulator,
};

type Failure = Parameters<Simulator["failNext"]>[0];

const SENDS: readonly MediaKind[] = ["image", "audio", "video", "document", "sticker", "voice"];

async function startSimulator({
  statuses = true,
  onSend,
  slowMs = 0,
}: WhatsAppSimulatorOptions = {}): Promise<WhatsAppSimulator> {
  const account = {
    phoneNumberId: "100200300400500",
    businessAccountId: "900800700600",
    displayPhoneNumber: "+14155550100",
    accessToken: randomBytes(24).toString("hex"),
    appSecret: randomBytes(16).toString("hex"),
    verifyToken: randomBytes(16).toString("hex"),
  };
  const ears = new Map<string, Heard[]>();
  const handles = new Map<string, string>();
  const listeners: ((as: string, heard: Heard) => void)[] = [];
  const failures: Failure[] = [];
  const reads: Read[] = [];
  const stopped = new AbortController();
  let webhookUrl: string | undefined;

  const server = await serving({ answer, slowMs });
  const world: GraphWorld = {
    account,
    media: simulatedMedia(),
    origin: () => originOf(server),
    webhookUrl: () => webhookUrl,
  };

  /** The handle that playground and tests know the customer by: the number, where there is one. */
  function handleOf(person: SimulatedPerson): string {
    return person.phone ?? handles.get(person.bsuid) ?? person.bsuid;
  }

  function earsOf(as: string): Heard[] {
    return ears.get(handleOf(personBehind(as))) ?? [];
  }

  function reach(send: AcceptedSend): { id: string; person: SimulatedPerson } {
    const person = personBehind(send.to);
    const as = handleOf(person);
    const id = messageId(person, "out");
    const heard = { id, ...send.heard, at: new Date() };
    const earlier = ears.get(as);
    if (earlier === undefined) ears.set(as, [heard]);
    else earlier.push(heard);
    for (const listener of listeners) listener(as, heard);
    onSend?.(send);
    if (Math.random() < Number(statuses)) void tellStatuses({ id, to: person, reference: send.reference });
    return { id, person };
  }

  async function tellStatuses(about: { id: string; to: SimulatedPerson; reference: string | undefined }) {
    for (const status of ["sent", "delivered"] as const) {
      if (webhookUrl === undefined) return;
      const request = signedRequest(statusBody({ ...about, status }, account), account);
      // A hub that refuses a status, or is gone for good, is its own loss: Meta drops it in the end, too.
      await deliverWebhook(request, webhookUrl, { signal: stopped.signal }).catch(() => undefined);
    }
  }

  /** Answers an API call; undefined when the answer is to be lost on the way. */
  async function answer(request: GraphRequest): Promise<GraphAnswer | undefined> {
    const failure = canFail(request) ? failures.shift() : undefined;
    if (failure !== undefined && failure !== "unknown") return refused(failure);
    const verdict = await judge(request, world);
    if ("read" in verdict) reads.push(verdict.read);
    const answered = "sent" in verdict ? taken(verdict.sent) : "read" in verdict ? SUCCESS : verdict.answer;
    return failure === "unknown" ? undefined : answered;
  }

  function taken(sent: AcceptedSend): GraphAnswer {
    if (!isHandle(sent.to)) return refused("never");
    const { id, person } = reach(sent);
    return acceptance(id, { input: sent.to, ...person });
  }

  function requestFor(input: Say & { id: string }): SimulatedRequest {
    const person = known(input.as);
    const file = input.media === undefined ? undefined : world.media.keep(input.media);
    return signedRequest(messageBody({ ...input, as: person.phone ?? person.bsuid }, account, file), account);
  }

  function known(as: string): SimulatedPerson {
    const person = personBehind(as);
    handles.set(person.bsuid, person.phone ?? person.bsuid);
    return person;
  }

  function identified(input: Say): Say & { id: string } {
    return { ...input, id: input.id ?? messageId(personBehind(input.as), "in") };
  }

  /** Delivers as Meta does. */
  async function posted(request: SimulatedRequest): Promise<void> {
    if (webhookUrl === undefined) throw new Error("the simulator is not attached to a hub");
    await deliverWebhook(request, webhookUrl, { signal: stopped.signal });
  }

  const notice = (change: SimulatedChange) => signedRequest(notification(account, change), account);

  /** A customer's message that is more than words and files. */
  async function does(input: { as: string; name?: string | undefined }, message: Record<string, Json>) {
    const person = known(input.as);
    const id = messageId(person, "in");
    const messages = [{ id, ...message }];
    await posted(signedRequest(customerBody(person, { account, name: input.name, messages }), account));
    return { id };
  }

  return {
    settings: { ...account, apiBaseUrl: originOf(server), apiVersion: "v25.0" },
    sends: SENDS,
    reads,
    attach(hub) {
      webhookUrl = hub.webhookUrl;
    },
    async say(input) {
      const said = identified(input);
      await posted(requestFor(said));
      return { id: said.id };
    },
    request: (input) => requestFor(identified(input)),
    notice,
    announce: (change) => posted(notice(change)),
    heard: (as) => [...earsOf(as)],
    onHeard(listener) {
      listeners.push(listener);
    },
    failNext(kind, count = 1) {
      failures.push(...Array.from({ length: count }, () => kind));
    },
    identifier(as) {
      const { phone, bsuid } = personBehind(as);
      return phone === undefined ? { type: "bsuid", value: bsuid } : { type: "phone", value: phone };
    },
    opens: (url) => URL.parse(url)?.searchParams.get("text") ?? undefined,
    async press({ as, name, message, button }) {
      const reply = replyTo(
        earsOf(as).find(({ id }) => id === message),
        button,
      );
      const context = { from: account.displayPhoneNumber.replace(/\D/g, ""), id: message };
      return does({ as, name }, { context, type: "interactive", interactive: reply });
    },
    ...customerActions({ does, announce: (change) => posted(notice(change)), personOf: known, account }),
    async stop() {
      stopped.abort();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

const SUCCESS: GraphAnswer = { status: 200, body: { success: true } };

/** What WhatsApp sends for the choice. @throws {Error} when it was not offered */
function replyTo(heard: Heard | undefined, id: string): Record<string, Json> {
  const button = heard?.buttons?.find((offered) => offered.id === id);
  if (button !== undefined) return { type: "button_reply", button_reply: { id, title: button.title } };
  const row = heard?.list?.sections.flatMap((section) => section.rows).find((offered) => offered.id === id);
  if (row === undefined) throw new Error("there is nothing of that kind to press");
  return { type: "list_reply", list_reply: { ...row } };
}

function isHandle(text: string): boolean {
  try {
    personBehind(text);
    return true;
  } catch {
    return false; // Meta answers "undeliverable" for a recipient that can't be one.
  }
}
