import { listConversations } from "../../apps/core/conversation/cases.ts";
import { FIRST_WORKSPACE } from "../../apps/core/platform/workspace.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { problemDetails } from "../../apps/core/api/problem-details.ts";
import { openPlayground } from "../../apps/playground/playground.ts";
import { Answers, LiveEvent, type PlayedChannel } from "../../apps/playground/wire.ts";
import { readConfig } from "../../apps/core/platform/config.ts";
import { startPlayground, type Answer, type TestPlayground } from "../support/playground.ts";

let play: TestPlayground;
let channels: PlayedChannel[];
beforeAll(async () => {
  play = await startPlayground({ readingMs: 0 });
  channels = Answers.channels.parse((await play.ask("/api/channels")).body).items;
});
afterAll(() => play.close());

const SARAH = { sub: "shop-7", name: "Sarah", phone_number: "+14155550777", phone_number_verified: true };

async function refAt(channel: string, as: string): Promise<string | null> {
  const answer = await play.ask(`/api/${channel}/customer?as=${encodeURIComponent(as)}`);
  return Answers.customerOf.parse(answer.body).ref;
}

async function customer(ref: string | null) {
  return Answers.customer.parse((await play.ask(`/api/customers/${ref}`)).body);
}

async function until<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 20_000; ; await new Promise((resolve) => setTimeout(resolve, 30))) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`did not happen: ${what}`);
  }
}

/** Asserts a refusal in the hub's form, and gives its field. */
function refusedField(answer: Answer, status: number): string | undefined {
  expect(answer.status, JSON.stringify(answer.body)).toBe(status);
  expect(answer.type).toMatch(/^application\/problem\+json/);
  return problemDetails.strict().parse(answer.body).field;
}

describe("every channel that brings a simulator", () => {
  it("can be played: what is said is answered on its phone", async () => {
    const brought = [...play.hub.parts.adapters.values()].filter((a) => a.simulator !== undefined).map((a) => a.id);
    expect(channels.map(({ id }) => id).sort()).toEqual(brought.sort());
    expect(channels.length).toBeGreaterThanOrEqual(3);
    for (const { id, handles } of channels) {
      const tom = handles.find(({ name }) => name === "Tom") ?? handles.at(-1);
      const as = tom?.handle ?? "";
      const said = await play.post(`/api/${id}/say`, { as, text: "How much is the ErgoMax?" });
      expect(said.status, JSON.stringify(said.body)).toBe(202);
      expect(Answers.said.parse(said.body).id).not.toBe("");
      const [answer] = await play.hears(id, as, 1);
      expect(answer, id).toContain("$349");
      const screen = Answers.screen.parse((await play.ask(`/api/${id}/screen?as=${encodeURIComponent(as)}`)).body);
      expect(
        screen.items.filter(({ prompt }) => prompt !== true).map(({ direction, state }) => [direction, state]),
      ).toEqual([
        ["said", "sent"],
        ["heard", undefined],
      ]);
      const { timeline } = await customer(await refAt(id, as));
      const here = timeline.items.filter(({ channel, kind }) => channel === id && kind !== "call");
      expect(here.map(({ direction }) => direction)).toEqual(["out", "in"]);
    }
  });
});

