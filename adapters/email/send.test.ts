import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { SendError } from "../contract/index.ts";
import type { OutboundMessage } from "../contract/index.ts";
import { aside } from "../../test/support/send-context.ts";
import { adapter } from "./index.ts";
import { eventsOfMail } from "./parse.ts";
import { emailSettings } from "./settings.ts";
import type { EmailSettings } from "./settings.ts";
import { simulator } from "./simulator.ts";

const TOKEN = "c".repeat(26);
const ID = "0198f0aa-1111-7222-8333-444455556666";
const message: OutboundMessage = {
  id: ID,
  content: { text: "It is on its way." },
  address: {
    to: "sarah@example.com",
    token: TOKEN,
    subject: "My order",
    inReplyTo: "m1@x",
    references: ["m0@x", "m1@x"],
  },
};

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of open.splice(0)) await stop();
});

async function stage() {
  const double = await simulator.start();
  open.push(() => double.stop());
  const settings = emailSettings.parse(double.settings);
  const send = (
    what: Partial<OutboundMessage> = {},
    more: Partial<EmailSettings> = {},
    signal = AbortSignal.timeout(5_000),
  ) => adapter.send({ ...message, ...what }, { settings: { ...settings, ...more }, ...aside(), signal });
  return { double, settings, send };
}

async function advice(sending: Promise<unknown>): Promise<SendError> {
  const error = await sending.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SendError)) throw new Error("it did not fail with advice", { cause: error });
  return error;
}

