import { setTimeout as sleep } from "node:timers/promises";
import type { Choice } from "../contract/index.ts";
import { sidOf } from "./simulatedWebhook.ts";
import type { CallForm } from "./simulatedWebhook.ts";
import { stepOf } from "./steps.ts";
import { readTwiml } from "./twimlReader.ts";
import type { Verb } from "./twimlReader.ts";

/** What a line needs of the telephone network around it. */
export interface Network {
  /** Posts a webhook about this call, and answers with the TwiML that came of it. @throws {Error} when the hub refuses */
  post(url: string, call: CallForm, more: Record<string, string>): Promise<string>;
  /** Something is said to the customer. `prompt`: by the webhook's own answer, not by the API. */
  say(text: string, more: { prompt: boolean; offer: Choice[] }): void;
  /** The call is over, after so many seconds. */
  ended(call: CallForm, seconds: number): void;
  /** Keeps what was recorded. */
  keep(recordingSid: string, seconds: number): void;
  /** How many seconds pass in one: 1 in real time. */
  pace: number;
  signal: AbortSignal;
}

/** One call, from the customer's end. */
export interface Line {
  call: CallForm;
  /** Undefined once it is over. */
  doing(): "listens" | "speaks" | "rings staff" | "with staff" | "records" | "rings" | undefined;
  /** What Twilio does when it is given instructions, by a webhook's answer or by the API. */
  follow(twiml: string, by: "webhook" | "api"): void;
  /** Says something, into whatever listens; resolves when the hub has acknowledged it. */
  speak(text: string): Promise<{ url: string; more: Record<string, string> }>;
  /** Presses a key. */
  press(key: string): Promise<void>;
  /** A member of staff picks up, and takes the call with a key or does not. */
  staffAnswers(takes: boolean): Promise<void>;
  staffHangsUp(): Promise<void>;
  hangUp(): Promise<void>;
  /** Nobody answers a call of the hub's. */
  fail(status: "busy" | "no-answer" | "failed"): void;
}

/** What a call is at. */
type Activity =
  | { kind: "speaks" | "rings" }
  | { kind: "listens"; gather: Verb; keys: string }
  | { kind: "rings staff" | "with staff"; dial: Verb; childSid: string; since: number }
  | { kind: "records"; record: Verb; since: number };

