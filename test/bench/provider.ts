// The simulated WhatsApp in a process of its own. Tells the load generator, over a socket, who was answered.
import { connect, type Socket } from "node:net";
import { simulator } from "../../adapters/whatsapp/simulator.ts";

/** Answers are told in gathered lines, so that telling costs next to nothing. Milliseconds. */
const GATHER_MS = 4;

const double = await simulator.start({ statuses: false });
let ears: Socket | undefined;
let gathered: string[] = [];

double.onHeard((as) => {
  if (gathered.push(as) === 1) setTimeout(tell, GATHER_MS);
});

function tell(): void {
  ears?.write(`${gathered.join("\n")}\n`);
  gathered = [];
}

process.on("message", (port: number) => {
  ears = connect(port, "127.0.0.1", () => process.send?.({ listening: true }));
});
process.on("disconnect", () => process.exit(0));
process.send?.({ settings: double.settings });
