import type { DownloadContext, RemoteMedia } from "../../adapters/contract/index.ts";
import type { Adapters } from "../../apps/core/channels/accounts.ts";
import { adapter as toy } from "../contract/toy/index.ts";
import type { ToySettings } from "../contract/toy/settings.ts";

type Download = NonNullable<typeof toy.download>;

/** The toy channel alone, with a provider that can be made to behave badly with files. */
export function toyAdapters(
  download?: (media: RemoteMedia, context: DownloadContext<ToySettings>, given: Download) => ReturnType<Download>,
): Adapters {
  const given = toy.download;
  if (given === undefined) throw new Error("the toy can't download");
  const adapter =
    download === undefined ? toy : { ...toy, download: (...args: Parameters<Download>) => download(...args, given) };
  return new Map([["toy", adapter]]);
}