describe("one customer on three phones", () => {
  let fresh: TestPlayground;
  beforeAll(async () => {
    fresh = play;
    play = await startPlayground({ readingMs: 0 });
  });
  afterAll(async () => {
    await play.close();
    play = fresh;
  });

  it("is joined by what the shop signs, and by a link code", async () => {
    const web = { as: "laptop", claims: SARAH };
    expect((await play.post("/api/web/say", { ...web, text: "I need a chair for under $300" })).status).toBe(202);
    await play.hears("web", "laptop", 1);
    const first = await refAt("web", "laptop");
    expect(first).toMatch(/^cust_/);

    await play.post("/api/whatsapp/say", { as: "+14155550777", text: "Hi, I was looking at chairs" });
    expect((await play.hears("whatsapp", "+14155550777", 1))[0]).toMatch(/Sarah.*ErgoComfort Pro/s);
    // The profile may go by another of its refs now; the first one goes on leading there.
    expect((await customer(first)).ref).toBe(await refAt("whatsapp", "+14155550777"));

    expect(await refAt("telegram", "700777")).toBeNull();
    const made = await play.post("/api/link-codes", { channel: "web", as: "laptop" });
    expect(made.status).toBe(201);
    const { code, links } = Answers.linkCode.parse(made.body);
    expect(links["telegram"]).toContain(code);
    expect((await play.post("/api/telegram/open", { as: "700777", code })).status).toBe(202);
    await play.hears("telegram", "700777", 1);
    const ref = await refAt("telegram", "700777");
    expect(await refAt("web", "laptop")).toBe(ref);
    expect((await customer(first)).ref).toBe(ref);
    const { items } = Answers.screen.parse((await play.ask("/api/telegram/screen?as=700777")).body);
    expect(items[0]).toMatchObject({ direction: "said", text: `/start ${code}`, state: "sent" });

    const { name, identifiers, timeline } = await customer(ref);
    expect(name).toBe("Sarah");
    expect(identifiers.map(({ value }) => value)).toEqual(expect.arrayContaining(["shop-7", "+14155550777", "700777"]));
    expect(new Set(timeline.items.map(({ channel }) => channel))).toEqual(new Set(["web", "whatsapp", "telegram"]));
  });

  it("presses buttons, and is someone else when not signed in", async () => {
    const as = "another";
    await play.post("/api/web/say", { as, text: "How much is the ErgoMax?" });
    await play.hears("web", as, 1);
    const screen = Answers.screen.parse((await play.ask(`/api/web/screen?as=${as}`)).body);
    const [message, button] = [screen.items.at(-1)?.id ?? "", screen.items.at(-1)?.buttons?.[0]?.id ?? ""];
    expect((await play.post("/api/web/press", { as, message, button })).status).toBe(202);
    expect((await play.hears("web", as, 2))[1]).toMatch(/ErgoMax specifications/);
    expect(refusedField(await play.post("/api/web/press", { as, message, button: "nope" }), 400)).toBe("button");
    expect(refusedField(await play.post("/api/web/press", { as, message: "x", button }), 400)).toBe("message");
    expect(await refAt("web", as)).not.toBe(await refAt("web", "laptop"));
    const { name } = await customer(await refAt("web", as));
    expect(name).toBeUndefined();
  });

  /** Plays a story to its end. Answers who played it, by ref, and what the hub told them, oldest first. */
  async function played(story: string): Promise<{ ref: string; told: string; channels: string[] }> {
    const started = await play.post("/api/journey", { story });
    expect(started.status, JSON.stringify(started.body)).toBe(202);
    refusedField(await play.post("/api/journey", {}), 409);
    const journey = await until(story, async () => {
      const state = Answers.journey.parse((await play.ask("/api/journey")).body);
      return state.state === "running" ? undefined : state;
    });
    expect(journey).toMatchObject({ story, state: "done", done: journey.steps });
    const refs = await Promise.all(Object.entries(journey.cast).map(([id, { handle }]) => refAt(id, handle)));
    expect(new Set(refs).size, "one customer").toBe(1);
    const { timeline } = await customer(refs[0] ?? null);
    const out = timeline.items.filter(({ direction }) => direction === "out").toReversed();
    // The next run's number is a second.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const channels = [...new Set(timeline.items.toReversed().map(({ channel }) => channel))];
    return { ref: refs[0] ?? "", told: out.map(({ text }) => text).join("\n"), channels };
  }

  it("replays Sarah's chair, every time as a new customer", async () => {
    const casts: string[] = [];
    for (const run of [1, 2]) {
      const { ref, told, channels } = await played("chair");
      casts.push(ref);
      expect(channels, `run ${run}`).toEqual(["web", "whatsapp", "telegram", "discord"]);
      expect(told).toMatch(
        /ErgoComfort Pro at \$279[\s\S]*30 days[\s\S]*Hi Sarah! Yes, you were looking at the ErgoComfort/,
      );
      expect(told).toMatch(
        /4-way lumbar[\s\S]*purchase link[\s\S]*SP\d{10}US[\s\S]*armrests[\s\S]*ErgoDesk mat at \$39/,
      );
    }
    expect(casts[0]).not.toBe(casts[1]);
  });

  it("replays a duplicate charge: told in the chat, asked after by mail, known on the telephone", async () => {
    const { told, channels } = await played("charge");
    expect(channels).toEqual(["web", "email", "voice"]);
    expect(told).toMatch(
      /sorry about the duplicate charge[\s\S]*you wrote about a duplicate charge[\s\S]*no need to explain/,
    );
  });

  it("replays a lost parcel: Discord, a mail by staff, a photo on WhatsApp, a person's answer", async () => {
    const { ref, told, channels } = await played("parcel");
    expect(channels).toEqual(["web", "discord", "email", "whatsapp"]);
    expect(told).toMatch(/a person from our team[\s\S]*photo of the place[\s\S]*A new chair leaves our warehouse/);
    const photo = await until("the photo", async () => {
      const { timeline } = await customer(ref);
      return timeline.items.flatMap((item) => item.files ?? []).find((file) => file.url !== undefined);
    });
    expect(photo).toMatchObject({ kind: "image", mime: "image/jpeg" });
    const answer = await fetch(play.url + (photo.url ?? ""));
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "image/jpeg"]);
    // The bot answers again once the case is closed.
    const [conversation] = (await listConversations(play.hub.parts, FIRST_WORKSPACE, { ref, limit: 1 })).items;
    expect(conversation).toMatchObject({ status: "resolved", handledBy: "bot" });
  });
});

