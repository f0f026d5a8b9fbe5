import type { Parts } from "./core/parts.ts";
import { openDemoOrderStore } from "./core/reply/demo/order-store.ts";
import { createDemoOrders } from "./core/reply/demo/orders.ts";
import { demoKnowledgeFolder } from "./core/reply/demo/shop.ts";
import type { Generator } from "./core/reply/generator.ts";
import { KnowledgeError } from "./core/reply/knowledge/load.ts";
import { loadKnowledge } from "./core/reply/knowledge/knowledge.ts";
import { createRulesGenerator } from "./core/reply/rules/generator.ts";
import { StartError } from "./core/platform/start-error.ts";

/**
 * The generator of this installation: rules over a folder of knowledge (the demo shop's, unless another is named), with the
 * demo shop's orders.
 * @throws {StartError} naming the file and line that is wrong
 */
export async function openGenerator(parts: Pick<Parts, "db">, knowledgeDir: string | undefined): Promise<Generator> {
  try {
    const knowledge = await loadKnowledge(knowledgeDir ?? demoKnowledgeFolder);
    const orders = createDemoOrders({
      store: openDemoOrderStore(parts),
      knowledge,
      shopUrl: "https://ergoshop.example",
    });
    return createRulesGenerator({ knowledge, orders });
  } catch (error) {
    if (error instanceof KnowledgeError) throw new StartError(`KNOWLEDGE_DIR: ${error.message}`);
    throw error;
  }
}
