import {
  DeleteObjectsCommand,
  GetObjectCommand,
  NoSuchKey,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { S3Settings } from "../platform/config.ts";
import { shardOf, type BlobStore } from "./blobs.ts";

/** A server that says nothing for so long is away: the request is tried again, thrice at most. Milliseconds. */
const TIMEOUT_MS = 10_000;
/** Most that one request may delete. */
const DELETE_AT_ONCE = 1_000;

/** Keeps blobs in a bucket, as `<shard>/<name>`. An object is there as a whole or not at all, and durable when put. */
export function openS3({
  bucket,
  endpoint,
  region,
  credentials,
  timeoutMs = TIMEOUT_MS,
}: S3Settings & { timeoutMs?: number }): BlobStore {
  const client = new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    requestHandler: { connectionTimeout: timeoutMs, requestTimeout: timeoutMs, throwOnRequestTimeout: true },
    // Stores beside Amazon's have no host name per bucket, and many don't know its newer checksums.
    forcePathStyle: endpoint !== undefined,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  const keyOf = (name: string): string => `${shardOf(name)}/${name}`;
  return {
    place: `${endpoint ?? "S3"} ${bucket}`,
    async put(name, bytes) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: keyOf(name), Body: bytes }));
    },
    async get(name) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: keyOf(name) }));
        return Body === undefined ? undefined : Buffer.from(await Body.transformToByteArray());
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
    async remove(names) {
      for (let at = 0; at < names.length; at += DELETE_AT_ONCE) {
        const Objects = names.slice(at, at + DELETE_AT_ONCE).map((name) => ({ Key: keyOf(name) }));
        await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }));
      }
    },
    async *list(shard) {
      for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: `${shard}/` })) {
        for (const { Key, LastModified } of page.Contents ?? []) {
          if (Key !== undefined && LastModified !== undefined)
            yield { name: Key.slice(shard.length + 1), at: LastModified };
        }
      }
    },
    close: () => client.destroy(),
  };
}