describe("the live events", () => {
  it("greet, tell what is on a screen, and that something changed", async () => {
    const abort = new AbortController();
    const response = await fetch(`${play.url}/playground/api/events`, { signal: abort.signal });
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const seen: LiveEvent[] = [];
    let rest = "";
    const read = async () => {
      const { value = "" } = (await reader?.read()) ?? {};
      const parts = (rest + value).split("\n\n");
      rest = parts.pop() ?? "";
      for (const part of parts) {
        if (part.startsWith("data: ")) seen.push(LiveEvent.parse(JSON.parse(part.slice(6))));
      }
    };
    await play.post("/api/whatsapp/say", { as: "+14155550888", text: "hello" });
    await until("an answer on the screen", async () => {
      await read();
      return seen.some((e) => e.type === "screen" && e.item.direction === "heard") ? true : undefined;
    });
    abort.abort();
    expect(seen.slice(0, 2).map(({ type }) => type)).toEqual(["hello", "journey"]);
    const lines = seen.filter((e) => e.type === "screen");
    expect(lines.map(({ as, item }) => [as, item.direction, item.state])).toEqual([
      ["+14155550888", "said", "sending"],
      ["+14155550888", "said", "sent"],
      ["+14155550888", "heard", undefined],
    ]);
    expect(seen.some(({ type }) => type === "changed")).toBe(true);
  });
});

describe("a foreign page", () => {
  const paths: [string, string][] = [
    ["GET", ""],
    ["GET", "/"],
    ["GET", "/api/channels"],
    ["GET", "/api/events"],
    ["GET", "/api/web/heard?as=sarah-laptop"],
    ["POST", "/api/web/say"],
    ["POST", "/api/journey"],
  ];
  const cases: [string, (port: string) => Record<string, string>][] = [
    ["a name that was rebound to this machine", (port) => ({ host: `evil.example:${port}` })],
    ["a name that begins like ours", (port) => ({ host: `localhost.evil.example:${port}` })],
    ["another port", () => ({ host: "127.0.0.1:1" })],
    ["no port", () => ({ host: "127.0.0.1" })],
    ["another origin", (port) => ({ host: `127.0.0.1:${port}`, origin: "http://evil.example" })],
    ["our address, but another port", (port) => ({ host: `127.0.0.1:${port}`, origin: "http://127.0.0.1:1" })],
    ["our other name", (port) => ({ host: `127.0.0.1:${port}`, origin: `http://localhost:${port}` })],
    ["a sandboxed page", () => ({ origin: "null" })],
    ["an image of another site", () => ({ "sec-fetch-site": "cross-site" })],
    ["a page on another port", () => ({ "sec-fetch-site": "same-site" })],
    ["two sites at once", () => ({ "sec-fetch-site": "same-origin, cross-site" })],
  ];
  it.each(cases)("can't drive it: %s", async (_name, headersFor) => {
    const { port } = new URL(play.url);
    for (const [method, path] of paths) {
      const headers = { "content-type": "application/json", ...headersFor(port) };
      const body = method === "POST" ? JSON.stringify({ as: "foreign", text: "hi" }) : undefined;
      const answer = await play.ask(path, { method, headers, ...(body === undefined ? {} : { body }) });
      refusedField(answer, 403);
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    }
    const { items } = Answers.screen.parse((await play.ask("/api/web/screen?as=foreign")).body);
    expect(items).toEqual([]);
  });

  it("is told from our own", async () => {
    const { port } = new URL(play.url);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`]) {
      const headers = { host, origin: `http://${host}`, "sec-fetch-site": "same-origin" };
      expect((await play.ask("/api/channels", { headers })).status, host).toBe(200);
    }
    expect((await play.ask("/api/channels", { headers: { "sec-fetch-site": "none" } })).status).toBe(200);
  });
});

