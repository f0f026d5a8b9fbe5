import { beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { SendError, type ChannelAdapter, type MessageTemplate } from "../../../adapters/contract/index.ts";
import { newId } from "../platform/ids.ts";
import { Problem } from "../platform/problem.ts";
import type { OpenAccount } from "./accounts.ts";
import { templateMessage, templatesOf } from "./templates.ts";

const shipped: MessageTemplate = {
  name: "shipped",
  language: "en_US",
  status: "approved",
  text: "Hello {{name}}, your {{ item }} is on its way. {{other}}",
  variables: ["name", "item"],
};

let asked = 0;
let answer: () => MessageTemplate[] = () => [shipped];
let account: OpenAccount;
beforeEach(() => {
  asked = 0;
  answer = () => [shipped];
  const adapter: ChannelAdapter = {
    id: "pigeon",
    label: "Pigeon",
    settings: z.object({}),
    limits: { text: { maxLength: 100 } },
    identifiers: { pigeon: "Ring" },
    send: () => Promise.reject(new Error("nothing is sent here")),
    templates: () => {
      asked++;
      return Promise.resolve().then(() => answer());
    },
  };
  account = {
    workspaceId: newId(),
    id: newId(),
    channel: "pigeon",
    name: "P",
    status: "active",
    adapter,
    settings: {},
  };
});

const wanted = { name: "shipped", language: "en_US", variables: { name: "Ann", item: "chair" } };

it("are asked for once in a while, and anew with other settings", async () => {
  expect(await templatesOf(account)).toEqual([shipped]);
  await templatesOf(account);
  expect(asked).toBe(1);
  await templatesOf({ ...account, settings: { token: "another" } });
  expect(asked).toBe(2);
  const { templates: _, ...without } = account.adapter;
  expect(await templatesOf({ ...account, id: newId(), adapter: without })).toEqual([]);
});

it("become a message with the text that will be read", async () => {
  expect(await templateMessage(account, wanted)).toEqual({
    text: "Hello Ann, your chair is on its way. {{other}}",
    template: wanted,
  });
  // A variable's value is no template.
  const odd = { ...wanted, variables: { name: "{{item}}", item: "$&" } };
  expect((await templateMessage(account, odd)).text).toBe("Hello {{item}}, your $& is on its way. {{other}}");
});

it("that were approved since are found", async () => {
  answer = () => [{ ...shipped, status: "pending" }];
  await templatesOf(account);
  answer = () => [shipped];
  expect((await templateMessage(account, wanted)).template).toEqual(wanted);
  expect(asked).toBe(2);
});

it.each([
  ["template.variables.item", { ...wanted, variables: { name: "Ann" } }],
  ["template.variables.size", { ...wanted, variables: { ...wanted.variables, size: "L" } }],
  ["template.name", { ...wanted, name: "lost" }],
  ["template.language", { ...wanted, language: "de" }],
])("that can't be sent are refused, naming %s", async (field, message) => {
  const refusal = await templateMessage(account, message).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(Problem);
  expect(refusal).toMatchObject({ kind: "invalid", field });
});

it("that are not approved are refused, saying what they are", async () => {
  answer = () => [{ ...shipped, status: "rejected" }];
  await expect(templateMessage(account, wanted)).rejects.toThrow(/is rejected; only approved/);
});

it.each([
  ["unavailable", new SendError("later", "429")],
  ["unavailable", new SendError("unknown", "no answer")],
  ["unavailable", new TypeError("fetch failed")],
  ["refusedElsewhere", new SendError("credentials", "token")],
  ["refusedElsewhere", new SendError("never", "no right")],
])("of a provider that fails are a problem: %s", async (kind, error) => {
  answer = () => {
    throw error;
  };
  await expect(templatesOf(account)).rejects.toMatchObject({ kind });
});
