import { Router, type Request, type RequestHandler, type Response } from "express";
import { z } from "zod";
import type { HttpReply, InboundEvent, RawRequest, RespondContext } from "../../adapters/contract/index.ts";
import type { OpenAccount } from "../core/channels/accounts.ts";
import { adapterState } from "../core/channels/adapter-state.ts";
import { recalled } from "../core/channels/recall.ts";
import { accountUrls } from "../core/channels/configure.ts";
import { acquaintance } from "../core/conversation/acquaintance.ts";
import { described } from "../core/platform/log.ts";
import { notFound, Problem } from "../core/platform/problem.ts";
import { rawRequest, readBody } from "./http/raw.ts";
import type { GatewayParts } from "./parts.ts";

/** Largest delivery of a provider, in bytes: 4 MiB, unless its adapter says that it sends more. */
const DELIVERY_LIMIT = 4 * 1024 * 1024;
const METHODS = new Set(["GET", "POST"]);
/** When to come again after a failure of ours, in seconds. */
const RETRY_AFTER = "5";

/**
 * Providers deliver at `/channels/:accountId`. Answered 200 only when everything in the delivery is durable; on a failure
 * of ours 503, so that the provider comes again.
 */
export function webhooks(parts: GatewayParts): Router {
  const router = Router({ caseSensitive: true });
  const accounts = new WeakMap<Request, OpenAccount>();
  const known: RequestHandler = async (request, _response, next) => {
    // Before the body is read: nobody's bytes are not worth reading.
    accounts.set(request, await accountOf(parts, request));
    next();
  };
  const deliver: RequestHandler = async (request, response) => {
    const account = accounts.get(request);
    if (account === undefined) throw new Error("a delivery came without its account");
    await answer(parts, account, { request, response });
  };
  const read: RequestHandler = (request, response, next) => {
    const limit = accounts.get(request)?.adapter.webhook?.maxBytes ?? DELIVERY_LIMIT;
    return readBody({ limit, asSent: true })(request, response, next);
  };
  router.all("/channels/:accountId", known, read, deliver);
  return router;
}

async function accountOf(parts: GatewayParts, request: Request): Promise<OpenAccount> {
  const id = z.uuid().safeParse(request.params["accountId"]);
  const account = id.success ? await parts.accounts.find(id.data.toLowerCase()) : undefined;
  if (account?.adapter.webhook === undefined) throw notFound("channel account with a webhook");
  if (!METHODS.has(request.method)) {
    request.res?.set("allow", [...METHODS].join(", "));
    throw new Problem("methodNotAllowed", "Deliveries are sent by POST.");
  }
  return account;
}

async function answer(
  parts: GatewayParts,
  account: OpenAccount,
  { request, response }: { request: Request; response: Response },
): Promise<void> {
  const { webhook } = account.adapter;
  if (webhook === undefined) throw notFound("channel account with a webhook");
  const raw = rawRequest(request, parts.exposure.publicUrl);
  const handshake = webhook.handshake?.(raw, account.settings);
  if (handshake !== undefined) {
    reply(response, handshake);
    return;
  }
  if (!webhook.verify(raw, account.settings)) {
    parts.log.warn({ account: account.id }, "a delivery was refused: its signature is missing or wrong");
    throw new Problem("unauthenticated", "The signature is missing or wrong.");
  }
  if (account.status !== "active") {
    // Not acknowledged, so that nothing is lost: providers come again for hours or days.
    response.set("retry-after", "300");
    throw new Problem("unavailable", "This channel account is paused.");
  }
  const events = await parsed(parts, account, raw);
  try {
    await parts.ingest.ingest(
      { workspaceId: account.workspaceId, accountId: account.id, channel: account.channel },
      await recalled(parts, account, events),
    );
  } catch (cause) {
    parts.log.error({ ...described(cause), account: account.id }, "a delivery could not be stored");
    response.set("retry-after", RETRY_AFTER);
    throw new Problem("unavailable", "The delivery could not be stored; send it again.", { cause });
  }
  const answered = await webhook.respond?.(raw, account.settings, respondContext(parts, account));
  reply(response, answered ?? { status: 200 });
}

function respondContext(parts: GatewayParts, account: OpenAccount): RespondContext {
  return {
    accountId: account.id,
    webhookUrl: accountUrls(parts.exposure.publicUrl, account.id).webhookUrl,
    state: adapterState(parts, account),
    customer: (event) => acquaintance(parts, account, event),
  };
}

/** What an adapter says of a bad delivery may quote it, so neither the log nor the answer repeats it. */
async function parsed(parts: GatewayParts, account: OpenAccount, raw: RawRequest): Promise<InboundEvent[]> {
  try {
    return (await account.adapter.webhook?.parse(raw, account.settings)) ?? [];
  } catch (cause) {
    const kind = cause instanceof Error ? cause.name : typeof cause;
    parts.log.warn({ account: account.id, kind }, "a delivery was refused: it is not what the provider sends");
    throw new Problem("invalid", "The body is not what this channel's provider sends.", { code: "malformed-delivery" });
  }
}

function reply(response: Response, { status, headers, body }: HttpReply): void {
  response.status(status).set(headers ?? {});
  // What an adapter echoes (a challenge) must never be read as a page.
  if (body !== undefined && response.get("content-type") === undefined) response.type("text/plain");
  response.end(body);
}
