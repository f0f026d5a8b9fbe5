import { createHmac, randomBytes } from "node:crypto";
import type { Json, SimulatedRequest } from "../contract/index.ts";
import type { JsonObject } from "./fields.ts";

/** The business end that the double plays. */
export interface SimulatedAccount {
  accountId: string;
  username: string;
  appSecret: string;
}

/** A message id as Instagram makes them: long, opaque, base64 of something. */
export function messageId(): string {
  return `aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlE${randomBytes(48).toString("base64url")}`;
}

/** The customer behind a handle. @throws {Error} when it can't be an Instagram-scoped id */
export function igsidOf(as: string): string {
  const handle = as.trim();
  if (!/^\d{5,20}$/.test(handle))
    throw new Error("an Instagram handle is an Instagram-scoped id such as 6915287601234567");
  return handle;
}

/** Something that a customer did. */
export function customerItem(igsid: string, account: SimulatedAccount, what: JsonObject): JsonObject {
  return { sender: { id: igsid }, recipient: { id: account.accountId }, timestamp: Date.now(), ...what };
}

/** Something that the business did, by API or in its app. */
export function businessItem(igsid: string, account: SimulatedAccount, what: JsonObject): JsonObject {
  return { sender: { id: account.accountId }, recipient: { id: igsid }, timestamp: Date.now(), ...what };
}

/** An item as a signed webhook request. Meta escapes what isn't ASCII, and signs what it sends. */
export function signedRequest(item: Json, account: SimulatedAccount): SimulatedRequest {
  const payload = { object: "instagram", entry: [{ id: account.accountId, time: Date.now(), messaging: [item] }] };
  const body = JSON.stringify(payload).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const signature = createHmac("sha256", account.appSecret).update(body).digest("hex");
  return {
    method: "POST",
    headers: { "content-type": "application/json", "x-hub-signature-256": `sha256=${signature}` },
    body,
  };
}
