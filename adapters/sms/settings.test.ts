import { describe, expect, it } from "vitest";
import { settings as account } from "./fixtures/sign.ts";
import { smsSettings } from "./settings.ts";

describe("settings", () => {
  it("need a number or a messaging service", () => {
    const { phoneNumber: _, ...without } = account;
    const service = { messagingServiceSid: "MG0123456789abcdef0123456789abcdef" };
    expect(smsSettings.safeParse(account).success).toBe(true);
    expect(smsSettings.safeParse({ ...without, ...service }).success).toBe(true);
    expect(smsSettings.safeParse({ ...account, ...service }).success).toBe(true);
    expect(smsSettings.safeParse(without).error?.issues).toMatchObject([{ path: ["phoneNumber"], message: /either/ }]);
  });

  it.each([
    { accountSid: "SK0123456789abcdef0123456789abcdef" },
    { authToken: "" },
    { authToken: "a b" },
    { phoneNumber: "4155550100-1" },
    { phoneNumber: "whatsapp:+14155550100" },
    { messagingServiceSid: "SM1" },
    { apiBaseUrl: "ftp://api.twilio.com" },
  ])("refuse %o", (wrong) => {
    const result = smsSettings.safeParse({ ...account, ...wrong });
    expect(result.error?.issues.map(({ path }) => path[0])).toEqual(Object.keys(wrong));
  });
});
