import { describe, expect, it } from "vitest";
import { addressOf, allowance } from "./rate.ts";

describe("an allowance", () => {
  it("gives each address its own burst, and no more", () => {
    const may = allowance({ burst: 3, perSecond: 0.001 });
    expect([may("a"), may("a"), may("a"), may("a"), may("b")]).toEqual([true, true, true, false, true]);
  });
});

describe("a client's address", () => {
  const request = (peer: string, forwarded?: string) => ({
    socket: { remoteAddress: peer },
    headers: forwarded === undefined ? {} : { "x-forwarded-for": forwarded },
  });

  it("is the peer's where no proxy is trusted, whatever it says", () => {
    expect(addressOf(request("10.0.0.1", "1.2.3.4"), 0)).toBe("10.0.0.1");
  });

  it("is what the outermost trusted proxy saw, not what the client wrote before it", () => {
    expect(addressOf(request("10.0.0.1", "6.6.6.6, 1.2.3.4"), 1)).toBe("1.2.3.4");
    expect(addressOf(request("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2"), 2)).toBe("1.2.3.4");
    expect(addressOf(request("10.0.0.1"), 2)).toBe("10.0.0.1");
  });

  it("is the network of an IPv6 client", () => {
    expect(addressOf(request("2001:db8:1:2:3:4:5:6"), 0)).toBe(addressOf(request("2001:db8:1:2:ffff::1"), 0));
  });
});
