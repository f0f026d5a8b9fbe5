import { buffer } from "node:stream/consumers";
import { expect } from "vitest";
import { DownloadError, MEDIA_KINDS } from "../../../adapters/contract/index.ts";
import type { Content, MessageEvent, OutboundContent, RemoteMedia } from "../../../adapters/contract/index.ts";
import { MINI_ACCOUNT } from "../../support/mini-hub.ts";
import { guardedFetchDouble } from "../../support/guarded-fetch.ts";
import { samplesOf } from "../../support/samples.ts";
import type { Sample } from "../../support/samples.ts";
import { messages, textOf } from "../events.ts";
import { heard, outbound, quotable, reached, running, said, sent } from "../running.ts";
import type { Running } from "../running.ts";
import { Inapplicable, needs } from "../subject.ts";
import type { Check, Subject } from "../subject.ts";

/** Longest a download may take here, in milliseconds. */
const DOWNLOAD_WITHIN_MS = 5_000;

/** References that lead somewhere else, or nowhere. The hosts don't exist. */
const FOREIGN_REFS = [
  "https://files.attacker.example/photo.jpg",
  "http://127.0.0.1:9/photo.jpg",
  "http://[::ffff:127.0.0.1]:9/photo.jpg",
  "http://169.254.169.254/latest/meta-data/",
  "//files.attacker.example/photo.jpg",
  "file:///etc/passwd",
  "../../../../etc/passwd",
  "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
  "?a=b#c",
  "\u0000",
  " ",
];

const CAPTION = "Here it is, as you asked – ok?";

