import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ImapFlow } from "imapflow";
import { afterEach, describe, expect, it } from "vitest";
import type { InboundEvent, Json } from "../contract/index.ts";
import { listener } from "./listen.ts";
import { emailSettings } from "./settings.ts";
import { simulator } from "./simulator.ts";

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of open.splice(0).toReversed()) await stop();
});

/** A listener under way, and what it has stored. */
function start(settings: Record<string, Json>, cursor?: string, store: () => Promise<void> = () => Promise.resolve()) {
  const control = new AbortController();
  const events: InboundEvent[] = [];
  const cursors: (string | undefined)[] = [cursor];
  const ended = listener.listen({
    settings: emailSettings.parse({ ...settings, inbound: "imap" }),
    cursor,
    signal: control.signal,
    async emit(came, position) {
      await store();
      events.push(...came);
      cursors.push(position?.cursor);
    },
  });
  ended.catch(() => undefined); // Looked at where it matters.
  const stop = async () => {
    control.abort();
    await ended.catch(() => undefined);
  };
  open.push(stop);
  return {
    events,
    cursors,
    ended,
    stop,
    texts: () => events.flatMap((event) => ("content" in event && "text" in event.content ? [event.content.text] : [])),
  };
}

async function until(true_: () => boolean, ms = 8_000): Promise<void> {
  for (const end = Date.now() + ms; !true_();) {
    if (Date.now() > end) throw new Error("it did not happen in time");
    await sleep(20);
  }
}

const mail = (text: string, id = text.replaceAll(/\W/g, "")) =>
  Buffer.from(`From: sarah@example.com\r\nMessage-ID: <${id}@x>\r\nSubject: s\r\n\r\n${text}\r\n`);

describe("the listener", () => {
  async function double() {
    const made = await simulator.start();
    open.push(() => made.stop());
    const put = (text: string) => made.mail(mail(text)).catch(() => undefined); // No hub is attached; the mailbox has it.
    return { ...made, put };
  }

  it("stores mail in its order, each with its place", async () => {
    const { settings, put } = await double();
    await put("one");
    const listening = start(settings);
    await until(() => listening.texts().length === 1);
    for (const text of ["two", "three", "four"]) await put(text);
    await until(() => listening.texts().length === 4);
    expect(listening.texts()).toEqual(["one", "two", "three", "four"]);
    expect(listening.cursors.at(-1)).toMatch(/^\d+:4$/);
  });

  it("comes back when the connection is lost, without gap or repetition", async () => {
    const { settings, put, hangUp } = await double();
    const listening = start(settings);
    await put("before");
    await until(() => listening.texts().length === 1);
    hangUp();
    await put("meanwhile");
    await until(() => listening.texts().length === 2);
    await put("after");
    await until(() => listening.texts().length === 3);
    expect(listening.texts()).toEqual(["before", "meanwhile", "after"]);
  });

  it("remembers where it began, though nothing came", async () => {
    const { settings } = await double();
    const listening = start(settings);
    await until(() => listening.cursors.length > 1);
    expect(listening.cursors.at(-1)).toMatch(/^\d+:0$/);
  });

  it("ends with the failure when what came can't be stored", async () => {
    const { settings, put } = await double();
    await put("one");
    const listening = start(settings, undefined, () => Promise.reject(new Error("the database is away")));
    await expect(listening.ended).rejects.toThrow("the database is away");
  });

  it("shows what is no mail, and goes on", async () => {
    const { settings, mail: deliver, put } = await double();
    await deliver(Buffer.from("\0 nothing like a mail")).catch(() => undefined);
    await put("next");
    const listening = start(settings);
    await until(() => listening.events.length === 2);
    expect(listening.events[0]).toMatchObject({ content: { kind: "unsupported" }, addressed: false });
  });

  it("gives up where the password is refused or no server is named", async () => {
    const { settings } = await double();
    await expect(start({ ...settings, imapPassword: "wrong" }).ended).rejects.toThrow(/password/);
    const { imapHost: _, ...nowhere } = settings;
    await expect(start(nowhere).ended).rejects.toThrow(/no mailbox server/);
  });
});

