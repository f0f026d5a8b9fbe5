import type { Parts } from "../../parts.ts";
import { newId } from "../../platform/ids.ts";
import type { DemoOrderStore } from "./orders.ts";

/** The demo shop's orders in the database: product codes and dates, by the customer's identifier; no personal data. */
export function openDemoOrderStore(parts: Pick<Parts, "db">): DemoOrderStore {
  const { prisma } = parts.db;
  return {
    async placed({ workspaceId, identifiers }) {
      const rows = await prisma.demoOrder.findMany({
        where: { workspaceId, identifierId: { in: identifiers.map((i) => i.id) } },
        orderBy: { placedAt: "desc" },
      });
      return rows.map((r) => ({ orderId: r.id, sku: r.sku, placedAt: r.placedAt }));
    },
    async place({ workspaceId, identifiers }, sku) {
      const [identifier] = identifiers;
      if (identifier === undefined) throw new Error("the demo shop needs a proven identifier");
      const row = await prisma.demoOrder.create({
        data: { workspaceId, id: newId(), identifierId: identifier.id, sku, placedAt: new Date() },
      });
      return { orderId: row.id, sku: row.sku, placedAt: row.placedAt };
    },
  };
}
