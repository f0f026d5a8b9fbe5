import { randomBytes } from "node:crypto";
import type { Json, Simulator } from "../contract/index.ts";
import { now } from "./simulatedWebhook.ts";
import type { SimulatedAccount, SimulatedPerson } from "./simulatedWebhook.ts";

type Act = NonNullable<Simulator["act"]>;

/** What an action is done with. */
interface Hands {
  does(who: { as: string; name?: string | undefined }, message: Record<string, Json>): Promise<unknown>;
  announce(change: { field: string; value: Record<string, Json> }): Promise<void>;
  personOf(as: string): SimulatedPerson;
  account: SimulatedAccount;
}

const ACTIONS: { id: string; title: string; act(input: Parameters<Act>[0], hands: Hands): Promise<unknown> }[] = [
  {
    id: "location",
    title: "Share a location",
    act: (who, { does }) =>
      does(who, {
        type: "location",
        location: {
          latitude: 37.44221496582,
          longitude: -122.16165924072,
          name: "Example Café",
          address: "1 Example Street",
        },
      }),
  },
  {
    id: "contact",
    title: "Share a contact",
    act: (who, { does }) =>
      does(who, {
        type: "contacts",
        contacts: [
          {
            name: { formatted_name: "Lucía Example", first_name: "Lucía" },
            phones: [{ phone: "+1 983 555 0119", wa_id: "19835550119", type: "MOBILE" }],
          },
        ],
      }),
  },
  { id: "call", title: "Call (nobody answers)", act: (who, hands) => call(who.as, hands) },
];

async function call(as: string, { announce, personOf, account }: Hands): Promise<void> {
  const { phone, bsuid } = personOf(as);
  const from = phone === undefined ? {} : { from: phone.slice(1) };
  const about = {
    id: `wacid.${randomBytes(12).toString("base64url")}`,
    ...from,
    from_user_id: bsuid,
    to: account.displayPhoneNumber.replace(/\D/g, ""),
    direction: "USER_INITIATED",
    timestamp: now(),
  };
  for (const news of [{ event: "connect" }, { event: "terminate", status: "FAILED" }]) {
    await announce({ field: "calls", value: { calls: [{ ...about, ...news }] } });
  }
}

/** What a customer can do beside writing. */
export function customerActions(hands: Hands): Pick<Simulator, "actions" | "act"> {
  return {
    actions: () => ACTIONS.map(({ id, title }) => ({ id, title })),
    act(input) {
      const action = ACTIONS.find(({ id }) => id === input.action);
      if (action === undefined) return Promise.reject(new Error("there is no such action"));
      return action.act(input, hands);
    },
  };
}
