import { expect, it } from "vitest";
import { loadKnowledge } from "../knowledge/knowledge.ts";
import { memoryStore } from "../rules/testing/stage.ts";
import { createDemoOrders, trackingNumberOf } from "./orders.ts";
import { demoKnowledgeFolder } from "./shop.ts";

const customer = { workspaceId: "w", identifiers: [{ id: "1", type: "phone", value: "+14155550123" }] };
const other = { workspaceId: "w", identifiers: [{ id: "2", type: "phone", value: "+14155550199" }] };

it("sells at the link, ships at once and arrives after three days", async () => {
  let now = new Date("2026-11-24T10:00:00Z");
  const knowledge = await loadKnowledge(demoKnowledgeFolder);
  const orders = createDemoOrders({
    store: memoryStore(() => now),
    knowledge,
    shopUrl: "https://shop.test/",
    now: () => now,
  });
  const link = await orders.purchaseLink(customer, "ERGO-MAX");
  expect(link).toBe("https://shop.test/buy/ergo-max?order=order-1");
  expect(await orders.purchaseLink(customer, "ERGO-MAX")).toBe(link);
  const [order, ...more] = await orders.ordersOf(customer);
  expect(more).toEqual([]);
  expect(order).toMatchObject({
    state: "shipped",
    arrivesAt: new Date("2026-11-27T10:00:00Z"),
    items: [{ name: "ErgoMax", quantity: 1 }],
  });
  expect(order?.tracking?.number).toBe(trackingNumberOf("order-1"));
  expect(order?.tracking?.number).toMatch(/^SP\d{10}US$/);
  expect(await orders.ordersOf(other)).toEqual([]);
  now = new Date("2026-11-27T10:00:00Z");
  expect((await orders.ordersOf(customer))[0]?.state).toBe("delivered");
  expect(await orders.purchaseLink(customer, "ERGO-MAX")).not.toBe(link);
});

it("sells nothing to nobody", async () => {
  const now = new Date("2026-11-24T10:00:00Z");
  const orders = createDemoOrders({
    store: memoryStore(() => now),
    knowledge: await loadKnowledge(demoKnowledgeFolder),
    shopUrl: "https://shop.test",
    now: () => now,
  });
  const nobody = { workspaceId: "w", identifiers: [] };
  expect(await orders.purchaseLink(nobody, "ERGO-MAX")).toBe("https://shop.test/buy/ergo-max");
  expect(await orders.ordersOf(nobody)).toEqual([]);
});
