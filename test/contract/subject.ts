import { existsSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import type { ChannelAdapter, Json, RawRequest } from "../../adapters/contract/index.ts";

/** One recorded or written webhook request and what the adapter should read in it. */
export interface Fixture {
  /** The file's name. */
  name: string;
  description: string;
  request: { method: string; query: string; headers: Record<string, string>; body: Json };
  /** Settings that differ from those of `sign.ts`. */
  settings: Record<string, unknown>;
  /** Partial events, dates as ISO strings, in order. */
  expect: Json[];
}

/** The provider's side of the signature, from the adapter's `fixtures/sign.ts`. */
export interface Signing {
  settings: Record<string, unknown>;
  sign(
    request: { method: string; url: string; headers: Record<string, string>; body: string },
    settings: unknown,
  ): Record<string, string>;
}

/** An adapter under test, with what its folder brings for testing it. */
export interface Subject {
  adapter: ChannelAdapter;
  /** Absolute path. */
  folder: string;
  fixtures: Fixture[];
  signing: Signing | undefined;
}

/** A check does not apply to this adapter; the reason is shown. Only for an ability that isn't there. */
export class Inapplicable extends Error {
  override readonly name = "Inapplicable";
}

/** One promise of the contract, checked. Throws where it is broken; answers with figures worth showing. */
export interface Check {
  name: string;
  /** @throws Inapplicable @throws Error */
  run(subject: Subject): Promise<string | undefined> | string | undefined;
}

/** The ability, or the reason why the check does not apply. @throws Inapplicable */
export function needs<T>(ability: T | undefined, reason: string): T {
  if (ability === undefined) throw new Inapplicable(reason);
  return ability;
}

const strings = z.record(z.string(), z.string());

const fixtureFile = z.strictObject({
  description: z.string().min(1),
  request: z.strictObject({
    method: z.string().default("POST"),
    query: z.union([z.string(), strings.transform((query) => new URLSearchParams(query).toString())]).default(""),
    headers: strings.default({}),
    body: z.json().default(""),
  }),
  settings: z.record(z.string(), z.unknown()).default({}),
  expect: z.array(z.json()),
});

const signModule = z.object({
  settings: z.record(z.string(), z.unknown()),
  sign: z.custom<Signing["sign"]>((value) => typeof value === "function", "sign.ts must export a function `sign`"),
});

/** Reads what the adapter's folder brings. @throws Error naming the fixture that is not one */
export async function loadSubject(adapter: ChannelAdapter, folder: string): Promise<Subject> {
  const fixturesFolder = join(folder, "fixtures");
  const names = existsSync(fixturesFolder)
    ? (await readdir(fixturesFolder)).filter((name) => name.endsWith(".json")).sort()
    : [];
  const fixtures = await Promise.all(names.map((name) => loadFixture(fixturesFolder, name)));
  const signFile = join(fixturesFolder, "sign.ts");
  const signing = existsSync(signFile) ? signModule.parse(await import(pathToFileURL(signFile).href)) : undefined;
  return { adapter, folder, fixtures, signing };
}

async function loadFixture(folder: string, name: string): Promise<Fixture> {
  const parsed = fixtureFile.safeParse(JSON.parse(await readFile(join(folder, name), "utf8")));
  if (!parsed.success) throw new Error(`fixtures/${name}: ${z.prettifyError(parsed.error)}`);
  return { name, ...parsed.data };
}

/** A request as the gateway would hand it over. */
export function rawRequest(of: {
  method?: string;
  query?: string;
  headers?: Record<string, string>;
  body: Json | Buffer;
}): RawRequest {
  const query = of.query ?? "";
  const body = Buffer.isBuffer(of.body) ? of.body : Buffer.from(bodyText(of.body));
  const headers = Object.entries({ "content-type": "application/json", ...of.headers });
  return {
    method: of.method ?? "POST",
    url: `https://hub.example/channels/acc_contract${query === "" ? "" : `?${query}`}`,
    headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])),
    query: new URLSearchParams(query),
    body,
  };
}

/** A fixture's body as it goes over the wire: text as it stands, anything else as JSON. */
export function bodyText(body: Json): string {
  return typeof body === "string" ? body : JSON.stringify(body);
}

/** The fixture's request, perhaps with another body. */
export function fixtureRequest(fixture: Fixture, body: Json | Buffer = fixture.request.body): RawRequest {
  return rawRequest({ ...fixture.request, body });
}

/** The settings a fixture is to be read with, parsed by the adapter's own schema. @throws ZodError */
export function fixtureSettings(subject: Subject, fixture?: Fixture): Record<string, unknown> {
  const settings = { ...subject.signing?.settings, ...fixture?.settings };
  return z.record(z.string(), z.unknown()).parse(subject.adapter.settings.parse(settings));
}

/** The webhook, with the fixtures that every webhook must bring. @throws Inapplicable @throws Error when they are missing */
export function webhookOf(subject: Subject): {
  webhook: NonNullable<ChannelAdapter["webhook"]>;
  signing: Signing;
  fixtures: Fixture[];
} {
  const webhook = needs(subject.adapter.webhook, "has no webhook");
  if (subject.signing === undefined) throw new Error("a webhook needs fixtures/sign.ts");
  if (subject.fixtures.length === 0) throw new Error("a webhook needs fixtures/*.json");
  return { webhook, signing: subject.signing, fixtures: subject.fixtures };
}
