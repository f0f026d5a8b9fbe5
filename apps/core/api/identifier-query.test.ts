import { describe, expect, it } from "vitest";
import { identifierQuery } from "./identifier-query.ts";

const asked = (query: string) => identifierQuery.safeParse(new URLSearchParams(query).get("identifier"));

describe("an identifier in a query", () => {
  it.each([
    ["identifier=phone:%2B14155551234", { type: "phone", value: "+14155551234" }],
    ["identifier=phone:+14155551234", { type: "phone", value: "+14155551234" }],
    ["identifier=phone:14155551234", { type: "phone", value: "14155551234" }],
    ["identifier=email:sarah+shop@example.com", { type: "email", value: "sarah+shop@example.com" }],
    ["identifier=email:sarah%2Bshop@example.com", { type: "email", value: "sarah+shop@example.com" }],
    ["identifier=telegram:5550001", { type: "telegram", value: "5550001" }],
    ["identifier=external:crm:42", { type: "external", value: "crm:42" }],
    ["identifier=external:Order%20Desk", { type: "external", value: "Order Desk" }],
  ])("%s", (query, identifier) => {
    expect(asked(query).data).toEqual(identifier);
  });

  it.each([
    "",
    "identifier=",
    "identifier=phone",
    "identifier=phone:",
    "identifier=phone:+",
    "identifier=:x",
    "identifier=PHONE:1",
  ])("is refused: %s", (query) => {
    expect(asked(query).success).toBe(false);
  });
});
