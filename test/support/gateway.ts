import { z } from "zod";
import type { Simulator } from "../../adapters/contract/index.ts";
import { createApiKey } from "../../apps/core/access/api-keys.ts";
import { readConfig } from "../../apps/core/platform/config.ts";
import { startGateway, type Gateway } from "../../apps/gateway/server.ts";
import type { LiveOptions } from "../../apps/gateway/live/server.ts";
import type { TestHub } from "./hub.ts";

/** What the API answered. */
export interface ApiAnswer {
  status: number;
  headers: Headers;
  /** Parsed JSON; undefined where there was no body. */
  body: unknown;
}

/** A real gateway on a test's hub. */
export interface TestGateway {
  url: string;
  /** A key that may do everything. */
  key: string;
  /** Calls the API with that key. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
  /** Adds an account through the API, its provider's double attached to the gateway. */
  account(channel: string): Promise<{ id: string; simulator: Simulator }>;
  close(): Promise<void>;
}

const created = z.object({ id: z.string(), webhookUrl: z.string() });

/** Starts a gateway on 127.0.0.1, on a free port unless one is given. */
export async function startTestGateway(
  test: TestHub,
  live?: LiveOptions,
  { port = 0, widgetFile }: { port?: number; widgetFile?: string } = {},
): Promise<TestGateway> {
  const config = readConfig({ PORT: String(port), REPLY_QUIET_MS: "20" });
  const gateway: Gateway = await startGateway(test.hub, { config, widgetFile, ...(live ? { live } : {}) });
  const { key } = await createApiKey(test.parts.db, { workspaceId: test.workspaceId, name: "test", scopes: ["*"] });
  const simulators: Simulator[] = [];

  async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(gateway.url + path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: "manual",
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get("content-type") ?? "");
    const parsed: unknown = isJson ? JSON.parse(text) : text === "" ? undefined : text;
    return { status: response.status, headers: response.headers, body: parsed };
  }

  return {
    url: gateway.url,
    key,
    call,
    async account(channel) {
      const adapter = test.parts.adapters.get(channel);
      if (adapter?.simulator === undefined) throw new Error(`${channel} has no simulator`);
      const simulator = await adapter.simulator.start();
      simulators.push(simulator);
      const answer = await call("POST", "/v1/channel-accounts", {
        channel,
        name: channel,
        settings: simulator.settings,
      });
      const { id, webhookUrl } = created.parse(answer.body);
      simulator.attach({ webhookUrl, liveUrl: webhookUrl });
      return { id, simulator };
    },
    async close() {
      await Promise.all(simulators.map((s) => s.stop()));
      await gateway.close();
    },
  };
}
