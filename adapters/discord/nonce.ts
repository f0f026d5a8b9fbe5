/**
 * A message's UUID as a `nonce`: its 16 bytes in base64url, 22 characters where Discord takes at most 25.
 * Undefined when it is no UUID.
 * @see https://docs.discord.com/developers/resources/message#create-message
 */
export function nonceOf(messageId: string): string | undefined {
  const hex = messageId.replaceAll("-", "");
  return /^[0-9a-f]{32}$/i.test(hex) ? Buffer.from(hex, "hex").toString("base64url") : undefined;
}

/** The message id that a nonce was made of; undefined when it is none of ours. */
export function messageIdOf(nonce: string): string | undefined {
  if (!/^[\w-]{22}$/.test(nonce)) return undefined;
  const hex = Buffer.from(nonce, "base64url").toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
