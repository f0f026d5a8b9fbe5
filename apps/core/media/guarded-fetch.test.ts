import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DownloadError, type GuardedFetchOptions } from "../../../adapters/contract/index.ts";
import { isPublicAddress } from "./address.ts";
import { guardedFetch, type Guard, type Resolved } from "./guarded-fetch.ts";

describe("a public address", () => {
  it.each(["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"])(
    "is %s",
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  it.each([
    ["this host", "0.0.0.0"],
    ["loopback", "127.0.0.1"],
    ["loopback", "127.255.255.254"],
    ["private", "10.0.0.1"],
    ["private", "172.16.0.1"],
    ["private", "192.168.1.1"],
    ["carrier-grade NAT", "100.64.0.1"],
    ["a cloud's metadata", "169.254.169.254"],
    ["benchmarks", "198.18.0.1"],
    ["documentation", "192.0.2.1"],
    ["6to4 relay", "192.88.99.1"],
    ["multicast", "224.0.0.1"],
    ["reserved", "240.0.0.1"],
    ["broadcast", "255.255.255.255"],
    ["IPv6 loopback", "::1"],
    ["IPv6 unspecified", "::"],
    ["mapped", "::ffff:127.0.0.1"],
    ["mapped", "::ffff:10.0.0.1"],
    ["IPv4-compatible", "::127.0.0.1"],
    ["NAT64", "64:ff9b::7f00:1"],
    ["NAT64 of one's own", "64:ff9b:1::7f00:1"],
    ["6to4", "2002:7f00:1::"],
    ["Teredo", "2001::7f00:1"],
    ["unique local", "fd00::1"],
    ["link-local", "fe80::1"],
    ["link-local with a zone", "fe80::1%eth0"],
    ["site-local", "fec0::1"],
    ["multicast", "ff02::1"],
    ["documentation", "2001:db8::1"],
    ["discard", "100::1"],
    ["no address", "localhost"],
    ["no address", ""],
  ])("is not %s %s", (_what, address) => expect(isPublicAddress(address)).toBe(false));
});

describe("a guarded fetch", () => {
  let server: Server;
  let origin: string;
  let port: number;
  let answer: RequestListener;
  const asked: IncomingMessage[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request);
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    ({ port } = address);
    origin = `http://127.0.0.1:${port}`;
  });
  beforeEach(() => {
    asked.length = 0;
    answer = (_request, response) => void response.end("the file");
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const to =
    (address: string): NonNullable<Guard["resolve"]> =>
    () =>
      Promise.resolve([{ address, family: address.includes(":") ? 6 : 4 }]);

  function asks(url: string, options: GuardedFetchOptions = {}, guard: Partial<Guard> = {}) {
    return guardedFetch({ signal: AbortSignal.timeout(5_000), maxBytes: 1_000, ...guard })(url, options);
  }

  async function refused(work: Promise<unknown>): Promise<DownloadError> {
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof DownloadError)) throw new Error("it was not refused", { cause: error });
    return error;
  }

  it.each(["127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254", "10.1.2.3", "::1", "64:ff9b::7f00:1"])(
    "does not connect to a name that resolves to %s",
    async (address) => {
      const error = await refused(asks(`http://files.example:${port}/a`, {}, { resolve: to(address) }));
      expect(error).toMatchObject({ kind: "never", message: "the file is not on the public internet" });
      expect(asked).toEqual([]);
    },
  );

  it("looks at every address of a name", async () => {
    const both = [
      { address: "93.184.215.14", family: 4 },
      { address: "127.0.0.1", family: 4 },
    ];
    const error = await refused(asks(`http://files.example:${port}/`, {}, { resolve: () => Promise.resolve(both) }));
    expect(error.kind).toBe("never");
    expect(asked).toEqual([]);
  });

  it.each([
    "127.0.0.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "[::1]",
    "[::ffff:7f00:1]",
    "localhost",
    "0",
  ])("does not connect to http://%s, however it is written", async (host) => {
    const error = await refused(asks(`http://${host}:${port}/a`));
    expect(error.kind).toBe("never");
    expect(asked).toEqual([]);
  });

  it.each([
    "file:///etc/passwd",
    "ftp://files.example/a",
    "data:text/plain,x",
    "//files.example/a",
    "",
    "http://user:word@files.example/",
  ])("takes %j for no address of a file", async (url) => expect((await refused(asks(url))).kind).toBe("never"));

  it("resolves once, and connects to what it checked", async () => {
    const answers: Resolved[][] = [[{ address: "127.0.0.1", family: 4 }], [{ address: "127.9.9.9", family: 4 }]];
    let looks = 0;
    const seen: string[] = [];
    const guard: Partial<Guard> = {
      resolve: () => Promise.resolve(answers[looks++] ?? []),
      isAllowed: (address) => {
        seen.push(address);
        return true;
      },
    };
    const { body, status } = await asks(`http://files.example:${port}/a?b=c`, {}, guard);
    expect((await buffer(body)).toString()).toBe("the file");
    expect({ status, looks, seen }).toEqual({ status: 200, looks: 1, seen: ["127.0.0.1"] });
    expect(asked[0]?.headers.host).toBe(`files.example:${port}`);
    expect(asked[0]?.url).toBe("/a?b=c");
  });

  it("goes to the account's own origins wherever they are, and to no other port or scheme there", async () => {
    const trusted = [`${origin}/some/path`];
    expect((await buffer((await asks(`${origin}/file`, { trusted })).body)).toString()).toBe("the file");
    for (const url of [`http://127.0.0.1:${port + 1}/`, `https://127.0.0.1:${port}/`, `http://127.0.0.2:${port}/`])
      expect((await refused(asks(url, { trusted }))).kind).toBe("never");
    expect(asked).toHaveLength(1);
  });

  it("asks only hosts that are named, where some are", async () => {
    const guard = { resolve: to("127.0.0.1"), isAllowed: () => true };
    const hosts = ["files.example", ".cdn.example"];
    for (const host of ["files.example", "a.b.cdn.example", "cdn.example"])
      expect((await asks(`http://${host}:${port}/`, { hosts }, guard)).status).toBe(200);
    for (const host of ["evil.example", "files.example.evil.example", "evilcdn.example", "a.files.example"])
      expect((await refused(asks(`http://${host}:${port}/`, { hosts }, guard))).kind).toBe("never");
  });

  it("tells secrets to those hosts and origins, and to nobody else", async () => {
    const guard = { resolve: to("127.0.0.1"), isAllowed: () => true };
    const headers = { Authorization: "Bearer s3cret", Cookie: "a=b", "x-other": "1" };
    await asks(`http://files.example:${port}/`, { headers }, guard);
    await asks(`http://files.example:${port}/`, { headers, hosts: ["files.example"] }, guard);
    await asks(`${origin}/`, { headers, trusted: [origin] });
    expect(asked.map((request) => request.headers.authorization)).toEqual([
      undefined,
      "Bearer s3cret",
      "Bearer s3cret",
    ]);
    expect(asked.map((request) => request.headers.cookie)).toEqual([undefined, "a=b", "a=b"]);
    expect(asked.map((request) => request.headers["x-other"])).toEqual(["1", "1", "1"]);
  });

  it("follows no redirect, unless it is to be told of one", async () => {
    answer = (_request, response) => void response.writeHead(302, { location: `${origin}/elsewhere` }).end();
    expect((await refused(asks(`${origin}/`, { trusted: [origin] }))).kind).toBe("never");
    const told = await asks(`${origin}/`, { trusted: [origin], redirects: "told" });
    expect({ status: told.status, location: told.headers["location"] }).toEqual({
      status: 302,
      location: `${origin}/elsewhere`,
    });
    expect(asked).toHaveLength(2);
  });

  it.each([
    [401, "credentials"],
    [403, "never"],
    [404, "never"],
    [410, "never"],
    [408, "later"],
    [429, "later"],
    [500, "later"],
    [503, "later"],
  ] as const)("takes a %i for `%s`", async (status, kind) => {
    answer = (_request, response) => void response.writeHead(status).end("Sarah Miller's file");
    const error = await refused(asks(`${origin}/`, { trusted: [origin] }));
    expect(error).toMatchObject({ kind, message: `the file's host answered ${status}` });
  });

  it("reads no more than it may, whatever the headers say", async () => {
    answer = (_request, response) => void response.writeHead(200, { "content-length": 1_001 }).end(Buffer.alloc(1_001));
    expect((await refused(asks(`${origin}/`, { trusted: [origin] }))).message).toMatch(/larger than/);
    let sent = 0;
    answer = (_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024))) sent++;
      };
      response.on("drain", more);
      more();
    };
    const { body } = await asks(`${origin}/`, { trusted: [origin] });
    expect(await refused(buffer(body))).toMatchObject({ kind: "never" });
    const before = sent;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sent).toBe(before);
    answer = (_request, response) => void response.end(Buffer.alloc(1_000));
    expect(await buffer((await asks(`${origin}/`, { trusted: [origin] })).body)).toHaveLength(1_000);
  });

  it("gives up in time: before the answer, and within it", async () => {
    answer = () => undefined;
    const late = asks(`${origin}/`, { trusted: [origin] }, { signal: AbortSignal.timeout(100) });
    expect(await refused(late)).toMatchObject({ kind: "later", message: "the file did not come in time" });
    answer = (_request, response) => void response.writeHead(200).write("begun");
    const { body } = await asks(`${origin}/`, { trusted: [origin] }, { signal: AbortSignal.timeout(100) });
    expect(await refused(buffer(body))).toMatchObject({ kind: "later" });
  });

  it("comes back later where nobody answers, or breaks off", async () => {
    const away = createServer();
    await new Promise<void>((resolve) => away.listen(0, "127.0.0.1", resolve));
    const address = away.address();
    await new Promise<void>((resolve) => away.close(() => resolve()));
    const there = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    expect(await refused(asks(`${there}/`, { trusted: [there] }))).toMatchObject({
      kind: "later",
      message: "the file's host can't be reached (ECONNREFUSED)",
    });
    const nowhere = () => Promise.reject(Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND" }));
    expect((await refused(asks("http://files.example/", {}, { resolve: nowhere }))).kind).toBe("later");
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": 100 }).write("begun");
      setTimeout(() => response.destroy(), 20);
    };
    const { body } = await asks(`${origin}/`, { trusted: [origin] });
    expect((await refused(buffer(body))).kind).toBe("later");
  });
});
