import { DownloadError } from "../contract/index.ts";
import type { DownloadContext, DownloadedMedia, GuardedResponse, RemoteMedia } from "../contract/index.ts";
import { filenameIn } from "./media.ts";
import type { SmsSettings } from "./settings.ts";

/**
 * Where Twilio keeps files: it answers a request for one by sending on to a signed URL there that lives for four hours.
 * @see https://help.twilio.com/articles/223183748
 */
const STORES = ["mms.twiliocdn.com", "media.twiliocdn.com", "s3-external-1.amazonaws.com"];
/** From the API to the content network, and from there to the store. */
const MOST_STEPS = 3;

/**
 * Fetches the file that an incoming MMS names. The auth token goes to Twilio's API alone; the store that it sends on to is
 * asked without.
 * @throws {DownloadError}
 */
export async function download(media: RemoteMedia, context: DownloadContext<SmsSettings>): Promise<DownloadedMedia> {
  const { settings, fetch } = context;
  const source = sourceOf(media.ref, settings);
  if (source === undefined) throw new DownloadError("never", "the file is not at Twilio, or another account's");
  const basic = Buffer.from(`${settings.accountSid}:${settings.authToken}`).toString("base64");
  let url: URL = source;
  let response = await fetch(url.href, {
    headers: { authorization: `Basic ${basic}` },
    trusted: [settings.apiBaseUrl],
    hosts: [url.hostname],
    redirects: "told",
  });
  for (let step = 0; isRedirect(response); step++) {
    response.body.destroy();
    const next = URL.parse(response.headers["location"] ?? "", url.href);
    if (next === null || step === MOST_STEPS) throw new DownloadError("never", "Twilio sends on to nowhere");
    url = next;
    response = await fetch(url.href, { trusted: [settings.apiBaseUrl], hosts: STORES, redirects: "told" });
  }
  const mime = response.headers["content-type"];
  const filename = filenameIn(response.headers["content-disposition"]);
  return {
    body: response.body,
    ...(mime === undefined ? {} : { mime }),
    ...(filename === undefined ? {} : { filename }),
  };
}

/** The URL, where it is a file of this account at Twilio's API; a region of Twilio's has a host of its own. */
function sourceOf(ref: string, { apiBaseUrl, accountSid }: SmsSettings): URL | undefined {
  const url = URL.parse(ref);
  if (url === null || url.username !== "" || url.password !== "") return undefined;
  const base = new URL(apiBaseUrl);
  const isTwilio =
    url.protocol === "https:" && url.port === "" && /^api(?:\.[a-z0-9-]+){0,2}\.twilio\.com$/.test(url.hostname);
  if (url.origin !== base.origin && !isTwilio) return undefined;
  const path = new RegExp(`^/2010-04-01/Accounts/${accountSid}/Messages/[A-Za-z0-9]+/Media/[A-Za-z0-9]+$`);
  return path.test(url.pathname.slice(url.origin === base.origin ? base.pathname.replace(/\/+$/, "").length : 0))
    ? url
    : undefined;
}

function isRedirect({ status }: GuardedResponse): boolean {
  return status >= 300 && status < 400;
}
