import { deliverWebhook } from "../contract/index.ts";
import type { SimulatedRequest } from "../contract/index.ts";
import type { JsonObject } from "./fields.ts";
import { accepted, judgeWebhook, pollingOf, refused } from "./simulatedBotApi.ts";
import type { ApiAnswer } from "./simulatedBotApi.ts";

/** An update, numbered. */
export interface NumberedUpdate {
  id: number;
  update: JsonObject;
}

/** How updates leave Telegram for the hub: pushed to a webhook, or held until they are asked for. */
export interface Outlet {
  /** Where the hub is, for a hub that has not said it itself by `setWebhook`. */
  attach(url: string): void;
  /** Resolves when the hub has acknowledged the update: a 2xx, or a `getUpdates` past it. @throws Error when it refuses */
  put(update: NumberedUpdate): Promise<void>;
  /** The webhook request for an update. */
  request(update: JsonObject): SimulatedRequest;
  /** The methods of getting updates; undefined for any other. */
  answer(method: string, payload: JsonObject, gone: AbortSignal): Promise<ApiAnswer> | undefined;
  stop(): void;
}

/** A hub that answers 4xx has read the update and does not want it; Telegram insists, the double a few times. */
const REFUSALS = 3;

interface OutletOptions {
  secretToken: string;
  /** Carries out the method call that a webhook's answer may hold. */
  onReply(call: JsonObject): void;
}

/** Most updates that wait for a poller which may never come. */
const MOST_WAITING = 1_000;

/**
 * Makes an outlet. Until the bot has chosen between webhook and polling, updates go to the attached hub and wait for a
 * poller as well, so that either kind of hub can be tried without setting up the other.
 */
