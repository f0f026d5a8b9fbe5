import { createServer, type IncomingMessage } from "node:http";
import type { HttpReply, InboundEvent, RawRequest, SimulatedRequest } from "../../adapters/contract/index.ts";
import { adapterState } from "../../apps/core/channels/adapter-state.ts";
import { recalled } from "../../apps/core/channels/recall.ts";
import { acquaintance } from "../../apps/core/conversation/acquaintance.ts";
import type { Hub } from "../../apps/start.ts";

/** Just enough of the gateway for the doubles: their webhooks are verified, parsed, stored and acknowledged. */
export interface Door {
  /** Without a slash at its end. */
  url: string;
  /** Verifies and parses a request. @throws Error when its signature is refused */
  read(accountId: string, request: SimulatedRequest): Promise<InboundEvent[]>;
  close(): Promise<void>;
}

/** Opens a door to a hub on a free port of 127.0.0.1. */
export async function openDoor(hub: Hub): Promise<Door> {
  async function account(accountId: string) {
    const found = await hub.parts.accounts.find(accountId);
    if (found?.adapter.webhook === undefined) throw new Error("no account with a webhook is there");
    return { ...found, webhook: found.adapter.webhook };
  }

  async function parsed(accountId: string, raw: RawRequest): Promise<InboundEvent[]> {
    const found = await account(accountId);
    const { webhook, settings } = found;
    if (!webhook.verify(raw, settings)) throw new Error("the signature is refused");
    return recalled(hub.parts, found, await webhook.parse(raw, settings));
  }

  async function answer(request: IncomingMessage): Promise<HttpReply> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const url = `${origin()}${request.url ?? "/"}`;
    const accountId = /^\/channels\/([^/?]+)/.exec(request.url ?? "")?.[1] ?? "";
    const headers = Object.entries(request.headersDistinct).map(([name, values]) => [name, values?.join(", ")]);
    const raw = {
      method: request.method ?? "",
      url,
      headers: Object.fromEntries(headers),
      query: new URL(url).searchParams,
      body: Buffer.concat(chunks),
    };
    const events = await parsed(accountId, raw);
    const found = await account(accountId);
    const { workspaceId, id, channel, webhook, settings } = found;
    await hub.ingest.ingest({ workspaceId, accountId: id, channel }, events);
    const reply = await webhook.respond?.(raw, settings, {
      accountId: id,
      webhookUrl: `${origin()}/channels/${id}`,
      state: adapterState(hub.parts, found),
      customer: (event) => acquaintance(hub.parts, found, event),
    });
    return reply ?? { status: 200 };
  }

  const server = createServer((request, response) => {
    answer(request).then(
      (reply) => response.writeHead(reply.status, reply.headers).end(reply.body),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = () => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the door is on no port");
    return `http://127.0.0.1:${address.port}`;
  };
  return {
    url: origin(),
    read: (accountId, { method, headers, body }) => {
      const url = `${origin()}/channels/${accountId}`;
      return parsed(accountId, { method, url, headers, query: new URLSearchParams(), body: Buffer.from(body) });
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
