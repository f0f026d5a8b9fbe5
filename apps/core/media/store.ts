import path from "node:path";
import type { Config } from "../platform/config.ts";
import type { MediaStore } from "./blobs.ts";
import { openDisk } from "./disk.ts";
import { openS3 } from "./s3.ts";

/** Opens the store that is configured: a bucket where there is one, else a folder. Neither is touched before it is used. */
export function openMediaStore({
  dataDir,
  s3,
  mediaMaxBytes,
}: Pick<Config, "dataDir" | "s3" | "mediaMaxBytes">): MediaStore {
  const blobs = s3 === undefined ? openDisk(path.join(dataDir, "media")) : openS3(s3);
  return { blobs, maxBytes: mediaMaxBytes };
}
