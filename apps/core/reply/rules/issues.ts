import { createPatternTable, wordsOfPattern } from "./pattern.ts";

/** Something went wrong, and only a person can put it right. */
export interface Issue {
  /** The intent that staff and reports see. */
  intent: string;
  /** "you wrote about …" */
  label: string;
  /** What is said first. */
  sympathy: string;
  /** What the person will do: "A person from our team will …". */
  action: string;
  patterns: string[];
}

/** Complaints that any shop hears; more specific ones come first. */
export const ISSUES: readonly Issue[] = [
  {
    intent: "duplicate_charge",
    label: "a duplicate charge",
    sympathy: "I'm sorry about the duplicate charge",
    action: "check the payment and refund what was taken twice",
    patterns: [
      "charge|charged|billed|paid|debited|deducted|withdrawn|payment|taken * twice|double|again",
      "double|duplicate|duplicated charge|charged|charges|charging|billing|payment|billed|transaction|debit|booking",
      "two|2 charges|payments|transactions",
      "twice * charge|charged|billed|paid|card|account|debited",
      "overcharged",
      "charged * too much",
      "wrong amount",
    ],
  },
  {
    intent: "damaged",
    label: "something that arrived damaged",
    sympathy: "I'm so sorry that it arrived like this",
    action: "send you a replacement or refund you, whichever you prefer; a photo helps them",
    patterns: [
      "arrived|came|delivered|received|got|is|was|are|box|it * broken|damaged|cracked|defective|faulty|scratched|torn|dented|ripped|smashed",
      "broke|broken|damaged|defective|faulty PRODUCT|CATEGORY|part|parts|item|leg|arm|wheel",
      "PRODUCT|CATEGORY * broke|broken|damaged|cracked|defective|faulty|snapped",
      "it|that|leg|arm|armrest|wheel|back|seat|cylinder|lever * broke|snapped|cracked $",
      "does|do|did not|stopped|not work|working anymore|properly|correctly|at",
      "stopped working",
      "fell|fallen|falling|came|broke|comes|coming off|apart|loose",
      "broke down",
      "=defective",
      "it * broken|damaged",
    ],
  },
  {
    intent: "wrong_item",
    label: "a wrong item",
    sympathy: "I'm sorry that you got the wrong item",
    action: "send you the right one and have the other picked up",
    patterns: [
      "wrong|incorrect|different item|product|color|size|model|order|one|thing|PRODUCT|CATEGORY",
      "not what i ordered",
      "sent|received|got * wrong|incorrect",
    ],
  },
  {
    intent: "missing_parts",
    label: "missing parts",
    sympathy: "I'm sorry that something is missing",
    action: "send you what is missing the same day; tell me which part it is, if you can",
    patterns: [
      "missing * part|parts|screw|screws|piece|pieces|armrest|item|wheel|bolt|bolts|tool|tools|manual",
      "part|parts|screw|screws|piece|pieces|bolt|bolts|item|wheel * missing|not included|lost",
      "is|are|was missing",
      "not in the? box|package",
    ],
  },
  {
    intent: "not_arrived",
    label: "an order that had not arrived",
    sympathy: "I'm sorry that it isn't there yet",
    action: "look into it with the carrier and write to you here",
    patterns: [
      "not|never * arrived|come|came|received|delivered|here|showed|got",
      "still waiting * order|package|parcel|PRODUCT|CATEGORY|it|for",
      "order|package|parcel|delivery|PRODUCT|CATEGORY is|was late|lost|delayed|overdue",
      "lost * package|parcel|order|mail|post",
      "wrong address",
      "says delivered * not|nothing",
    ],
  },
  {
    intent: "refund_status",
    label: "a refund",
    sympathy: "I understand, let's see to your refund",
    action: "look up where the refund is and write to you here",
    patterns: [
      "where|when|what * my|the|get|receive * refund|money $",
      "where is|are my|the refund|money",
      "my refund",
      "refund status|update",
      "status of|on * refund",
      "have|has|did|still not * refund|refunded|money|got|get * refund|money|back|yet",
      "when * get|receive|have|see * money|refund",
      "want|need|demand|like|give|request me? my|a|the refund",
      "want|need|demand|like|give|request me? * money back",
      "refund me|it|my|please",
      "get * refunded",
    ],
  },
  {
    intent: "account_access",
    label: "access to your account",
    sympathy: "I'm sorry that you can't get into your account",
    action: "check your account and help you back in; please never send a password here",
    patterns: [
      "can|could not|unable|trouble|problem|problems|issue|issues|help * log|login|sign|signin|access|enter * account|in|into|login|website|site|shop|profile",
      "can|could not log|login|sign|access",
      "not * log in",
      "locked|blocked out|account",
      "account|profile|login|access locked|blocked|disabled|suspended|access|problem|issue|problems|issues",
      "reset|forgot|forgotten|lost|change|wrong|new * password",
      "password * work|wrong|reset|forgot|invalid",
      "login|signin * work|problem|issue|fails|failed",
      "hacked",
    ],
  },
  {
    intent: "cancel_order",
    label: "cancelling an order",
    sympathy: "I understand that you'd like to cancel",
    action: "stop the order if it hasn't left yet; if it has, you can return it",
    patterns: [
      "cancel|stop|withdraw|undo|revoke * order|purchase|PRODUCT|CATEGORY|it|delivery|that|this",
      "do not want * order|PRODUCT|CATEGORY|it anymore|longer",
      "changed my mind",
      "order * cancelled|cancel|canceled",
    ],
  },
  {
    intent: "change_order",
    label: "a change to an order",
    sympathy: "Of course",
    action: "change the order if it hasn't left yet",
    patterns: [
      "change|update|correct|edit|modify * address|order|delivery|quantity|shipping",
      "different|new|another|wrong address",
      "=moved|moving * address|house",
    ],
  },
  {
    intent: "billing",
    label: "a billing question",
    sympathy: "I'm sorry for the trouble with the bill",
    action: "check the bill and write to you here",
    patterns: [
      "problem|issue|question|wrong|mistake|error|trouble|help|dispute * bill|billing|invoice|charge|payment|card",
      "bill|billing|invoice|charge|payment * problem|issue|question|wrong|mistake|error|trouble|failed|declined|incorrect",
      "card * declined|rejected|refused|failed",
      "do not recognize|recognise|know * charge|payment",
      "unknown|strange|unauthorized charge|payment",
    ],
  },
  {
    intent: "complaint",
    label: "a complaint",
    sympathy: "I'm sorry to hear that",
    action: "look into it and write to you here",
    patterns: [
      "complain|complaint|complaints",
      "have|got|is|there|a|big|serious|another problem|issue * with * my|PRODUCT|CATEGORY|order|it|delivery",
      "i|we have|got a|an problem|issue",
    ],
  },
];

const table = createPatternTable(ISSUES.flatMap((value) => value.patterns.map((pattern) => ({ pattern, value }))));

/** The complaint in a line (see `lineOf`), if it is one. */
export function issueIn(line: string): Issue | undefined {
  return table.match(line)[0];
}

/** Every word the complaints listen for. */
export function wordsOfIssues(): string[] {
  return ISSUES.flatMap((issue) => issue.patterns.flatMap(wordsOfPattern));
}
