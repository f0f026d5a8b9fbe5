import { randomBytes } from "node:crypto";
import { deliverWebhook } from "../contract/index.ts";
import type { Heard, MediaKind, Say, SimulatedRequest, Simulator, SimulatorFactory } from "../contract/index.ts";
import type { JsonObject } from "./fields.ts";
import { consentMissing, fetchFile, judge, refused, uploadFailed } from "./simulatedGraph.ts";
import type { AcceptedCall, GraphAnswer, GraphRequest } from "./simulatedGraph.ts";
import { graphServer } from "./simulatedServer.ts";
import { businessItem, customerItem, igsidOf, messageId, signedRequest } from "./simulatedWebhook.ts";

/** The double, with what the business can do beside the API. All resolve when the hub has acknowledged. */
export interface InstagramSimulator extends Simulator {
  request(input: Say): SimulatedRequest;
  press(input: { as: string; name?: string; message: string; button: string }): Promise<string>;
  act(input: { as: string; name?: string; action: string }): Promise<void>;
  /** The business writes in the Instagram app. */
  writeInApp(input: { to: string; text: string }): Promise<{ id: string }>;
  /** Called for every call of the API that was understood. */
  onCall(listener: (call: AcceptedCall) => void): void;
}

interface InstagramSimulatorFactory extends SimulatorFactory {
  start(): Promise<InstagramSimulator>;
}

/** A double of Meta's Instagram API for one professional account. */
export const simulator: InstagramSimulatorFactory = {
  handles: [
    { handle: "6915287601234567", name: "Sarah" },
    { handle: "6915287601234568", name: "Tom" },
    { handle: "6915287601234569", name: "Ines" },
  ],
  start: startSimulator,
};

/** A customer, as far as the double remembers them. */
interface Customer {
  igsid: string;
  name: string | undefined;
  hasWritten: boolean;
  heard: Heard[];
  /** Ids of messages whose buttons are quick replies. */
  quick: Set<string>;
  /** Id of what they said last, until it is taken back. */
  said: string | undefined;
  /** The newest message that they have read. */
  read: string | undefined;
}

/** What Meta calls the kinds of files that a customer can send. */
const ATTACHMENTS = new Map<MediaKind, string>([
  ["image", "image"],
  ["video", "video"],
  ["audio", "audio"],
  ["document", "file"],
]);

