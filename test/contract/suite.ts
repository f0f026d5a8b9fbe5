import { describe, it } from "vitest";
import { listenerChecks } from "./checks/listener.ts";
import { liveChecks } from "./checks/live.ts";
import { mediaChecks } from "./checks/media.ts";
import { mutationChecks } from "./checks/mutation.ts";
import { parseChecks } from "./checks/parse.ts";
import { richChecks } from "./checks/rich.ts";
import { sendChecks } from "./checks/send.ts";
import { shapeChecks } from "./checks/shape.ts";
import { signatureChecks } from "./checks/signatures.ts";
import { simulatorChecks } from "./checks/simulator.ts";
import { unknownChecks } from "./checks/unknown.ts";
import { Inapplicable } from "./subject.ts";
import type { Check, Subject } from "./subject.ts";

/** Every promise of the adapter contract that can be checked from outside, by the part of the contract it is about. */
export const checks = {
  shape: shapeChecks,
  signatures: signatureChecks,
  parse: parseChecks,
  "unknown kinds": unknownChecks,
  mutation: mutationChecks,
  send: sendChecks,
  rich: richChecks,
  files: mediaChecks,
  simulator: simulatorChecks,
  live: liveChecks,
  listener: listenerChecks,
} satisfies Record<string, Check[]>;

/** Mutations by the hundred thousand take minutes. */
const TIMEOUT_MS = 30_000 + Number(process.env["CONTRACT_MUTATIONS"] ?? 0) * 10;

/** Runs one adapter through all checks, as vitest tests. What it lacks is skipped with the reason. */
export function contractSuite(subject: Subject): void {
  describe(`the ${subject.adapter.id} adapter`, () => {
    for (const [part, list] of Object.entries(checks)) {
      describe(part, () => {
        for (const check of list) {
          it(check.name, { timeout: TIMEOUT_MS }, async (context) => {
            try {
              const figures = await check.run(subject);
              if (figures !== undefined) await context.annotate(figures);
            } catch (error) {
              if (error instanceof Inapplicable) context.skip(error.message);
              throw error;
            }
          });
        }
      });
    }
  });
}
