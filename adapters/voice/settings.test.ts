import { describe, expect, it } from "vitest";
import { settings as account } from "./fixtures/sign.ts";
import { agentsOf, voiceSettings } from "./settings.ts";

describe("settings", () => {
  it("need an account, a token and a number, and know the rest", () => {
    expect(voiceSettings.parse(account)).toMatchObject({
      language: "en-US",
      recording: "ask",
      transcribe: false,
      apiBaseUrl: "https://api.twilio.com",
    });
    for (const name of ["accountSid", "authToken", "phoneNumber"]) {
      const { [name]: _, ...without } = account;
      expect(voiceSettings.safeParse(without).success, name).toBe(false);
    }
  });

  it.each([
    { accountSid: "SK0123456789abcdef0123456789abcdef" },
    { authToken: "a b" },
    { phoneNumber: "12345" },
    { phoneNumber: "4155550100" },
    { greeting: " " },
    { language: "English" },
    { voice: "a voice" },
    { agentNumbers: "+14155550188; +14155550189" },
    { agentNumbers: "reception" },
    { recording: "always" },
    { charactersPerSecond: 0 },
    { apiBaseUrl: "ftp://api.twilio.com" },
  ])("refuse %o", (wrong) => {
    const result = voiceSettings.safeParse({ ...account, ...wrong });
    expect(result.error?.issues.map(({ path }) => path[0])).toEqual(Object.keys(wrong));
  });

  it("name the staff's telephones", () => {
    expect(agentsOf({ agentNumbers: undefined })).toEqual([]);
    const { agentNumbers } = voiceSettings.parse({
      ...account,
      agentNumbers: "+14155550188, +14155550189,+4930123456",
    });
    expect(agentsOf({ agentNumbers })).toEqual(["+14155550188", "+14155550189", "+4930123456"]);
  });
});
