import type { Line } from "./simulatedLine.ts";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "#"];

const CALL = [
  { id: "call", title: "Call" },
  { id: "call:attested", title: "Call, the network vouches for the number" },
  { id: "call:nothing", title: "Call without showing the number" },
];
const HANG_UP = { id: "hang-up", title: "Hang up" };

/** What can be done at a telephone, by what its call is at. */
export function actionsOf(doing: ReturnType<Line["doing"]>): { id: string; title: string }[] {
  switch (doing) {
    case undefined:
      return CALL;
    case "listens":
      return [...KEYS.map((key) => ({ id: `key:${key}`, title: key })), HANG_UP];
    case "records":
      return [{ id: "voicemail", title: "Leave a message" }, HANG_UP];
    case "rings staff":
      return [
        { id: "staff:answers", title: "Staff: take the call" },
        { id: "staff:declines", title: "Staff: don't take it" },
        HANG_UP,
      ];
    case "with staff":
      return [{ id: "staff:hangs-up", title: "Staff: hang up" }, HANG_UP];
    case "speaks":
    case "rings":
      return [HANG_UP];
  }
}
