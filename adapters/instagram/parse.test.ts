import { describe, expect, it } from "vitest";
import type { Json, MessageEvent, RawRequest } from "../contract/index.ts";
import { settings as account } from "./fixtures/sign.ts";
import { parse } from "./parse.ts";
import { instagramSettings } from "./settings.ts";

const settings = instagramSettings.parse(account);
const US = settings.accountId;
const SARAH = "6915287601234567";

function request(body: Json): RawRequest {
  return {
    method: "POST",
    url: "https://hub.example/channels/1",
    headers: {},
    query: new URLSearchParams(),
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** What the hub reads of these items, sent by Sarah. */
function read(items: { [key: string]: Json }[], entry: { [key: string]: Json } = { id: US }) {
  const messaging = items.map((item) => ({ sender: { id: SARAH }, recipient: { id: US }, timestamp: 1, ...item }));
  return parse(request({ object: "instagram", entry: [{ ...entry, messaging }] }), settings);
}

function message(events: ReturnType<typeof parse>): MessageEvent {
  const [event] = events;
  if (event?.type !== "message") throw new Error("not a message");
  return event;
}

describe("whose an item is", () => {
  const said = { message: { mid: "m1", text: "hi" } };

  it("knows the account by any of the three ids, as Meta's examples swap them", () => {
    expect(read([said], { id: SARAH })).toHaveLength(1);
    expect(read([{ ...said, recipient: { id: "28978671838402975" } }])).toHaveLength(1);
  });

  it("leaves what names another account alone", () => {
    expect(read([{ ...said, recipient: { id: "1" } }], { id: "1" })).toEqual([]);
  });

  it("reads ids that are numbers as long as they are exact", () => {
    expect(message(read([{ ...said, sender: { id: 691528760123456 } }])).thread.aliases).toEqual([
      "igsid:691528760123456",
    ]);
    expect(message(read([{ ...said, sender: { id: 2 ** 53 } }])).thread.aliases).toEqual(["unattributed"]);
  });

  it("takes an echo's recipient for the customer, by the flag as by the sender", () => {
    const flagged = { ...said, sender: { id: "28978671838402975" }, recipient: { id: SARAH } };
    const event = message(read([{ ...flagged, message: { ...said.message, is_echo: true } }]));
    expect(event).toMatchObject({ echo: true, providerId: "m1", thread: { aliases: [`igsid:${SARAH}`] } });
    expect(message(read([{ ...said, sender: { id: US }, recipient: { id: SARAH } }])).echo).toBe(true);
  });
});

describe("what a message says", () => {
  const url = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1&signature=x";
  const content = (given: { [key: string]: Json }) => read([{ message: { mid: "m1", ...given } }]);

  it("keeps a text beside something that is no file as a message of its own", () => {
    const events = content({ text: "look", attachments: [{ type: "ig_post", payload: { url } }] });
    expect(events).toMatchObject([
      { eventKey: "message:m1", content: { kind: "text", text: "look" } },
      { eventKey: "message:m1#1", content: { kind: "text", text: url } },
    ]);
  });

  it.each(["javascript:alert(1)", "file:///etc/passwd", "//host/x", "https://a b", ""])(
    "takes %j for no file's address",
    (address) => {
      const event = message(content({ attachments: [{ type: "image", payload: { url: address } }] }));
      expect(event.content).toMatchObject({ kind: "unsupported", raw: { type: "image", payload: { url: address } } });
    },
  );

  it("takes only the refs of our own links for codes", () => {
    const kinds = ["code-abcdef", "code-abc", "abcdef", "CODE-abcdef", "code-abc def"].map(
      (ref) => message(content({ text: "hi", referral: { ref } })).content.kind,
    );
    expect(kinds).toEqual(["start", "text", "text", "text", "text"]);
  });

  it("takes nobody's reference but ours", () => {
    const echoed = (metadata: string) =>
      read([
        { sender: { id: US }, recipient: { id: SARAH }, message: { mid: "m1", text: "x", is_echo: true, metadata } },
      ]);
    expect(echoed("somebody-elses")[0]?.type).toBe("message");
    expect(echoed("01998d2e-5a10-7c3e-9f00-3a5b7c9d1e2f")[0]?.type).toBe("status");
    // A customer can't claim to be an echo of ours.
    const claimed = content({ text: "x", metadata: "01998d2e-5a10-7c3e-9f00-3a5b7c9d1e2f" });
    expect(claimed).toMatchObject([{ type: "message", content: { kind: "text" } }]);
    expect(message(claimed).echo).toBeUndefined();
  });
});

it("tells apart what happens to one message again and again, and knows a redelivery", () => {
  const react = (timestamp: number) => read([{ timestamp, reaction: { mid: "m1", action: "react", emoji: "❤️" } }])[0];
  expect(react(1)?.eventKey).toBe(react(1)?.eventKey);
  expect(react(1)?.eventKey).not.toBe(react(2)?.eventKey);
});
