import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";

const BLNS = resolve(import.meta.dirname, "../../../shared/data/channels/strings/blns.json");

const OWN = [
  "",
  " ",
  "\0",
  "\ufeff",
  "\ud800",
  "\udc00\ud800",
  "\u202e\u200f\u200b",
  "👩‍👩‍👧‍👦🏳️‍🌈",
  "Z̮̞̠͙͔ͅḀ̗̞͈̻̗Ḷ͙͎̯̹̞͓G̻O̭̗̮",
  "__proto__",
  "constructor",
  "toString",
  "undefined",
  "null",
  "NaN",
  "-1",
  "1e999",
  "0x10",
  "9007199254740993",
  "'; DROP TABLE messages; --",
  "<script>alert(1)</script>",
  "../../../etc/passwd",
  "%s%n%p",
  "${7*7}{{7*7}}",
];

/** Strings that have broken programs: our own few, and the big list where the shared data is at hand. */
export const naughtyStrings: readonly string[] = existsSync(BLNS)
  ? [...OWN, ...z.array(z.string()).parse(JSON.parse(readFileSync(BLNS, "utf8")))]
  : OWN;
