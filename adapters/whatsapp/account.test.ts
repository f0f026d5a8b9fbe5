import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Json } from "../contract/index.ts";
import { aside } from "../../test/support/send-context.ts";
import { health } from "./health.ts";
import { markRead, typing } from "./presence.ts";
import { send } from "./send.ts";
import { whatsappSettings } from "./settings.ts";
import type { WhatsAppSettings } from "./settings.ts";
import { simulator } from "./simulator.ts";
import { templates } from "./templates.ts";

const sarah = "+14155550123";
const webhookUrl = "https://hub.example/channels/1";

async function stage() {
  const double = await simulator.start({ statuses: false });
  onTestFinished(() => double.stop());
  double.attach({ webhookUrl, liveUrl: webhookUrl });
  const settings = whatsappSettings.parse(double.settings);
  const calling = (more: Partial<WhatsAppSettings> = {}) => ({
    settings: { ...settings, ...more },
    accountId: "a",
    signal: AbortSignal.timeout(5_000),
    webhookUrl,
  });
  return { double, settings, calling };
}

/** A Graph API that answers by path, `{}` where nothing is said. */
async function graph(answers: Record<string, { status?: number; body: Json }>) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? "/", "http://localhost");
    asked.push(`${pathname}${search}`);
    const answer = answers[`${pathname.replace("/v25.0/", "")}${search}`] ?? answers[pathname.replace("/v25.0/", "")];
    response.writeHead(answer?.status ?? 200).end(JSON.stringify(answer?.body ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening on a port");
  const { calling } = await stage();
  const context = calling({
    apiBaseUrl: `http://127.0.0.1:${address.port}`,
    phoneNumberId: "100",
    businessAccountId: "900",
  });
  return { asked, context };
}

describe("templates", () => {
  it("are listed with what their reader sees and the names of their variables", async () => {
    const { calling } = await stage();
    expect(await templates(calling())).toEqual([
      {
        name: "order_update",
        language: "en_US",
        status: "approved",
        category: "utility",
        text: [
          "Order {{header.1}}",
          "Hello {{1}}, your order {{2}} is on its way.",
          "Example Store",
          "[Track it] https://shop.example/track/{{button.0.1}}",
        ].join("\n"),
        variables: ["header.1", "1", "2", "button.0.1"],
      },
      {
        name: "we_are_back",
        language: "en_US",
        status: "approved",
        category: "utility",
        text: "Hello {{first_name}}, there is news on your question about {{topic}}.",
        variables: ["first_name", "topic"],
      },
      expect.objectContaining({ name: "hello_world", variables: [] }),
      expect.objectContaining({ name: "autumn_sale", language: "de", status: "rejected" }),
    ]);
  });

  it("that are listed can be sent with their variables, and are refused without", async () => {
    const { double, settings, calling } = await stage();
    const context = { settings, ...aside(), signal: AbortSignal.timeout(5_000) };
    const sent = (name: string, variables: Record<string, string>) =>
      send(
        {
          id: "01990a3e-7f00-7000-8000-000000000001",
          content: { text: "", template: { name, language: "en_US", variables } },
          address: { phone: sarah },
        },
        context,
      );
    const approved = (await templates(calling())).filter(({ status }) => status === "approved");
    for (const { name, variables } of approved) {
      await sent(name, Object.fromEntries(variables.map((variable) => [variable, `<${variable}>`])));
    }
    expect(double.heard(sarah).map(({ text }) => text)).toEqual([
      "Order <header.1>\nHello <1>, your order <2> is on its way.\nExample Store",
      "Hello <first_name>, there is news on your question about <topic>.",
      "Hello World",
    ]);
    await expect(sent("order_update", { "1": "Sarah" })).rejects.toMatchObject({ kind: "never", code: "132000" });
    await expect(sent("no_such", {})).rejects.toMatchObject({ kind: "never", code: "132001" });
    await expect(sent("autumn_sale", {})).rejects.toMatchObject({ kind: "never", code: "132001" });
  });

  it("are read page by page; what needs more than words, or is being deleted, is left out", async () => {
    const one = (name: string, more: object = {}) => ({
      name,
      language: "en",
      status: "APPROVED",
      components: [{ type: "BODY", text: "Hi" }],
      ...more,
    });
    const path = "900/message_templates?fields=name%2Clanguage%2Cstatus%2Ccategory%2Ccomponents&limit=100";
    const { context, asked } = await graph({
      [path]: {
        body: {
          data: [one("a"), one("b", { status: "PENDING_DELETION" }), 7, { name: "c" }],
          paging: { cursors: { after: "second" }, next: "https://graph.facebook.com/elsewhere" },
        },
      },
      [`${path}&after=second`]: {
        body: {
          data: [
            one("d", { components: [{ type: "HEADER", format: "LOCATION" }] }),
            one("e", { components: [{ type: "CAROUSEL" }] }),
            one("f", {
              status: "PAUSED",
              components: [
                { type: "HEADER", format: "IMAGE" },
                { type: "BODY", text: "Code {{1}}, again {{ 1 }}" },
                {
                  type: "BUTTONS",
                  buttons: [
                    { type: "QUICK_REPLY", text: "Stop" },
                    { type: "COPY_CODE", text: "Copy" },
                  ],
                },
              ],
            }),
          ],
          paging: { cursors: { after: "third" } },
        },
      },
    });
    expect(await templates(context)).toEqual([
      { name: "a", language: "en", status: "approved", text: "Hi", variables: [] },
      {
        name: "f",
        language: "en",
        status: "paused",
        text: "{{media.image}}\nCode {{1}}, again {{1}}\n[Stop]\n[Copy] {{button.1.code}}",
        variables: ["media.image", "1", "button.1.code"],
      },
    ]);
    expect(asked).toHaveLength(2);
  });

  it("need to know the business account, and a token that lives", async () => {
    const { calling } = await stage();
    const { businessAccountId: _, ...without } = calling().settings;
    await expect(templates({ ...calling(), settings: without })).rejects.toMatchObject({
      kind: "never",
      message: expect.stringContaining("businessAccountId"),
    });
    await expect(templates(calling({ accessToken: "dead" }))).rejects.toMatchObject({ kind: "credentials" });
    const { context } = await graph({ "900/message_templates": { status: 500, body: {} } });
    await expect(templates(context)).rejects.toMatchObject({ kind: "later" });
  });
});

describe("presence", () => {
  const at = { address: { phone: sarah }, eventKey: "message:wamid.1" };

  it("tells that a message was read, and that an answer is being written", async () => {
    const { double, calling } = await stage();
    await markRead(at, calling());
    await typing(at, calling());
    expect(double.reads).toEqual([
      { messageId: "wamid.1", isTyping: false },
      { messageId: "wamid.1", isTyping: true },
    ]);
  });

  it("of a thread without a message can't be told", async () => {
    const { double, calling } = await stage();
    for (const eventKey of [undefined, "status:wamid.1:sent", "reaction:wamid.1"]) {
      const place = { address: at.address, ...(eventKey === undefined ? {} : { eventKey }) };
      await expect(markRead(place, calling())).rejects.toThrow("no WhatsApp message");
      await expect(typing(place, calling())).rejects.toThrow("no WhatsApp message");
    }
    expect(double.reads).toEqual([]);
  });
});

describe("health", () => {
  const codes = async (context: Parameters<typeof health>[0]) =>
    (await health(context)).map(({ code, level }) => `${code} ${level}`);

  it("finds nothing wrong with an account in order", async () => {
    expect(await health((await stage()).calling())).toEqual([]);
  });

  it("finds a dead token, and a number that isn't there", async () => {
    const { calling } = await stage();
    expect(await codes(calling({ accessToken: "dead" }))).toEqual(["token_dead problem"]);
    expect(await codes(calling({ phoneNumberId: "1" }))).toEqual(["number_unknown problem"]);
  });

  it("finds a webhook that is elsewhere, or nowhere", async () => {
    const { calling } = await stage();
    expect(await codes({ ...calling(), webhookUrl: "https://moved.example" })).toEqual(["webhook_elsewhere problem"]);
    const { context } = await graph({
      "100": { body: { webhook_configuration: {} } },
      "900/subscribed_apps": { body: { data: [] } },
    });
    expect(await codes(context)).toEqual(["webhook_missing problem", "app_not_subscribed problem"]);
    const { context: own } = await graph({
      "100": { body: { webhook_configuration: { phone_number: webhookUrl, application: "https://other.example" } } },
    });
    expect(await codes(own)).toEqual([]);
  });

  it("finds what Meta thinks of the number", async () => {
    const { context } = await graph({
      "100": {
        body: {
          status: "RESTRICTED",
          quality_rating: "RED",
          name_status: "DECLINED",
          code_verification_status: "NOT_VERIFIED",
        },
      },
      "900/subscribed_apps": { status: 403, body: { error: { code: 200, message: "Missing permission" } } },
    });
    expect(await codes(context)).toEqual([
      "number_status problem",
      "quality_low warning",
      "name_declined warning",
      "number_unverified warning",
      "management_denied warning",
    ]);
  });

  it("says so when Meta can't be asked, without a word of the account's secrets", async () => {
    const { context } = await graph({ "100": { status: 503, body: { error: { code: 131016 } } } });
    await expect(health(context)).rejects.toMatchObject({ kind: "later" });
    const { context: odd } = await graph({ "100": { body: [] } });
    await expect(health(odd)).rejects.toThrow("something else");
    const { calling } = await stage();
    const [dead] = await health(calling({ accessToken: "secret-and-dead" }));
    expect(dead?.detail).not.toContain("secret-and-dead");
  });
});
