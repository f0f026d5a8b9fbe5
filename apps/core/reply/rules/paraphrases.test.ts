import { describe, expect, it } from "vitest";
import { stage } from "./testing/stage.ts";

/** What is asked, in many words, and the intent or text that shows it was understood. */
const UNDERSTOOD: Record<string, { texts: string[]; expected: RegExp; intent: string }> = {
  returns: {
    intent: "returns",
    expected: /30 days/,
    texts: [
      "What is your return policy?",
      "whats ur retrun polcy pls",
      "Can I send it back if I don't like it?",
      "how many days do i have to return a chair",
      "do you accept returns",
      "What if I'm not satisfied with the chair?",
      "can i get my money back if it doesn't suit me",
      "Is it possible to give it back?",
      "I have a question about returns",
      "what happens if I hate it and want to return it",
    ],
  },
  shipping: {
    intent: "shipping",
    expected: /Shipping is free|three days/,
    texts: [
      "How much is shipping?",
      "Is delivery free?",
      "do you charge for delivery",
      "how long does shiping take?",
      "What are the delivery costs?",
      "how fast do you deliver",
      "is there a shipping fee",
      "shipping?",
      "What's the delivery time",
      "hey do i have to pay for shipping",
    ],
  },
  price: {
    intent: "price",
    expected: /\$349/,
    texts: [
      "How much is the ErgoMax?",
      "how much does ergomax cost",
      "price of ergo max",
      "What's the price for the ErgoMax?",
      "ErgoMax price?",
      "hwo much is teh ergomaxx",
      "what would the ErgoMax set me back, how expensive is it",
      "Could you tell me what the ErgoMax costs?",
    ],
  },
  specs: {
    intent: "specs",
    expected: /ErgoMax specifications/,
    texts: [
      "send me the specs of the ErgoMax",
      "ErgoMax specifications please",
      "Can I see the technical details for the ErgoMax?",
      "what features does the ErgoMax have",
      "show me the ErgoMax specs",
    ],
  },
  recommendation: {
    intent: "recommendation",
    expected: /ErgoComfort Pro at \$279/,
    texts: [
      "I need an ergonomic office chair for under $300",
      "Which chair would you recommend below 300 dollars?",
      "looking for a desk chair, max $290",
      "can you suggest a good office chair?",
      "what's your best chair up to 300 bucks",
      "My budget is $300. Any ergonomic chairs?",
      "any office chairs less than $280?",
      "i want a new chair for my home office",
    ],
  },
  comparison: {
    intent: "comparison",
    expected: /ErgoComfort Pro[\s\S]*ErgoMax|ErgoMax[\s\S]*ErgoComfort Pro/,
    texts: [
      "Compare the ErgoComfort Pro and the ErgoMax",
      "What's the difference between ErgoComfort and ErgoMax?",
      "ErgoMax vs ErgoComfort Pro",
      "is the ErgoMax better than the ErgoComfort Pro?",
      "how does the ErgoComfort Pro compare to the ErgoMax",
      "Which one is better, the ErgoComfort or the ErgoMax?",
    ],
  },
  purchase: {
    intent: "purchase",
    expected: /shop\.test\/buy\/ergo-max/,
    texts: [
      "I'd like to buy the ErgoMax",
      "send me the purchase link for the ErgoMax",
      "Where can I order the ErgoMax?",
      "I'll take the ErgoMax",
      "how do i buy the ergomax",
      "let me order the ErgoMax please",
      "I want to purchase an ErgoMax",
    ],
  },
  order_status: {
    intent: "order_status",
    expected: /can't find an order/,
    texts: [
      "Where is my order?",
      "track my package",
      "When will my order arrive?",
      "has my order shipped yet?",
      "whats the status of my order",
      "where's my parcel",
      "Can you check my delivery status?",
      "do you have a tracking number for me",
    ],
  },
  assembly: {
    intent: "assembly",
    expected: /videos\/assembly/,
    texts: [
      "How do I assemble the chair?",
      "is there an assembly video",
      "do you have instructions for putting it together",
      "how do I attach the armrests?",
      "how do i put the chair together",
      "where can I find the assembly manual",
    ],
  },
  warranty: {
    intent: "warranty",
    expected: /at least 2 years/,
    texts: ["How long is the warranty?", "is there a guarantee", "What waranty do I get?", "do you repair chairs"],
  },
  payment: {
    intent: "payment",
    expected: /PayPal|monthly|invoice/,
    texts: [
      "How can I pay?",
      "do you take credit cards",
      "Can I pay with Apple Pay?",
      "what payment methods do you accept",
    ],
  },
  hours: {
    intent: "hours",
    expected: /Monday to Friday/,
    texts: ["When are you open?", "what are your opening hours", "are you open on sundays"],
  },
  contact: {
    intent: "contact",
    expected: /\+1 555/,
    texts: ["what is your phone number", "How can I contact you?", "do you have an email address"],
  },
  discounts: {
    intent: "discounts",
    expected: /no coupon codes/,
    texts: ["do you have a discount code", "is there a sale on", "any coupons?"],
  },
  privacy: {
    intent: "privacy",
    expected: /encrypted/,
    texts: ["what do you do with my personal data", "is my data safe", "please delete my data"],
  },
  small_talk: {
    intent: "small_talk",
    expected: /\?$|just say so/,
    texts: ["how are you?", "are you a bot?", "who are you", "what's your name?"],
  },
  thanks: { intent: "thanks", expected: /welcome/, texts: ["thanks!", "thx a lot", "Thank you very much"] },
  bye: {
    intent: "bye",
    expected: /day/,
    texts: ["bye", "That's all, thank you", "see you later", "no that's it, have a nice day"],
  },
};

/** Nothing here is in the knowledge of an office chair shop. */
const UNRELATED = [
  "What is the capital of France?",
  "Who won the world cup in 1998?",
  "What's the weather like tomorrow?",
  "Can you recommend a good pizza place?",
  "write me a poem about love",
  "Tell me a joke",
  "what's 2+2?",
  "Who founded your company?",
  "How tall is the Eiffel Tower?",
  "What is the meaning of life?",
  "Do you sell sofas?",
  "Do you have blue widgets in size large?",
  "How do I bake sourdough bread?",
  "asdf qwer zxcv",
  "Translate 'good morning' into Japanese",
  "Is Pluto a planet?",
  "When does the next train to Boston leave?",
  "Which stocks should I invest in?",
  "how many employees work at your company",
  "Can I bring my dog to your office party?",
  "what is the airspeed velocity of an unladen swallow",
  "Do you know a good dentist?",
  "Are office chairs tax deductible?",
  "Is the ErgoMax waterproof?",
  "Does the ErgoMax have bluetooth?",
  "why is the sky blue",
];

describe.each(Object.entries(UNDERSTOOD))("%s", (_, { texts, expected, intent }) => {
  it.each(texts)("%s", async (text) => {
    const customer = await stage();
    expect(await customer.say("web", text)).toMatch(expected);
    expect(customer.last()?.intent).toBe(intent);
  });
});

describe("unrelated questions", () => {
  it.each(UNRELATED)("%s", async (text) => {
    const customer = await stage();
    expect(await customer.say("web", text)).toMatch(/I don't know/);
    expect(customer.last()?.intent).toBe("unknown");
  });
});