describe("bad input", () => {
  const json = { "content-type": "application/json" };
  let before: number | undefined;
  const threads = () => play.hub.parts.db.prisma.thread.count();
  beforeAll(async () => {
    before = await threads();
  });
  const post = (path: string, body: string, headers: Record<string, string> = json) =>
    play.ask(path, { method: "POST", headers, body });

  it.each([
    ["as", {}],
    ["as", { as: "", text: "x" }],
    ["as", { as: "  ", text: "x" }],
    ["as", { as: 5, text: "x" }],
    ["as", { as: "x".repeat(201), text: "x" }],
    ["as", { as: "a\0b", text: "x" }],
    ["text", { as: "a" }],
    ["text", { as: "a", text: "" }],
    ["text", { as: "a", text: " \n" }],
    ["text", { as: "a", text: ["x"] }],
    ["text", { as: "a", text: "\ud800" }],
    ["text", { as: "a", text: "x".repeat(20_001) }],
    ["name", { as: "a", text: "x", name: "" }],
    ["name", { as: "a", text: "x", name: {} }],
    ["claims", { as: "a", text: "x", claims: "sub" }],
    ["claims", { as: "a", text: "x", claims: [] }],
    ["claims.sub", { as: "a", text: "x", claims: { sub: 5 } }],
    ["claims", { as: "a", text: "x", claims: { a: "x".repeat(9_000) } }],
    ["extra", { as: "a", text: "x", extra: 1 }],
  ])("names the field %s", async (field, body) => {
    expect(refusedField(await post("/api/web/say", JSON.stringify(body)), 400)).toBe(field);
  });

  it("names a handle that is none on the channel, on every way to it", async () => {
    for (const id of ["telegram", "whatsapp"]) {
      expect(refusedField(await post(`/api/${id}/say`, '{"as":"bob","text":"x"}'), 400)).toBe("as");
      for (const list of ["heard", "screen", "customer"]) {
        expect(refusedField(await play.ask(`/api/${id}/${list}?as=bob`), 400)).toBe("as");
      }
    }
    for (const query of ["", "?as=", "?as=a&as=b", "?as[x]=1", "?as=a&more=1"]) {
      const field = refusedField(await play.ask(`/api/web/heard${query}`), 400);
      expect(field, query).toMatch(/^(as|more)/);
    }
  });

  it("is refused in other forms", async () => {
    refusedField(await post("/api/web/say", "{"), 400);
    refusedField(await post("/api/web/say", '"text"'), 400);
    refusedField(
      await post("/api/web/say", "as=a&text=x", { "content-type": "application/x-www-form-urlencoded" }),
      415,
    );
    refusedField(await post("/api/web/say", '{"as":"a","text":"x"}', { "content-type": "text/plain" }), 415);
    refusedField(await post("/api/web/say", '{"as":"a","text":"x"}', {}), 415);
    refusedField(
      await post("/api/web/press", JSON.stringify({ as: "a", message: "x".repeat(70_000), button: "b" })),
      413,
    );
    expect(refusedField(await post("/api/journey", '{"speed":9}'), 400)).toBe("speed");
    expect(refusedField(await post("/api/link-codes", '{"channel":"fax","as":"a"}'), 400)).toBe("channel");
    expect(refusedField(await post("/api/whatsapp/say", '{"as":"+14155550123","text":"x","claims":{}}'), 400)).toBe(
      "claims",
    );
    refusedField(await post("/api/link-codes", '{"channel":"web","as":"nobody-yet"}'), 409);
    refusedField(await post("/api/fax/say", '{"as":"a","text":"x"}'), 404);
    refusedField(await play.ask("/api/fax/heard?as=a"), 404);
    refusedField(await play.ask("/api/nothing"), 404);
    refusedField(await play.ask("/api/customers/cust_x"), 404);
    refusedField(await play.ask("/api/web/say"), 405);
    refusedField(await play.ask("/api/%ff/heard?as=a"), 400);
    refusedField(await post("/api/web/say", '{"as":"a","text":"x","claims":{"sub":"s","email":7}}'), 422);
    const { items } = Answers.screen.parse((await play.ask("/api/web/screen?as=a")).body);
    expect(items.map(({ state }) => state)).toEqual(["failed"]);
  });

  it("changed nothing", async () => {
    expect(before).toBeGreaterThanOrEqual(channels.length);
    expect(await threads()).toBe(before);
  });
});

describe("a restart", () => {
  it("wires the same accounts anew, so that their history stays", async () => {
    const [web] = channels.filter(({ signsIn }) => signsIn);
    const before = await customer(await refAt("whatsapp", "+14155550888"));
    const again = openPlayground(play.hub, readConfig({}));
    await again.start(play.url);
    try {
      const rows = await play.hub.parts.db.prisma.channelAccount.findMany();
      expect(rows.map(({ id }) => id).sort()).toEqual(channels.map(({ accountId }) => accountId).sort());
      expect(rows.every(({ playground, name }) => playground && name.startsWith("Playground "))).toBe(true);
      // The first start's simulators hold old keys now: what they sign is refused, and their phones say so.
      const said = await play.post(`/api/${web?.id}/say`, { as: "late", text: "hi", claims: { sub: "late" } });
      expect(refusedField(said, 422)).toBeUndefined();
      expect(await customer(before.ref)).toEqual(before);
    } finally {
      await again.stop();
    }
  });
});