/** Opens a line: it does what the TwiML says, as Twilio does, with waits that `pace` shortens. */
export function openLine(call: CallForm, network: Network): Line {
  const began = Date.now();
  let activity: Activity | undefined = {
    kind: call.status === "in-progress" || call.status === "ringing" ? "speaks" : "rings",
  };
  /** Counts up whenever something else begins: what was under way before then stops. */
  let scene = 0;

  const wait = (seconds: number) => sleep((seconds * 1_000) / network.pace, undefined, { signal: network.signal });
  const listening = () => (activity?.kind === "listens" ? activity : undefined);

  function follow(twiml: string, by: "webhook" | "api"): void {
    const mine = ++scene;
    if (activity === undefined) return;
    call.status = "in-progress";
    activity = { kind: "speaks" };
    perform(readTwiml(twiml), { mine, by }).catch(() => end(mine));
  }

  /** Twilio hangs up where instructions end, or can't be had. */
  function end(mine: number, status = "completed"): void {
    if (mine !== scene || activity === undefined) return;
    scene++;
    activity = undefined;
    call.status = status;
    network.ended(call, Math.round((Date.now() - began) / 1_000));
  }

  async function perform(verbs: Verb[], at: { mine: number; by: "webhook" | "api" }): Promise<void> {
    for (const verb of verbs) {
      if (at.mine !== scene) return;
      switch (verb.name) {
        case "Say":
          network.say(verb.text, { prompt: at.by === "webhook", offer: [] });
          break;
        case "Pause":
          await wait(Number(verb.attributes["length"] ?? 1));
          break;
        case "Gather":
          if (await gathers(verb, at)) return;
          break;
        case "Redirect":
          return ask(at.mine, verb.text.trim(), {});
        case "Record":
          activity = { kind: "records", record: verb, since: Date.now() };
          await wait(Number(verb.attributes["maxLength"] ?? 3_600));
          if (at.mine === scene) await recorded("", "#");
          return;
        case "Dial":
          return dials(verb, at.mine);
        case "Hangup":
          return end(at.mine);
        default:
          throw new Error(`<${verb.name}> is not for telephones`);
      }
    }
    end(at.mine);
  }

  /** Whether something else began meanwhile. */
  async function gathers(gather: Verb, at: { mine: number; by: "webhook" | "api" }): Promise<boolean> {
    const [first, ...others] = gather.children.filter((child) => child.name === "Say").map((child) => child.text);
    const offer = at.by === "api" ? offerOf(gather) : [];
    if (first !== undefined) network.say(first, { prompt: at.by === "webhook", offer });
    // By the API, the texts behind the first name the keys: the customer has them as buttons.
    if (at.by === "webhook") for (const text of others) network.say(text, { prompt: true, offer: [] });
    activity = { kind: "listens", gather, keys: "" };
    await wait(Number(gather.attributes["timeout"] ?? 5));
    const now = listening();
    if (at.mine !== scene) return true;
    if (now !== undefined && now.keys !== "") {
      await ask(at.mine, gather.attributes["action"] ?? "", { Digits: now.keys, FinishedOnKey: "" });
      return true;
    }
    activity = { kind: "speaks" };
    if (gather.attributes["actionOnEmptyResult"] !== "true") return false;
    await ask(at.mine, gather.attributes["action"] ?? "", {});
    return true;
  }

  async function dials(dial: Verb, mine: number): Promise<void> {
    const childSid = sidOf("CA");
    activity = { kind: "rings staff", dial, childSid, since: Date.now() };
    await wait(Number(dial.attributes["timeout"] ?? 30));
    if (mine !== scene || activity?.kind !== "rings staff") return;
    await ask(mine, dial.attributes["action"] ?? "", { DialCallSid: childSid, DialCallStatus: "no-answer" });
  }

  /** Asks the hub what to do next, and does it. */
  async function ask(mine: number, url: string, more: Record<string, string>): Promise<void> {
    const twiml = await network.post(url, call, more);
    if (mine === scene) follow(twiml, "webhook");
  }

  /** The same for what the customer has just done: it interrupts what is under way, and fails where the hub refuses. */
  async function interrupt(url: string, more: Record<string, string>): Promise<void> {
    const mine = ++scene;
    activity = { kind: "speaks" };
    try {
      await ask(mine, url, more);
    } catch (error) {
      end(mine);
      throw error;
    }
  }

  async function recorded(words: string, by: "#" | "hangup"): Promise<void> {
    if (activity?.kind !== "records") throw new Error("nothing is being recorded");
    const { record, since } = activity;
    const action = record.attributes["action"] ?? "";
    const sid = sidOf("RE");
    const seconds = Math.max(1, Math.round((Date.now() - since) / 1_000));
    network.keep(sid, seconds);
    const url = `https://api.twilio.com/2010-04-01/Accounts/AC/Recordings/${sid}`;
    const told = { RecordingSid: sid, RecordingUrl: url, RecordingDuration: String(seconds), Digits: by };
    if (by === "#") await interrupt(action, told);
    else await hungUp(() => network.post(action, call, told));
    const transcriber = record.attributes["transcribeCallback"];
    if (record.attributes["transcribe"] === "true" && transcriber !== undefined && words !== "") {
      const written = { RecordingSid: sid, TranscriptionSid: sidOf("TR"), TranscriptionStatus: "completed" };
      await network.post(transcriber, call, { ...written, TranscriptionText: words });
    }
  }

  /** The caller is gone; what the hub answers to that nobody hears. */
  async function hungUp(last: () => Promise<unknown>): Promise<void> {
    const mine = ++scene;
    activity = { kind: "speaks" };
    call.status = "completed";
    try {
      await last();
    } finally {
      end(mine);
    }
  }

  return {
    call,
    doing: () => activity?.kind,
    follow,
    async speak(text) {
      if (activity?.kind === "records") {
        await recorded(text, "#");
        return { url: "", more: {} };
      }
      const now = listening();
      if (now?.gather.attributes["input"]?.includes("speech") !== true) throw new Error(notNow(activity));
      const url = now.gather.attributes["action"] ?? "";
      const more = { SpeechResult: text, Confidence: "0.93", Language: "en-US" };
      await interrupt(url, more);
      return { url, more };
    },
    async press(key) {
      if (activity?.kind === "records" && key === "#") return recorded("", "#");
      const now = listening();
      if (now === undefined) throw new Error(notNow(activity));
      const { numDigits, finishOnKey = "#", action = "" } = now.gather.attributes;
      if (key !== finishOnKey || numDigits !== undefined) now.keys += key;
      const isDone = key === finishOnKey || now.keys.length >= Number(numDigits ?? 64);
      if (isDone) await interrupt(action, { Digits: now.keys });
    },
    async staffAnswers(takes) {
      if (activity?.kind !== "rings staff") throw new Error("no telephone of the staff rings");
      const { dial, childSid } = activity;
      const mine = ++scene;
      const number = dial.children.find((child) => child.name === "Number");
      const child: CallForm = {
        sid: childSid,
        from: dial.attributes["callerId"] ?? call.from,
        to: number?.text ?? "",
        direction: "outbound-dial",
        status: "in-progress",
        parentSid: call.sid,
      };
      const whispered = readTwiml(await network.post(number?.attributes["url"] ?? "", child, {}));
      const screen = whispered.find((verb) => verb.name === "Gather");
      const answer =
        takes && screen ? await network.post(screen.attributes["action"] ?? "", child, { Digits: "1" }) : "";
      const isTaken = takes && !(answer !== "" && readTwiml(answer).some((verb) => verb.name === "Hangup"));
      if (mine !== scene) return;
      if (isTaken) activity = { kind: "with staff", dial, childSid, since: Date.now() };
      else await interrupt(dial.attributes["action"] ?? "", { DialCallSid: childSid, DialCallStatus: "no-answer" });
    },
    async staffHangsUp() {
      if (activity?.kind !== "with staff") throw new Error("nobody of the staff is in the call");
      await interrupt(activity.dial.attributes["action"] ?? "", dialResult(activity));
    },
    fail: (status) => end(scene, status),
    async hangUp() {
      const before = activity;
      if (before === undefined) throw new Error("there is no call");
      if (before.kind === "records") return recorded("", "hangup");
      if (before.kind !== "with staff" && before.kind !== "rings staff") return hungUp(() => Promise.resolve());
      const { dial, childSid } = before;
      const given =
        before.kind === "with staff" ? dialResult(before) : { DialCallSid: childSid, DialCallStatus: "canceled" };
      await hungUp(() => network.post(dial.attributes["action"] ?? "", call, given));
    },
  };
}

function dialResult({ childSid, since }: { childSid: string; since: number }): Record<string, string> {
  const seconds = Math.max(1, Math.round((Date.now() - since) / 1_000));
  return { DialCallSid: childSid, DialCallStatus: "completed", DialCallDuration: String(seconds) };
}

function notNow(activity: Activity | undefined): string {
  if (activity === undefined) return "there is no call";
  return activity.kind === "with staff" ? "the caller is with a member of the staff" : "nobody listens at the moment";
}

/** What the keys of a <Gather> stand for. */
function offerOf(gather: Verb): Choice[] {
  const step = stepOf(URL.parse(gather.attributes["action"] ?? "")?.searchParams ?? new URLSearchParams());
  return typeof step === "object" ? (step.offer ?? []) : [];
}