export function outlet({ secretToken, onReply }: OutletOptions): Outlet {
  let attached: string | undefined;
  let webhook: { url: string; secret: string | undefined; allowed: string[] | undefined } | undefined;
  let chosen: "webhook" | "polling" | undefined;
  let waiting: NumberedUpdate[] = [];
  let lastError: JsonObject = {};
  let poller: AbortController | undefined;
  const stopped = new AbortController();
  const arrivals = new EventTarget();
  const confirmations = new Map<number, { resolve(): void; reject(reason: Error): void }>();
  const lanes = new Map<string, Promise<void>>();

  function request(update: JsonObject): SimulatedRequest {
    const secret = webhook === undefined ? secretToken : webhook.secret;
    const header = secret === undefined ? {} : { "x-telegram-bot-api-secret-token": secret };
    const headers = { "content-type": "application/json", ...header };
    return { method: "POST", headers, body: JSON.stringify(update) };
  }

  function wanted(update: JsonObject, allowed: string[] | undefined): boolean {
    return allowed === undefined || Object.keys(update).some((key) => allowed.includes(key));
  }

  async function push({ update }: NumberedUpdate): Promise<void> {
    const url = attached ?? webhook?.url;
    if (url === undefined) throw new Error("the simulator is not attached to a hub");
    if (!wanted(update, webhook?.allowed)) return;
    const onFailure = (status: number | undefined) => {
      const reason = status === undefined ? "Connection failed" : `Wrong response from the webhook: ${status}`;
      lastError = { last_error_date: Math.floor(Date.now() / 1000), last_error_message: reason };
    };
    const text = await deliverWebhook(request(update), url, { signal: stopped.signal, refusals: REFUSALS, onFailure });
    const reply = replyIn(text);
    if (reply !== undefined) onReply(reply);
  }

  function confirmed(id: number): Promise<void> {
    return new Promise((resolve, reject) => confirmations.set(id, { resolve, reject }));
  }

  /** One update of a lane after the other, as Telegram keeps a chat's updates in order. */
  function inLane(update: NumberedUpdate): Promise<void> {
    const lane = laneOf(update.update);
    const turn = (lanes.get(lane) ?? Promise.resolve()).catch(() => undefined).then(() => push(update));
    const settled = turn
      .catch(() => undefined)
      .then(() => {
        if (lanes.get(lane) === settled) lanes.delete(lane);
      });
    lanes.set(lane, settled);
    return turn;
  }

  async function put(update: NumberedUpdate): Promise<void> {
    if (chosen === "webhook") return inLane(update);
    waiting = [...waiting.filter(({ id }) => id !== update.id), update].slice(-MOST_WAITING);
    arrivals.dispatchEvent(new Event("update"));
    if (chosen === "polling") return confirmed(update.id);
    await inLane(update).catch(async (error: unknown) => {
      // What the webhook refused, a poller that has come meanwhile may take.
      if (poller === undefined) throw error;
      if (waiting.some(({ id }) => id === update.id)) await confirmed(update.id);
    });
  }

  function forget(offset: number): void {
    for (const { id } of waiting.filter((update) => update.id < offset)) {
      confirmations.get(id)?.resolve();
      confirmations.delete(id);
    }
    waiting = waiting.filter(({ id }) => id >= offset);
  }

  async function getUpdates(payload: JsonObject, gone: AbortSignal): Promise<ApiAnswer> {
    const asked = pollingOf(payload);
    if (asked === undefined) return refused(400, "Bad Request: can't parse getUpdates");
    if (chosen === "webhook") {
      return refused(
        409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
      );
    }
    chosen = "polling";
    poller?.abort();
    const own = new AbortController();
    poller = own;
    if (asked.offset !== undefined) forget(asked.offset);
    const until = AbortSignal.any([AbortSignal.timeout(asked.timeout * 1000), own.signal, gone, stopped.signal]);
    const ready = () => waiting.filter(({ update }) => wanted(update, asked.allowed_updates)).slice(0, asked.limit);
    while (ready().length === 0 && !until.aborted) await next(arrivals, until);
    if (own.signal.aborted) {
      return refused(
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
      );
    }
    return accepted(ready().map(({ update }) => update));
  }

  function setWebhook(payload: JsonObject): ApiAnswer {
    const asked = judgeWebhook(payload);
    if ("status" in asked) return asked;
    if (asked.url === "") return deleteWebhook();
    const held = chosen === "polling" ? waiting : [];
    webhook = { url: asked.url, secret: asked.secret_token, allowed: asked.allowed_updates };
    chosen = "webhook";
    waiting = [];
    for (const update of held) {
      const known = confirmations.get(update.id);
      confirmations.delete(update.id);
      // The speaker waits for it; where nobody does, a hub's refusal is its own loss.
      inLane(update).then(
        () => known?.resolve(),
        (error: unknown) => known?.reject(error instanceof Error ? error : new Error(String(error))),
      );
    }
    return accepted(true);
  }

  function deleteWebhook(): ApiAnswer {
    webhook = undefined;
    chosen = "polling";
    return accepted(true);
  }

  return {
    attach(url) {
      attached = url;
    },
    put,
    request,
    answer(method, payload, gone) {
      if (method === "getUpdates") return getUpdates(payload, gone);
      if (method === "setWebhook") return Promise.resolve(setWebhook(payload));
      if (method === "deleteWebhook") return Promise.resolve(deleteWebhook());
      if (method !== "getWebhookInfo") return undefined;
      const info: JsonObject = {
        url: webhook?.url ?? "",
        has_custom_certificate: false,
        pending_update_count: waiting.length,
        ...(webhook?.allowed === undefined ? {} : { allowed_updates: webhook.allowed }),
        ...lastError,
      };
      return Promise.resolve(accepted(info));
    },
    stop() {
      stopped.abort();
      for (const { reject } of confirmations.values()) reject(new Error("the simulator was stopped"));
      confirmations.clear();
    },
  };
}

/** The chat that an update belongs to, wherever its kind keeps it. */
function laneOf(update: JsonObject): string {
  return /"chat":\{"id":(-?\d+)/.exec(JSON.stringify(update))?.[1] ?? "";
}

/** The method call in a webhook's answer. Anything else there means nothing to Telegram. */
function replyIn(text: string): JsonObject | undefined {
  if (!text.startsWith('{"method"')) return undefined;
  const call: JsonObject = JSON.parse(text);
  return call;
}

/** Waits for the next arrival, or for the signal. */
function next(arrivals: EventTarget, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      arrivals.removeEventListener("update", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    arrivals.addEventListener("update", done);
    signal.addEventListener("abort", done);
  });
}
