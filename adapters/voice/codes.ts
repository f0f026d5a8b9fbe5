/**
 * Twilio's error codes about calls in our words, for staff. Twilio's own words quote numbers.
 * @see https://www.twilio.com/docs/api/errors
 */
const REASONS = new Map<string, string>([
  ["10004", "too many calls of the account at a time"],
  ["13214", "the caller id is not a number of this Twilio account"],
  ["13224", "the number can't be called: it is not valid"],
  ["13225", "Twilio blocks calls to that number"],
  ["13226", "the number can't be reached"],
  ["13227", "the account may not call that country (Voice › Settings › Geo permissions)"],
  ["20003", "the account SID or the auth token is wrong, or the account is suspended"],
  ["20005", "the Twilio account is not active"],
  ["20404", "there is no such call (any more)"],
  ["20429", "too many requests"],
  ["21201", "there is no number to call"],
  ["21202", "a premium number, which Twilio does not call"],
  ["21203", "the account may not call other countries"],
  ["21205", "the hub's public address is not one that Twilio can call"],
  ["21210", "our number is not one of this Twilio account, nor verified by it"],
  ["21211", "the customer's number is not a valid phone number"],
  ["21212", "our number is not a valid phone number"],
  ["21213", "our number is missing"],
  ["21214", "the customer's number can't be reached"],
  ["21215", "the account may not call that country (Voice › Settings › Geo permissions)"],
  ["21216", "Twilio blocks calls to that number"],
  ["21217", "the customer's number does not look like a valid one"],
  ["21219", "a trial account calls verified numbers only"],
  ["21220", "the call is over"],
]);

/** What the code means, or that it isn't among those known here; undefined without a code. */
export function reasonOf(code: string | undefined): string | undefined {
  return code === undefined ? undefined : (REASONS.get(code) ?? `Twilio's error ${code}`);
}
