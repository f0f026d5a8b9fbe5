import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { adapter as liveToy } from "./livetoy/index.ts";
import { brokenLive, liveToyMistakes } from "./livetoy/mistakes.ts";
import { Inapplicable, loadSubject } from "./subject.ts";
import type { Check, Subject } from "./subject.ts";
import { checks, contractSuite } from "./suite.ts";
import { adapter as toy } from "./toy/index.ts";
import { toyMistakes } from "./toy/mistakes.ts";

const subject = await loadSubject(toy, resolve(import.meta.dirname, "toy"));
const liveSubject = await loadSubject(liveToy, resolve(import.meta.dirname, "livetoy"));

contractSuite(subject);
contractSuite(liveSubject);

describe("the contract suite notices an adapter that", () => {
  it.for(toyMistakes)("%s", { timeout: 30_000 }, async ([, part, name, broken]) => {
    const check = checks[part].find((one) => name.test(one.name));
    if (check === undefined) throw new Error(`no check of ${part} is named ${String(name)}`);
    const adapter = { ...toy, ...broken };
    expect(await failure(check, { ...subject, adapter })).toBeInstanceOf(Error);
  });

  it.for(liveToyMistakes)("%s (live)", { timeout: 30_000 }, async ([, name, broken]) => {
    const check = checks.live.find((one) => name.test(one.name));
    if (check === undefined) throw new Error(`no live check is named ${String(name)}`);
    const adapter = { ...liveToy, ...brokenLive(broken) };
    expect(await failure(check, { ...liveSubject, adapter })).toBeInstanceOf(Error);
  });

  it("with at least one mistake for every check", () => {
    const all = Object.entries(checks).flatMap(([part, list]) => list.map((check) => `${part}: ${check.name}`));
    const targets = [
      ...toyMistakes.map(([, part, name]) => ({ part, name })),
      ...liveToyMistakes.map(([, name]) => ({ part: "live", name })),
    ];
    const unproven = all.filter(
      (title) => !targets.some(({ part, name }) => title.startsWith(`${part}: `) && name.test(title)),
    );
    expect(unproven).toEqual([]);
  });
});

/** What the check threw; a check that says it does not apply has noticed nothing. */
async function failure(check: Check, broken: Subject): Promise<unknown> {
  try {
    await check.run(broken);
    return undefined;
  } catch (error) {
    return error instanceof Inapplicable ? undefined : error;
  }
}
