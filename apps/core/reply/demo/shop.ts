import path from "node:path";

/** The folder with the demo shop's knowledge, used unless the business names its own. */
export const demoKnowledgeFolder = path.join(import.meta.dirname, "knowledge");