/** A server that says its lines one by one, each after something has come in, and then what `end` does. */
async function scripted(lines: string[], end: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer((socket) => {
    const rest = [...lines];
    socket.on("error", () => undefined);
    const next = () => {
      const line = rest.shift();
      if (line === undefined) end(socket);
      else socket.write(`${line}\r\n`);
    };
    socket.on("data", next);
    next();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(async () => {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  });
  const { port } = addressOf(server.address());
  return port;
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === "string") throw new Error("no port");
  return address;
}

describe("a sent mail", () => {
  it("stands in its thread, names where answers go, and says that a program wrote it", async () => {
    const { double, send } = await stage();
    const { providerId } = await send();
    expect(providerId).toBe(`${TOKEN}.${ID}@playground.example`);
    const head = double.posted[0]?.raw.toString().split("\r\n\r\n")[0]?.replaceAll("\r\n ", " ") ?? "";
    expect(head).toContain("From: Support <support@playground.example>");
    expect(head).toContain("To: sarah@example.com");
    expect(head).toContain(`Reply-To: Support <support+${TOKEN}@playground.example>`);
    expect(head).toContain("Subject: Re: My order");
    expect(head).toContain(`Message-ID: <${providerId}>`);
    expect(head).toContain("In-Reply-To: <m1@x>");
    expect(head).toContain("References: <m0@x> <m1@x>");
    expect(head).toContain("Auto-Submitted: auto-replied");
    expect(head).toContain("X-Loop: support@playground.example");
  });

  it("by a person does not say that a program wrote it", async () => {
    const { double, send } = await stage();
    await send({ automatic: false });
    expect(double.posted[0]?.raw.toString()).not.toContain("Auto-Submitted");
  });

  it("takes no header from a subject, and no second recipient from an address", async () => {
    const { double, send } = await stage();
    await send({ address: { ...message.address, subject: "x\r\nBcc: eve@example.net\r\n\r\nbody" } });
    expect(double.posted[0]?.to).toEqual(["sarah@example.com"]);
    expect(double.posted[0]?.raw.toString().split("\r\n\r\n")[0]).not.toMatch(/^Bcc:/m);
    for (const to of [
      "a@example.com, eve@example.net",
      "a@example.com\r\nRCPT TO:<eve@example.net>",
      "Eve <eve@example.net>",
      "",
    ]) {
      expect((await advice(send({ address: { ...message.address, to } }))).kind).toBe("never");
    }
  });

  it("never goes to an address of the business itself", async () => {
    const { send } = await stage();
    const to = "Support+anything@playground.example";
    expect((await advice(send({ address: { ...message.address, to } }))).kind).toBe("never");
  });

  it("that comes back is a status, and never an answer's cause", async () => {
    const { double, settings, send } = await stage();
    const { providerId } = await send();
    const raw = double.posted[0]?.raw ?? Buffer.alloc(0);
    expect(await eventsOfMail(raw, settings)).toMatchObject([{ type: "status", status: "sent", providerId }]);
  });

  it("is answered in the thread it stands in, without what it said", async () => {
    const { double, settings, send } = await stage();
    await send();
    const { body } = double.request?.({ as: "sarah@example.com", text: "Thank you!" }) ?? { body: "" };
    const [event] = await eventsOfMail(Buffer.from(body), settings);
    expect(event).toMatchObject({
      content: { kind: "text", text: "Thank you!" },
      thread: { address: { token: TOKEN } },
    });
  });
});

describe("a mail that can't be sent", () => {
  const ehlo = ["220 mx", "250 mx"];
  it.each([
    ["connection refused at the greeting", ["554 5.7.1 go away"], "later"],
    ["421 at the greeting", ["421 4.3.2 shutting down"], "later"],
    ["sender refused", [...ehlo, "553 5.7.1 not yours"], "credentials"],
    ["authentication required", [...ehlo, "530 5.7.0 authenticate first"], "credentials"],
    ["mailbox full for now", [...ehlo, "250 ok", "452 4.2.2 <sarah@example.com> full"], "later"],
    ["no such user", [...ehlo, "250 ok", "550 5.1.1 <sarah@example.com> unknown"], "never"],
    ["greylisted", [...ehlo, "250 ok", "451 4.7.1 greylisted"], "later"],
    [
      "refused after the text",
      [...ehlo, "250 ok", "250 ok", "354 go on", "554 5.7.1 spam from sarah@example.com"],
      "never",
    ],
    ["put off after the text", [...ehlo, "250 ok", "250 ok", "354 go on", "451 4.3.0 try again"], "later"],
  ] as const)("%s", async (_, lines, kind) => {
    const { send } = await stage();
    const smtpPort = await scripted([...lines], () => undefined);
    const error = await advice(send({}, { smtpPort, smtpUser: undefined }));
    expect(error.kind).toBe(kind);
    expect(error.message).not.toContain("sarah@example.com");
  });

  it.each([
    ["before the greeting", [], "later"],
    ["after the envelope", [...ehlo, "250 ok", "250 ok"], "later"],
    ["after the text had begun", [...ehlo, "250 ok", "250 ok", "354 go on"], "unknown"],
  ] as const)("as the connection is lost %s", async (_, lines, kind) => {
    const { send } = await stage();
    const smtpPort = await scripted([...lines], (socket) => socket.destroy());
    expect((await advice(send({}, { smtpPort, smtpUser: undefined }))).kind).toBe(kind);
  });

  it("as nobody listens, nobody has that name, or it is given up", async () => {
    const { send } = await stage();
    expect((await advice(send({}, { smtpPort: 9 }))).kind).toBe("later");
    expect((await advice(send({}, { smtpHost: "nowhere.invalid" }))).kind).toBe("later");
    expect((await advice(send({}, {}, AbortSignal.abort()))).kind).toBe("later");
    const silent = await scripted([...ehlo, "250 ok", "250 ok", "354 go on"], () => undefined);
    const late = send({}, { smtpPort: silent, smtpUser: undefined }, AbortSignal.timeout(300));
    expect((await advice(late)).kind).toBe("unknown");
  });

  it("as the server offers no encryption that the settings ask for", async () => {
    const { send } = await stage();
    expect((await advice(send({}, { smtpSecurity: "starttls" }))).kind).toBe("credentials");
  });
});
