/** A range that the customer is willing to spend, in whole or broken units of the shop's currency. */
export interface Budget {
  min?: number;
  max?: number;
}

const AMOUNT = String.raw`(?:[$€£]\s?)?(\d{1,3}(?:,\d{3})+|\d+)(\.\d{1,2})?(?:\s?(?:dollars?|usd|bucks|euros?|eur|€|pounds?|gbp|\$))?`;
const MARKED =
  /[$€£]\s?\d[\d,]*(?:\.\d{1,2})?|\b\d[\d,]*(?:\.\d{1,2})?\s?(?:dollars?\b|usd\b|bucks\b|euros?\b|eur\b|€|pounds\b|gbp\b|\$)/gi;
const MAX_BEFORE = String.raw`(?:(?:won'?t|not|n't|never|no|nothing|without)\s(?:\w+\s){0,2}?(?:more than|over|above|exceed(?:ing)?)|under|below|beneath|less than|cheaper than|up to|upto|max(?:imum)?(?: of)?|at most|no more than|not more than|within|budget(?: is| of|:)?(?: about| around| like)?|spend|for about|for around|limit(?: is| of)?|<)\s*`;
const UNDER = new RegExp(`${MAX_BEFORE}${AMOUNT}`, "i");
const OR_LESS = new RegExp(
  `${AMOUNT}\\s*(?:or less|or below|or under|or cheaper|max(?:imum)?|tops|at most|budget)`,
  "i",
);
const OVER = new RegExp(String.raw`(?:over|above|more than|at least|starting at|from)\s*${AMOUNT}`, "i");
const BETWEEN = new RegExp(String.raw`(?:between\s*)?${AMOUNT}\s*(?:and|to|-|–)\s*${AMOUNT}`, "i");
const AROUND = new RegExp(String.raw`(?:around|about|roughly|approximately|~)\s*${AMOUNT}`, "i");

const number = (whole: string | undefined, cents: string | undefined): number =>
  Number(`${(whole ?? "").replaceAll(",", "")}${cents ?? ""}`);

/** The budget that a text names; undefined when it names none. Units of other things (`120 kg`) are none. */
export function budgetIn(text: string): Budget | undefined {
  const bare = text.replace(
    /\d+(?:[.,]\d+)?\s?(?:kg|kilos?|lbs?|cm|mm|m|inch(?:es)?|years?|days?|hours?|weeks?|months?|people|pieces?|chairs?|%)(?![a-z])/gi,
    " ",
  );
  const marked = bare.match(MARKED) !== null;
  const between = BETWEEN.exec(bare);
  if (between && (marked || /between|budget/i.test(bare))) {
    const [low, high] = [number(between[1], between[2]), number(between[3], between[4])];
    if (low < high) return { min: low, max: high };
  }
  const under = UNDER.exec(bare) ?? OR_LESS.exec(bare);
  if (under) return { max: number(under[1], under[2]) };
  const around = AROUND.exec(bare);
  if (around && marked) return { max: Math.round(number(around[1], around[2]) * 1.1) };
  const over = OVER.exec(bare);
  if (over && marked) return { min: number(over[1], over[2]) };
  return undefined;
}

/** Text in which amounts of money are one placeholder word each. */
export function maskMoney(text: string, placeholder: string): string {
  return text.replace(MARKED, ` ${placeholder} `);
}

const formats = new Map<string, Intl.NumberFormat>();

/** `$279`, `$99.50`, `€1,200`. */
export function priceText(amount: number, currency: string): string {
  const digits = Number.isInteger(amount) ? 0 : 2;
  const key = `${currency}${String(digits)}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat("en-US", {
      style: "currency",
      currency,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    formats.set(key, format);
  }
  return format.format(amount);
}
