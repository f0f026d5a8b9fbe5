import { expect, test } from "vitest";
import { createConversation, type Conversation } from "./conversation.ts";
import type { Pushed } from "./wire.ts";

const say = (id: string) => ({ name: "say" as const, data: { id, text: `said ${id}` } });

function message(cursor: number, change: Partial<Pushed> = {}): Pushed {
  const at = new Date(cursor * 1000);
  return {
    cursor: String(cursor),
    id: `m${cursor}`,
    clientId: undefined,
    direction: "out",
    text: `text ${cursor}`,
    offers: [],
    at,
    ...change,
  };
}

const fresh = () => createConversation(() => undefined);
const shown = (conversation: Conversation) => conversation.entries().map(({ text, status }) => `${text} (${status})`);

test("a message is shown once, whether its answer or the message itself comes first", () => {
  for (const order of ["answer first", "message first", "answer lost"]) {
    const conversation = fresh();
    conversation.add(say("a"));
    expect(shown(conversation)).toEqual(["said a (waiting)"]);
    const own = message(1, { clientId: "a", direction: "in", text: "said a" });
    if (order === "answer first") conversation.acknowledged("a");
    conversation.receive([own]);
    if (order === "message first") conversation.acknowledged("a");
    conversation.receive([own]);
    expect(shown(conversation)).toEqual(["said a (sent)"]);
    expect(conversation.next()).toBeUndefined();
  }
});

test("the queue keeps its order and sends nothing twice", () => {
  const conversation = fresh();
  for (const id of ["a", "b", "c"]) conversation.add(say(id));
  expect(conversation.next()?.data.id).toBe("a");
  conversation.acknowledged("a");
  expect(conversation.next()?.data.id).toBe("b");
  conversation.failed("b", "no");
  expect(conversation.next()?.data.id).toBe("c");
  expect(conversation.unsent().map(({ data }) => data.id)).toEqual(["c"]);
  conversation.again("b");
  expect(conversation.unsent().map(({ data }) => data.id)).toEqual(["c", "b"]);
});

test("a backlog that overlaps adds only what is new, and moves the cursor", () => {
  const conversation = fresh();
  conversation.receive([message(1), message(2)]);
  expect(conversation.receive([message(2), message(3)]).map(({ id }) => id)).toEqual(["m3"]);
  expect(conversation.cursor()).toBe("3");
  expect(shown(conversation)).toEqual(["text 1 (sent)", "text 2 (sent)", "text 3 (sent)"]);
});

test("after a sign-in the customer's earlier messages go before this browser's", () => {
  const conversation = fresh();
  conversation.receive([message(5), message(6)]);
  conversation.forgetCursor();
  expect(conversation.cursor()).toBeUndefined();
  conversation.receive([message(1), message(2), message(7)]);
  expect(conversation.entries().map(({ key }) => key)).toEqual(["m1", "m2", "m5", "m6", "m7"]);
});

test("offers belong to the newest message, until something is answered", () => {
  const conversation = fresh();
  const offers = [{ id: "y", title: "Yes" }];
  conversation.receive([message(1, { offers })]);
  expect(conversation.offers()).toEqual(offers);
  conversation.receive([message(2, { text: "", direction: "in" })]);
  expect(conversation.offers()).toEqual(offers);
  conversation.add({ name: "press", data: { id: "p", buttonId: "y", title: "Yes" } });
  expect(conversation.offers()).toEqual([]);
  expect(shown(conversation)).toEqual(["text 1 (sent)", "Yes (waiting)"]);
});

test("emptied for someone else, nothing is left to send", () => {
  const conversation = fresh();
  conversation.receive([message(1)]);
  conversation.add(say("a"));
  conversation.clear({ keepUnsent: true });
  expect(shown(conversation)).toEqual(["said a (waiting)"]);
  conversation.clear();
  expect(shown(conversation)).toEqual([]);
  expect(conversation.next()).toBeUndefined();
  expect(conversation.cursor()).toBeUndefined();
});

test("shows a file on its way, keeps it out of what the browser stores, and takes the stored one in its place", () => {
  const conversation = createConversation(() => undefined);
  conversation.add({
    name: "file",
    data: { id: "f1", text: "", name: "a.png", mime: "image/png", bytes: new Blob(["x"]) },
  });
  expect(conversation.entries()).toMatchObject([
    { key: "f1", text: "", status: "waiting", parts: { files: [{ name: "a.png", size: 1, url: undefined }] } },
  ]);
  expect(conversation.unsent()).toEqual([]);
  expect(conversation.next()?.data.id).toBe("f1");
  const file = { kind: "image", name: "a.png", size: 1, url: "https://hub.example/media/x" };
  const bare = { spans: [], link: undefined, list: undefined, place: undefined, contact: undefined };
  conversation.receive([
    {
      cursor: "1",
      id: "m1",
      clientId: "f1",
      direction: "in",
      text: "",
      offers: [],
      parts: { ...bare, files: [file] },
      at: new Date(),
    },
  ]);
  expect(conversation.entries()).toMatchObject([{ key: "f1", status: "sent", parts: { files: [file] } }]);
});
