import type { HttpReply } from "../contract/index.ts";

/**
 * Empty TwiML: nothing is said within the webhook's own response. Without it Twilio logs a warning for every message.
 * @see https://www.twilio.com/docs/messaging/twiml
 */
export function acknowledge(): HttpReply {
  return {
    status: 200,
    headers: { "content-type": "text/xml; charset=utf-8" },
    body: '<?xml version="1.0" encoding="UTF-8"?><Response/>',
  };
}
