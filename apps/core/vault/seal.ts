import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from "node:crypto";

/**
 * A seal: AES-256-GCM as `version(1) generation(1) nonce(12) tag(16) ciphertext`. `generation` says which generation of
 * the data key made it, so that keys can be rotated while old seals are still read. The associated data is the place
 * (`table.column:row`), so that a sealed value copied to another row or column does not open.
 */
const VERSION = 1;
const HEAD = 2;
const NONCE = 12;
const TAG = 16;

/** One data key (32 bytes) and its generation (0–255). A KeyObject: Node takes a bare Buffer at many times the cost. */
export interface DataKey {
  secret: KeyObject;
  generation: number;
}

/** Random nonces, drawn from the system many at a time. */
let nonces = Buffer.alloc(0);
function nextNonce(): Buffer {
  if (nonces.length < NONCE) nonces = randomBytes(NONCE * 256);
  const nonce = nonces.subarray(0, NONCE);
  nonces = nonces.subarray(NONCE);
  return nonce;
}

/** A sealed value that does not open: wrong key, wrong place, or damaged. */
export class SealBrokenError extends Error {
  override readonly name = "SealBrokenError";
}

export function sealBytes(key: DataKey, place: string, plain: Buffer): Buffer {
  const nonce = nextNonce();
  const cipher = createCipheriv("aes-256-gcm", key.secret, nonce);
  cipher.setAAD(Buffer.from(place));
  const ciphertext = cipher.update(plain);
  cipher.final();
  return Buffer.concat([Buffer.from([VERSION, key.generation]), nonce, cipher.getAuthTag(), ciphertext]);
}

/** @throws {SealBrokenError} */
export function openBytes(key: DataKey, place: string, sealed: Uint8Array): Buffer {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (bytes.length < HEAD + NONCE + TAG || bytes[0] !== VERSION || bytes[1] !== key.generation) {
    throw new SealBrokenError(`what is stored at ${place} is not a seal of this key`);
  }
  const decipher = createDecipheriv("aes-256-gcm", key.secret, bytes.subarray(HEAD, HEAD + NONCE));
  decipher.setAAD(Buffer.from(place));
  decipher.setAuthTag(bytes.subarray(HEAD + NONCE, HEAD + NONCE + TAG));
  const plain = decipher.update(bytes.subarray(HEAD + NONCE + TAG));
  try {
    decipher.final();
  } catch {
    throw new SealBrokenError(`what is stored at ${place} does not open: wrong key, wrong place, or damaged`);
  }
  return plain;
}