const DOVECOT = spawnSync("dovecot", ["--version"]).status === 0;

describe.skipIf(!DOVECOT)(`the listener and Dovecot${DOVECOT ? "" : " (dovecot-imapd is not installed)"}`, () => {
  it("hears mail in order, across a restart of the server", async () => {
    const server = await startDovecot();
    open.push(server.remove);
    const put = async (...texts: string[]) => {
      const client = new ImapFlow({
        host: "127.0.0.1",
        port: server.port,
        secure: false,
        doSTARTTLS: false,
        auth: { user: "shop", pass: "sesame" },
        logger: false,
      });
      await client.connect();
      for (const text of texts) await client.append("INBOX", mail(text));
      await client.logout();
    };
    await put("one", "two");
    const settings = {
      address: "support@shop.example",
      inboundSecret: "0123456789abcdef",
      imapHost: "127.0.0.1",
      imapPort: server.port,
      imapSecurity: "none",
      imapUser: "shop",
      imapPassword: "sesame",
    };
    const listening = start(settings);
    await until(() => listening.texts().length === 2);
    await put("three", "four");
    await until(() => listening.texts().length === 4);
    await server.restart();
    await put("five");
    await until(() => listening.texts().length === 5, 15_000);
    await listening.stop();
    await put("six");
    const again = start(settings, listening.cursors.at(-1));
    await until(() => again.texts().length === 1);
    expect([...listening.texts(), ...again.texts()]).toEqual(["one", "two", "three", "four", "five", "six"]);
    await expect(start({ ...settings, imapPassword: "wrong" }).ended).rejects.toThrow(/password/);
  }, 60_000);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A Dovecot of our own with one user, under a folder that goes with it. */
async function startDovecot() {
  const folder = mkdtempSync(join(tmpdir(), "dovecot-"));
  const port = await freePort();
  const me = process.getuid?.() ?? 0;
  // As root, Dovecot wants mail to be someone else's.
  const owner = me === 0 ? Number(execFileSync("id", ["-u", "nobody"], { encoding: "utf8" })) : me;
  const name = execFileSync("id", ["-un", String(owner)], { encoding: "utf8" }).trim();
  const group = execFileSync("id", ["-gn", String(owner)], { encoding: "utf8" }).trim();
  const home = join(folder, "home");
  mkdirSync(home);
  if (me === 0) chownSync(home, owner, 0);
  if (me === 0) execFileSync("chmod", ["755", folder]);
  const config = join(folder, "dovecot.conf");
  writeFileSync(
    config,
    `protocols = imap
listen = 127.0.0.1
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/log
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_uid = ${name}
mail_gid = ${group}
mail_location = maildir:${home}/mail
auth_failure_delay = 0
${me === 0 ? "" : `default_login_user = ${name}\ndefault_internal_user = ${name}\ndefault_internal_group = ${group}\n`}
passdb {
  driver = static
  args = password=sesame
}
userdb {
  driver = static
  args = uid=${name} gid=${group} home=${home}
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  chroot =
}
`,
  );
  const run = async () => {
    const child = spawn("dovecot", ["-F", "-c", config], { stdio: "ignore" });
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    await answering(port);
    return async () => {
      child.kill("SIGTERM");
      await ended;
    };
  };
  let stop = await run();
  return {
    port,
    async restart() {
      await stop();
      stop = await run();
    },
    async remove() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const client = new ImapFlow({
      host: "127.0.0.1",
      port,
      secure: false,
      doSTARTTLS: false,
      auth: { user: "shop", pass: "sesame" },
      logger: false,
    });
    client.on("error", () => undefined);
    const ready = await client.connect().then(
      () => true,
      () => false,
    );
    client.close();
    if (ready) return;
    await sleep(50);
  }
  throw new Error("Dovecot does not start");
}
