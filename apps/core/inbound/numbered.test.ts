import { expect, it } from "vitest";
import { chosenBy } from "./numbered.ts";

const choices = [
  { id: "yes", title: "Yes, that's me" },
  { id: "no", title: "No" },
  { id: "later", title: "In 2 days" },
];

it.for([
  ["2", "no"],
  [" 2 ", "no"],
  ["2.", "no"],
  ["2)", "no"],
  ["(2)", "no"],
  ["#2", "no"],
  ["2️⃣", "no"],
  ["２", "no"],
  ["no", "no"],
  ["NO", "no"],
  ["yes, that's me", "yes"],
  ["in 2 days", "later"],
])("%j is the choice %j", ([answer = "", id]) => {
  expect(chosenBy(answer, choices)?.id).toBe(id);
});

it.for(["0", "4", "22", "2 of them", "2.5", "2!", "-2", "", "no thanks", "yes", "²½", "١٢"])("%j is none", (answer) => {
  expect(chosenBy(answer, choices)).toBeUndefined();
});