/** Files, places and contacts reach the customer whole, and the customer's reach the hub, from the provider only. */
export const mediaChecks: Check[] = [
  {
    name: "delivers files of every kind that it declares, with captions as long",
    run: (subject) =>
      running(subject, async (run) => {
        const limits = needs(subject.adapter.limits.media, "declares no files");
        const { event: to } = await said(run, { as: run.customer, text: "Please send it" });
        const delivered: string[] = [];
        for (const kind of MEDIA_KINDS) {
          const limit = limits[kind];
          if (limit === undefined) continue;
          const [first, ...others] = samplesOf(kind, limit);
          const { maxCaptionLength: most } = limit;
          const captions =
            most === undefined ? [""] : ["", CAPTION.slice(0, most), "wörd ".repeat(most).slice(0, most - 1) + "x"];
          for (const text of captions) await delivers(run, { subject, to, sample: first, text });
          for (const sample of others) await delivers(run, { subject, to, sample, text: "" });
          delivered.push(
            `${kind} (${[first, ...others].map(({ mime }) => mime).join(", ")}; caption ${most ?? "none"})`,
          );
        }
        return delivered.join("; ");
      }),
  },
  {
    name: "brings in files of every kind that its simulator sends, byte for byte",
    run: (subject) =>
      running(subject, async (run) => {
        const kinds = needs(run.simulator.sends, "its simulator sends no files");
        const ways: string[] = [];
        for (const kind of kinds) {
          const [sample] = samplesOf(kind, subject.adapter.limits.media?.[kind]);
          for (const text of ["", CAPTION]) {
            const { content, words } = await saidFile(run, sample, text);
            expect(content.media, "the kind").toBe(kind);
            if (text !== "") expect(words, "the caption").toContain(text);
            if (content.data === undefined) {
              const { body } = await download(subject, run, content);
              expect(body.equals(sample.data), `${kind}: other bytes were downloaded`).toBe(true);
            } else {
              expect(Buffer.from(content.data).equals(sample.data), `${kind}: other bytes came`).toBe(true);
            }
            if (text !== "") ways.push(`${kind} ${content.data === undefined ? "downloaded" : "with the event"}`);
          }
        }
        return ways.join(", ");
      }),
  },
  {
    name: "fetches files from its provider only, and says why it can't without a secret",
    run: (subject) =>
      running(subject, async (run) => {
        needs(subject.adapter.download, "downloads no files");
        const sent = needs(run.simulator.sends, "its simulator sends no files");
        const files: RemoteFile[] = [];
        for (const kind of sent) {
          const { content } = await saidFile(run, samplesOf(kind, subject.adapter.limits.media?.[kind])[0], "");
          if (content.data === undefined) files.push(content);
        }
        const [real] = files;
        if (real === undefined) throw new Inapplicable("all its files come with the event");
        for (const ref of [...FOREIGN_REFS, ...disguised(run, real.ref)]) {
          await expectRefusal(subject, run, { ...real, ref });
        }
        // Another provider's double has never heard of this customer's files: there, they are gone.
        await running(subject, async (elsewhere) => {
          for (const file of files) {
            await expectRefusal(subject, elsewhere, { ...file, ref: moved(file.ref, run, elsewhere) });
          }
        });
        return `${FOREIGN_REFS.length} foreign references, ${files.length} files that are gone`;
      }),
  },
  {
    name: "delivers locations, with and without a name",
    run: (subject) =>
      running(subject, async (run) => {
        needs(subject.adapter.limits.location, "declares no locations");
        const { event: to } = await said(run, { as: run.customer, text: "Where are you?" });
        const at = { latitude: 37.7793, longitude: -122.4193 };
        const places = [at, { ...at, name: "Example Store", address: "1 Example Plaza, San Francisco" }];
        for (const location of places) {
          const got = (await arrives(run, { subject, to, content: { text: "", location } })).location;
          if (got === undefined) throw new Error("no location reached the customer");
          expect(got.latitude).toBeCloseTo(location.latitude, 4);
          expect(got.longitude).toBeCloseTo(location.longitude, 4);
          expect(got.name).toBe("name" in location ? location.name : undefined);
          expect(got.address).toBe("address" in location ? location.address : undefined);
        }
        return undefined;
      }),
  },
  {
    name: "delivers contacts with all their numbers",
    run: (subject) =>
      running(subject, async (run) => {
        needs(subject.adapter.limits.contact, "declares no contacts");
        const { event: to } = await said(run, { as: run.customer, text: "Whom can I call?" });
        const one = { name: "Example Support", phones: ["+14155550177"], emails: [] };
        const more = { ...one, phones: ["+14155550177", "+442079460958"], emails: ["support@example.com"] };
        for (const contact of [one, more]) {
          const got = await arrives(run, { subject, to, content: { text: "", contact } });
          expect(got.contact?.name).toBe(contact.name);
          // A number that the provider's contacts have no place for may stand in the text.
          const told = JSON.stringify([got.contact?.phones, got.contact?.emails, got.text]);
          for (const value of [...contact.phones, ...contact.emails]) expect(told).toContain(value);
        }
        return undefined;
      }),
  },
];

type MediaContent = Extract<Content, { kind: "media" }>;
type RemoteFile = Pick<MediaContent, "ref" | "media" | "mime" | "filename">;

interface Delivery {
  subject: Subject;
  to: MessageEvent;
  content: OutboundContent;
}

/** What the customer got. @throws Error when it was not exactly one message */
async function arrives(run: Running, { subject, to, content }: Delivery) {
  const before = reached(run, run.customer).length;
  await sent(subject, run, { message: outbound(to, content), to });
  const got = (await heard(run, run.customer, before + 1)).at(-1);
  if (got === undefined) throw new Error("nothing reached the customer");
  return got;
}

async function delivers(
  run: Running,
  { sample, text, ...given }: Omit<Delivery, "content"> & { sample: Sample; text: string },
): Promise<void> {
  const got = await arrives(run, { ...given, content: { text, media: run.hub.media.put(sample) } });
  const { media } = got;
  if (media === undefined) throw new Error(`no file reached the customer, where a ${sample.kind} was sent`);
  expect(got.text, "the caption").toBe(text);
  expect(media.kind).toBe(sample.kind);
  expect(essence(media.mime)).toBe(sample.mime);
  expect(media.size).toBe(sample.data.byteLength);
  if (sample.kind === "document") expect(media.filename).toBe(sample.filename);
  if (media.data !== undefined) expect(Buffer.from(media.data).equals(sample.data), "other bytes arrived").toBe(true);
}

