import { timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Vault } from "../vault/vault.ts";

/** A file, and where it belongs. */
export interface MediaRef {
  workspaceId: string;
  id: string;
}

/** For providers and pages, which fetch at once. Milliseconds. */
export const FETCH_MS = 4 * 60 * 60_000;
/** For people, who open a link that they were sent when they have time. Milliseconds. */
export const LINK_MS = 7 * 24 * 60 * 60_000;

/** A token: `workspace(16) id(16) expires(6) tag(16)`, in base64url. `expires` in seconds. */
const ID = 16;
const EXPIRES = 6;
const TAG = 16;
const SIGNED = ID + ID + EXPIRES;

const Uuid = z.uuid();

/** Makes a link that opens a file without signing in, for a while. `publicUrl` without a slash at its end. */
export function mediaLink(vault: Pick<Vault, "blind">, publicUrl: string, file: MediaRef, forMs = FETCH_MS): string {
  const expires = Buffer.alloc(EXPIRES);
  expires.writeUIntBE(Math.ceil((Date.now() + forMs) / 1000), 0, EXPIRES);
  const signed = Buffer.concat([bytesOf(file.workspaceId), bytesOf(file.id), expires]);
  return `${publicUrl}/media/${Buffer.concat([signed, tagOf(vault, file.workspaceId, signed)]).toString("base64url")}`;
}

/** The file that a link's token opens; undefined when it is none of ours, was changed, or has run out. */
export function fileOfToken(vault: Pick<Vault, "blind">, token: string): MediaRef | undefined {
  if (!/^[\w-]{72}$/.test(token)) return undefined;
  const bytes = Buffer.from(token, "base64url");
  const signed = bytes.subarray(0, SIGNED);
  const workspaceId = Uuid.safeParse(uuidOf(signed.subarray(0, ID)));
  const id = Uuid.safeParse(uuidOf(signed.subarray(ID, ID + ID)));
  if (bytes.length !== SIGNED + TAG || !workspaceId.success || !id.success) return undefined;
  if (!timingSafeEqual(bytes.subarray(SIGNED), tagOf(vault, workspaceId.data, signed))) return undefined;
  if (signed.readUIntBE(ID + ID, EXPIRES) * 1000 < Date.now()) return undefined;
  return { workspaceId: workspaceId.data, id: id.data };
}

/** 128 bits under a key that is derived for this workspace and stands wrapped in the key store. */
function tagOf(vault: Pick<Vault, "blind">, workspaceId: string, signed: Buffer): Buffer {
  return vault.blind(workspaceId, "media link", signed.toString("base64url"));
}

function bytesOf(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll("-", ""), "hex");
}

function uuidOf(bytes: Buffer): string {
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
