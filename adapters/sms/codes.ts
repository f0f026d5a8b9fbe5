/**
 * Twilio's error codes in our words, for staff. Twilio's own words quote numbers.
 * @see https://www.twilio.com/docs/api/errors
 */
const REASONS = new Map<string, string>([
  ["11200", "Twilio could not fetch the file from the hub"],
  ["12300", "Twilio does not take files of that type"],
  ["20003", "the account SID or the auth token is wrong, or the account is suspended"],
  ["20005", "the Twilio account is not active"],
  ["20429", "too many requests"],
  ["21211", "the recipient's number is not a valid phone number"],
  ["21408", "the account may not send to that country (Messaging › Settings › Geo permissions)"],
  ["21602", "a message needs a text"],
  ["21603", "a sender is needed"],
  ["21604", "a recipient is needed"],
  ["21606", "the sender is not an SMS number of this Twilio account"],
  ["21608", "a trial account sends to verified numbers only"],
  ["21610", "the customer has opted out (STOP)"],
  ["21611", "the sender has too many messages queued"],
  ["21612", "no route from this sender to that number"],
  ["21614", "the recipient's number is not a mobile number"],
  ["21617", "the text is longer than 1,600 characters"],
  ["21620", "the file's URL is none"],
  ["21623", "too many files in one message"],
  ["21703", "the messaging service has no numbers"],
  ["30001", "too many messages queued"],
  ["30002", "the Twilio account is suspended"],
  ["30003", "the handset is unreachable: switched off, or without service"],
  ["30004", "the recipient blocks the message"],
  ["30005", "the number is unknown or no longer in use"],
  ["30006", "a landline, or a carrier that can't be reached"],
  ["30007", "the carrier filtered the message as unwanted"],
  ["30008", "the carrier gave no reason"],
  ["30011", "the recipient's number can't receive files (MMS)"],
  ["30019", "the file is larger than the recipient's carrier takes"],
  ["30032", "the toll-free number is not verified"],
  ["30034", "the number is not registered for A2P 10DLC"],
  ["63038", "the account has reached its daily limit"],
]);

/** What the code means, or that it isn't among those known here; undefined without a code. */
export function reasonOf(code: string | undefined): string | undefined {
  return code === undefined ? undefined : (REASONS.get(code) ?? `Twilio's error ${code}`);
}