/** `audio/ogg; codecs=opus` is `audio/ogg`. */
function essence(mime: string): string {
  return (mime.split(";")[0] ?? "").trim().toLowerCase();
}

/** A file that the customer sends, as the hub reads it, with all texts that came along. @throws Error when it does not come */
async function saidFile(run: Running, sample: Sample, text: string): Promise<{ content: MediaContent; words: string }> {
  const before = run.hub.deliveries.length;
  await run.simulator.say({ as: run.customer, text, media: sample });
  const came = messages(run.hub.deliveries.slice(before).flat()).map(({ content }) => content);
  const files = came.filter((content) => content.kind === "media");
  const [file] = files;
  if (file === undefined || files.length > 1)
    throw new Error(`the ${sample.kind} came in as ${JSON.stringify(came.map(({ kind }) => kind))}`);
  return { content: file, words: came.map((content) => textOf(content) ?? "").join("\n") };
}

async function download(subject: Subject, { settings }: Running, { ref, media, mime, filename }: RemoteFile) {
  const { download: fetchFile } = subject.adapter;
  if (fetchFile === undefined) throw new Error("files come by reference, and the adapter can't download them");
  const signal = AbortSignal.timeout(DOWNLOAD_WITHIN_MS);
  const double = guardedFetchDouble(signal);
  const remote: RemoteMedia = {
    ref,
    kind: media,
    ...(mime === undefined ? {} : { mime }),
    ...(filename === undefined ? {} : { filename }),
  };
  const context = { settings, accountId: MINI_ACCOUNT, signal, fetch: double.fetch };
  try {
    const file = await fetchFile(remote, context);
    return { body: await buffer(file.body), asked: double.asked };
  } finally {
    for (const { headers, isTrusted, url } of double.asked) {
      const told = [url, ...Object.values(headers)].join(" ");
      const secrets = isTrusted ? [] : quotable({ customer: "", settings }, "");
      for (const secret of secrets)
        if (secret !== "") expect(told, "a secret went to a foreign host").not.toContain(secret);
    }
  }
}

/** @throws Error when the file was had, or the refusal is no advice or quotes what it must not */
async function expectRefusal(subject: Subject, run: Running, file: RemoteFile): Promise<void> {
  const outcome = await download(subject, run, file).catch((error: unknown) => error);
  if (!(outcome instanceof DownloadError)) {
    const what = outcome instanceof Error ? `failed without advice: ${outcome.message}` : "was downloaded";
    throw new Error(`the reference ${JSON.stringify(file.ref)} ${what}`, { cause: outcome });
  }
  expect(["never", "later"]).toContain(outcome.kind);
  expect(outcome.message.trim(), "the advice says nothing to staff").not.toBe("");
  for (const secret of quotable(run, "")) {
    if (secret.length > 3) expect(outcome.message, "the advice quotes what it must not").not.toContain(secret);
  }
}

/** The provider's own origin, or a real reference, put where a careless reader takes it for the host. */
function disguised(run: Running, ref: string): string[] {
  const origins = URL.canParse(ref) && new URL(ref).host !== "" ? [new URL(ref).origin] : localOrigins(run);
  return origins.flatMap((origin) => [
    `${origin}@files.attacker.example/photo.jpg`,
    `${origin}.attacker.example/photo.jpg`,
    `https://files.attacker.example/${origin}/photo.jpg`,
  ]);
}

/** The reference as it would stand at another double of the same provider. */
function moved(ref: string, from: Running, to: Running): string {
  const there = localOrigins(to);
  return localOrigins(from).reduce((moving, origin, index) => moving.replaceAll(origin, there[index] ?? origin), ref);
}

/** Where the settings say that the simulated provider is, in the order of the settings. */
function localOrigins({ settings }: Pick<Running, "settings">): string[] {
  return Object.values(settings).flatMap((value) =>
    typeof value === "string" && /^https?:\/\/127\.0\.0\.1/.test(value) ? [new URL(value).origin] : [],
  );
}
