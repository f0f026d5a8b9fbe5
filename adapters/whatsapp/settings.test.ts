import { expect, it } from "vitest";
import { settings } from "./fixtures/sign.ts";
import { whatsappSettings } from "./settings.ts";

it.each(["", " ", "two words", "with\u200bzero-width", "cut…", "line\n"])(
  "refuses the access token %j",
  (accessToken) => {
    expect(whatsappSettings.safeParse({ ...settings, accessToken }).success).toBe(false);
  },
);

it("takes a token as Meta makes them", () => {
  expect(whatsappSettings.safeParse({ ...settings, accessToken: "EAAJB_x-9.Zz|1~" }).success).toBe(true);
});