async function startSimulator(): Promise<InstagramSimulator> {
  const account = {
    accountId: "17841405822300000",
    username: "oslo_chairs",
    accessToken: `IGAA${randomBytes(48).toString("base64url")}`,
    appSecret: randomBytes(16).toString("hex"),
    verifyToken: randomBytes(16).toString("hex"),
  };
  const customers = new Map<string, Customer>();
  const files = new Map<string, { mime: string; data: Uint8Array; signature: string }>();
  const heardListeners: ((as: string, heard: Heard) => void)[] = [];
  const callListeners: ((call: AcceptedCall) => void)[] = [];
  const failures: Parameters<Simulator["failNext"]>[0][] = [];
  const stopped = new AbortController();
  let subscribed: string[] = [];
  let webhookUrl: string | undefined;

  function customerOf(as: string, name?: string): Customer {
    const igsid = igsidOf(as);
    const known = customers.get(igsid) ?? {
      igsid,
      name: simulator.handles.find(({ handle }) => handle === igsid)?.name,
      hasWritten: false,
      heard: [],
      quick: new Set(),
      said: undefined,
      read: undefined,
    };
    known.name = name ?? known.name;
    customers.set(igsid, known);
    return known;
  }

  async function post(item: JsonObject): Promise<void> {
    if (webhookUrl === undefined) throw new Error("the simulator is not attached to a hub");
    await deliverWebhook(signedRequest(item, account), webhookUrl, { signal: stopped.signal });
  }

  /** What nobody waits for: a hub that refuses it, or is gone for good, is its own loss; Meta drops it in the end, too. */
  function tell(item: JsonObject): void {
    if (webhookUrl !== undefined) void post(item).catch(() => undefined);
  }

  /** Answers an API call; undefined when the answer is to be lost on the way. */
  async function answer(request: GraphRequest): Promise<GraphAnswer | undefined> {
    const failure = failures.shift();
    if (failure !== undefined && failure !== "unknown") return refused(failure);
    const call = judge(request, account);
    if ("status" in call) return call;
    for (const listener of callListeners) listener(call);
    const done = await carryOut(call);
    return failure === "unknown" ? undefined : done;
  }

  async function carryOut(call: AcceptedCall): Promise<GraphAnswer> {
    switch (call.call) {
      case "me":
        return {
          status: 200,
          body: { user_id: account.accountId, username: account.username, id: "28978671838402975" },
        };
      case "subscriptions":
        return { status: 200, body: { data: subscribed.length === 0 ? [] : [{ subscribed_fields: subscribed }] } };
      case "subscribe":
        subscribed = call.fields;
        return { status: 200, body: { success: true } };
      case "action":
        return { status: 200, body: { recipient_id: call.to } };
      case "profile": {
        const { igsid, name = null, hasWritten } = customerOf(call.of);
        if (!hasWritten) return consentMissing();
        return { status: 200, body: { name, username: `user_${igsid.slice(-4)}`, id: igsid } };
      }
      case "message":
        return reach(call);
    }
  }

  async function reach({ to, message }: Extract<AcceptedCall, { call: "message" }>): Promise<GraphAnswer> {
    const id = messageId();
    const customer = customerOf(to);
    const heard = await heardOf(id, message);
    if (heard === undefined) return uploadFailed();
    if ("quick_replies" in message && message.quick_replies !== undefined) customer.quick.add(id);
    customer.heard.push(heard);
    for (const listener of heardListeners) listener(to, heard);
    // Meta echoes what comes by its API just as what is written in the app.
    const said = "text" in message ? { text: message.text } : { attachments: [message.attachment] };
    const reference = message.metadata === undefined ? {} : { metadata: message.metadata };
    tell(businessItem(to, account, { message: { mid: id, ...said, is_echo: true, ...reference } }));
    return { status: 200, body: { recipient_id: to, message_id: id } };
  }

  async function heardOf(
    id: string,
    message: Extract<AcceptedCall, { call: "message" }>["message"],
  ): Promise<Heard | undefined> {
    const at = new Date();
    if ("text" in message) {
      const buttons = message.quick_replies?.map(({ title, payload }) => ({ id: payload, title }));
      return { id, text: message.text, ...(buttons === undefined ? {} : { buttons }), at };
    }
    const { type, payload } = message.attachment;
    if (type !== "template") {
      const media = await fetchFile(type, payload.url, stopped.signal);
      return media === undefined ? undefined : { id, text: "", media, at };
    }
    const buttons = payload.buttons.flatMap((one) =>
      one.type === "postback" ? [{ id: one.payload, title: one.title }] : [],
    );
    const link = payload.buttons.find((one) => one.type === "web_url");
    return {
      id,
      text: payload.text,
      ...(buttons.length === 0 ? {} : { buttons }),
      ...(link === undefined ? {} : { link: { url: link.url, title: link.title } }),
      at,
    };
  }

  /** Who does something in the conversation has it open: what was there is read. */
  function open(customer: Customer): void {
    const newest = customer.heard.at(-1)?.id;
    customer.hasWritten = true;
    if (newest === undefined || newest === customer.read) return;
    customer.read = newest;
    tell(customerItem(customer.igsid, account, { read: { mid: newest } }));
  }

  function itemFor(input: Say & { id: string }): JsonObject {
    const { igsid } = customerOf(input.as, input.name);
    const ref = refIn(input.text);
    if (ref !== undefined) {
      return customerItem(igsid, account, { referral: { ref, source: "SHORTLINKS", type: "OPEN_THREAD" } });
    }
    const attachments = input.media === undefined ? [] : [attachmentOf(input.media)];
    const message = {
      mid: input.id,
      ...(input.text === "" ? {} : { text: input.text }),
      ...(attachments.length === 0 ? {} : { attachments }),
    };
    return customerItem(igsid, account, { message });
  }

  function attachmentOf({ kind, mime, data }: NonNullable<Say["media"]>): JsonObject {
    const type = ATTACHMENTS.get(kind);
    if (type === undefined) throw new Error(`an Instagram customer sends no ${kind}`);
    const [assetId, signature] = [randomBytes(8).readBigUInt64BE().toString(), randomBytes(24).toString("base64url")];
    files.set(assetId, { mime, data, signature });
    return { type, payload: { url: `${server.origin}/ig_messaging_cdn/?asset_id=${assetId}&signature=${signature}` } };
  }

  /** The `ref` of a link that opens this account's conversation: following it is no text, but tells of the link. */
  function refIn(text: string): string | undefined {
    const url = URL.parse(text);
    const ours = url?.host === "ig.me" && url.pathname === `/m/${account.username}`;
    return ours ? (url.searchParams.get("ref") ?? undefined) : undefined;
  }

  const server = await graphServer({
    answer,
    file(assetId, signature) {
      const file = files.get(assetId);
      return file?.signature === signature ? file : undefined;
    },
  });

  return {
    settings: { ...account, apiBaseUrl: server.origin, apiVersion: "v25.0" },
    attach(hub) {
      webhookUrl = hub.webhookUrl;
    },
    async say(input) {
      const said = { ...input, id: input.id ?? messageId() };
      const item = itemFor(said);
      const customer = customerOf(input.as);
      await post(item);
      open(customer);
      customer.said = said.id;
      return { id: said.id };
    },
    request: (input) => signedRequest(itemFor({ ...input, id: input.id ?? messageId() }), account),
    heard: (as) => [...customerOf(as).heard],
    onHeard(listener) {
      heardListeners.push(listener);
    },
    onCall(listener) {
      callListeners.push(listener);
    },
    failNext(kind, count = 1) {
      if (kind !== "unknown") refused(kind);
      failures.push(...Array.from({ length: count }, () => kind));
    },
    identifier: (as) => ({ type: "instagram", value: igsidOf(as) }),
    opens: (url) => (refIn(url) === undefined ? undefined : url),
    async press({ as, name, message, button }) {
      const customer = customerOf(as, name);
      const chosen = customer.heard.find(({ id }) => id === message)?.buttons?.find(({ id }) => id === button);
      if (chosen === undefined) throw new Error("there is no such button");
      const id = messageId();
      const what: JsonObject = customer.quick.has(message)
        ? { message: { mid: id, text: chosen.title, quick_reply: { payload: chosen.id } } }
        : { postback: { mid: id, title: chosen.title, payload: chosen.id } };
      await post(customerItem(customer.igsid, account, what));
      open(customer);
      return id;
    },
    actions(as) {
      const { heard, said } = customerOf(as);
      return [
        ...(heard.length === 0 ? [] : [{ id: "react", title: "React with ❤️" }]),
        ...(said === undefined ? [] : [{ id: "unsend", title: "Unsend the last message" }]),
        { id: "mention", title: "Mention in a story" },
      ];
    },
    async act({ as, name, action }) {
      const customer = customerOf(as, name);
      const { igsid, said } = customer;
      const newest = customer.heard.at(-1)?.id;
      if (action === "react" && newest !== undefined) {
        const reaction = { mid: newest, action: "react", reaction: "love", emoji: "❤️" };
        await post(customerItem(igsid, account, { reaction }));
      } else if (action === "unsend" && said !== undefined) {
        await post(customerItem(igsid, account, { message: { mid: said, is_deleted: true } }));
        customer.said = undefined;
      } else if (action === "mention") {
        const url = `${server.origin}/ig_messaging_cdn/?asset_id=0&signature=expired`;
        const attachments = [{ type: "story_mention", payload: { url } }];
        await post(customerItem(igsid, account, { message: { mid: messageId(), attachments } }));
      } else throw new Error("the customer can't do that now");
      open(customer);
    },
    async writeInApp({ to, text }) {
      const { igsid, heard } = customerOf(to);
      const id = messageId();
      heard.push({ id, text, at: new Date() });
      await post(businessItem(igsid, account, { message: { mid: id, text, is_echo: true } }));
      return { id };
    },
    sends: [...ATTACHMENTS.keys()],
    async stop() {
      stopped.abort();
      await server.stop();
    },
  };
}
