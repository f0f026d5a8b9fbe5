import { createPatternTable, wordsOfPattern } from "./pattern.ts";
import type { PatternTable } from "./pattern.ts";

/**
 * What customers want and how they say it, as data. A weight above 1 beats any document of the knowledge; below it, a
 * document that is about all of the clause's words wins ("how much is shipping"). Knowledge has its own cues: the
 * `questions` and `keywords` of its files.
 */
const MAIN = {
  price: [
    [
      1.1,
      "how much * PRODUCT",
      "price|cost|pricing of|for * PRODUCT",
      "PRODUCT cost|price",
      "what * PRODUCT * cost",
      "PRODUCT * how much",
      "price|cost * PRODUCT",
    ],
    [1.1, "how much * CATEGORY * cost", "how much is|are that|this|the|my CATEGORY"],
    [
      0.9,
      "how much is|are|does|do|would|was it|that|this|they|these|those|one|the",
      "what does|do|would|will it|that|this|they * cost",
      "how expensive",
      "=price",
      "=prices",
      "=pricing",
      "price tag",
    ],
    [0.7, "cost", "price", "expensive"],
    [0.55, "how much"],
  ],
  specs: [
    [
      1.05,
      "spec|specs|specification|specifications|datasheet|detail|details",
      "full|technical|product information|description",
      "what * features * have",
      "features",
    ],
  ],
  about: [
    [
      0.9,
      "tell|show|send me * PRODUCT",
      "what is|are|about * PRODUCT",
      "more * about * PRODUCT",
      "information * PRODUCT",
      "describe|explain * PRODUCT",
      "see|view|look * PRODUCT",
      "interested in * PRODUCT",
      "show me|us it|that|those|them|both|these",
      "see it|that|those|them|both|these",
    ],
    [0.85, "tell me|us more", "more about it|that|this|them", "more information", "what about it|that|this"],
    [0.6, "PRODUCT", "how|what * is|about * PRODUCT"],
  ],
  compare: [
    [
      1.2,
      "compare|compared|comparison|comparing|versus",
      "difference|differences|differ|different between|from|to",
      "what is|are * difference|differences",
      "side by side",
    ],
    [
      1.15,
      "better|nicer|stronger|bigger|comfier than",
      "PRODUCT or|and the? PRODUCT * which|better",
      "which * better|best|more|stronger|nicer * PRODUCT",
      "PRODUCT or the? PRODUCT",
      "which one|of * better|best|recommend|prefer|nicer|choose",
      "which is|has|one? better|best|nicer|more",
      "stack up",
      "that|this|it|one or the? PRODUCT",
      "or * PRODUCT better",
    ],
  ],
  recommend: [
    [
      1.1,
      "recommend|recommendation|recommendations|suggest|suggestion|suggestions|advise",
      "help me choose|pick|find|decide",
      "=ideas|=tips|=cheapest",
      "what|which * should i buy|get|choose|take",
      "best * CATEGORY",
      "good|nice|decent|cheap|affordable CATEGORY",
      "cheapest|cheap|affordable * CATEGORY",
      "what|which CATEGORY",
      "CATEGORY * under|below|around|within|for|max|maximum|up * MONEY|NUMBER",
      "anything|something * under|below|around|within|for|cheaper * MONEY|NUMBER",
      "my|a|the|have budget",
      "something cheaper|better|else",
      "anything cheaper|better|else",
      "options|choices|alternatives|alternative",
      "MONEY budget",
      "budget * MONEY|NUMBER",
    ],
    [
      1,
      "look|looking|search|searching|shopping for * CATEGORY",
      "need|want|like|get|buy|after a|an|some|new|one|another * CATEGORY",
      "you|guys|they|there|store|shop have|sell|got|carry|stock|offer * CATEGORY",
      "sell * CATEGORY",
      "show|see me? * CATEGORY",
      "MONEY",
      "under|below|max|maximum NUMBER",
    ],
    [0.75, "something|anything for", "good for"],
    [0.6, "CATEGORY"],
  ],
  range: [
    [
      1.1,
      "what else? do|can you guys? sell|offer|have|carry|stock",
      "what else is|are there",
      "what products|items|things do|have",
      "your products|range|catalog|catalogue|assortment|selection",
      "what can i buy",
      "what kind|kinds|sort|sorts|type|types of|do * sell|have|offer|products",
    ],
  ],
  availability: [
    [
      1.05,
      "in stock",
      "is|are * available",
      "availability",
      "do|does * have|sell|carry|stock * PRODUCT",
      "have|got|get it|this|that|them|one in",
      "come|comes in",
      "have|got * PRODUCT in",
      "is|are there * PRODUCT",
      "sold out",
      "PRODUCT * in * size|color",
      "available in",
      "PRODUCT available",
    ],
    [0.5, "do you have|sell|carry|stock|offer", "have you got"],
  ],
  purchase: [
    [
      1.2,
      "purchase|buy|buying|checkout|order|payment|shop|product|direct link",
      "link to|for * buy|order|purchase|PRODUCT",
      "i|we want|like|love|wanna|wish to? * =buy|=purchase|=order|=get it|this|that|one|both|them|PRODUCT|CATEGORY",
      "i|we will|would take|buy|order|purchase|get|have it|this|that|one|the|both|them|PRODUCT",
      "go|going with * PRODUCT|it|that|this|one|CATEGORY",
      "how|where do|can|could|should|to i|we|one? =buy|=order|=purchase|=get|=pay * it|this|that|one|PRODUCT|CATEGORY",
      "how|where do|can|could|to i|we? =buy|=order|=purchase",
      "place * =order",
      "ready|want|like|going to =buy|=order|=purchase|=checkout",
      "add * to? cart|basket",
      "^ =buy|=order|=purchase",
      "check out now",
      "sign me up",
      "i|we * like|want|take|have|get the * one $",
      "i * take|have|get|want the? first|second|third|last|cheaper|cheapest one",
      "can|could|may|let i|me|we =buy|=order|=purchase",
      "send|give|share|need|get|want|have * link",
      "=buy|=order|=purchase now|it|this|that|one|PRODUCT",
    ],
    [0.8, "link"],
    [1.12, "i will|want|would|like * PRODUCT please", "settled|decided|decide on|for * PRODUCT"],
  ],
  order_status: [
    [
      1.25,
      "where is|are * order|package|parcel|delivery|shipment|stuff",
      "where is|are my|the PRODUCT|CATEGORY",
      "track|tracking",
      "order|delivery|shipping|shipment|package status|update|state",
      "status|state|update|news of|on|about|for * order|delivery|package|parcel|shipment|PRODUCT",
      "when will|does|do|is|are|should|can|would it|my|the|they|this|that|i * ship|arrive|come|deliver|delivered|dispatched|here|receive|get|expect|shipped|sent",
      "has|have|did|is|was|are it|my|the|they|PRODUCT * ship|shipped|sent|dispatched|left|arrived",
      "when * =arrive|=arriving|=delivered|=shipped",
      "how is|are|about my|the order|delivery|package|parcel",
      "on its|the way",
      "when * get|gets|getting here|delivered",
      "when my|it|the * get|gets|arrive|arrives|come|comes|ship|ships",
      "did|have|has you|they ship|shipped|send|sent|dispatch|dispatched * it|PRODUCT|CATEGORY|order|package|parcel|them",
      "order number|no|id|nr",
      "what did i order|buy",
      "my orders",
      "waiting for|on * order|package|parcel|delivery|PRODUCT|CATEGORY",
      "where is|are it|they",
      "how long * get|take|come|be|till|until to? get? here|arrive|arrives|deliver|delivered|reach",
      "how long * arrive|arrives|here",
      "will * =arrive|=arriving * by|on|before|tomorrow|today",
      "expected|estimated|expect * delivery|arrive|arrival|date",
      "eta",
    ],
    [
      1.02,
      "i|we just? =ordered|=bought|=purchased",
      "i|we have just? =ordered|=bought|=purchased",
      "=ordered * yesterday|today|monday|week|ago",
    ],
    [0.95, "my|the|an order"],
  ],
  helped: [
    [
      1.15,
      "video|that|it|this|you|guide|link|answer|really|very|was|been helped|helpful|worked|works",
      "^ got it",
      "problem solved",
      "solved|fixed|sorted",
      "that works|worked",
      "=helped",
    ],
  ],
  satisfied: [
    [
      1.15,
      "i|we really|absolutely|just|do? love|adore|enjoy|enjoying my? new? it|this|that|them|PRODUCT|CATEGORY",
      "i * love the|my? CATEGORY|PRODUCT",
      "^ love|loving it|this|PRODUCT|CATEGORY",
      "happy|pleased|thrilled|delighted|satisfied with",
      "so|very|really|super|extremely|quite|is|are comfortable|comfy|happy",
      "much|lot|feel|feels|feeling better",
      "is|are|it great|amazing|perfect|wonderful|fantastic|awesome|excellent",
      "works|working|work|fits great|well|perfectly|fine",
      "pain * better|gone|less",
      "best * ever",
      "no complaints",
      "i love|like it",
      "enjoying|loving * PRODUCT|CATEGORY|it",
    ],
  ],
  unsatisfied: [
    [
      1.2,
      "not|never * =happy|satisfied|pleased|comfortable|comfy|enjoying|impressed|good",
      "do|does not like|love|enjoy|fit|suit * it|PRODUCT|CATEGORY|this|me",
      "disappointed|disappointing|uncomfortable",
      "hate|regret * it|PRODUCT|CATEGORY|this",
      "not what i expected|wanted",
      "hurts|worse",
    ],
  ],
  human: [
    [
      1.3,
      "speak|talk|chat|connect|transfer|put|pass|get|reach|bring|write|forward|hand * human|person|agent|someone|somebody|representative|rep|colleague|operator|advisor|staff|employee|supervisor|team",
      "real|actual|live|human person|human|agent|being|support|people|chat",
      "=human please",
      "=human",
      "^ agent|representative|operator|person",
      "customer service|support|care",
      "call|ring|phone me",
      "call back",
      "want|need * =human|agent|representative|operator|manager|person",
      "is there|anyone * =someone|person|human|anybody",
      "bring in",
    ],
  ],
  bot: [
    [
      1.35,
      "are|am|is you|i|this * bot|robot|ai|machine|computer|human|person|real|chatbot|automated|program|speaking|talking",
      "who|what are|am you|i talking|speaking|chatting",
      "^ who|what are you $",
      "what is your name",
      "who is this",
      "you a bot|robot|human",
    ],
  ],
  how_are_you: [
    [
      1.2,
      "how are|is you|things|life|everything|it $",
      "how are you doing|today|feeling",
      "how is|are it|things|everything going",
      "how do you do",
      "what is up",
      "^ sup $",
    ],
  ],
  help: [
    [
      1.05,
      "what can|could|do you do|know $",
      "what|how can|could you do|help * $",
      "how does|do this|it|you work $",
      "^ help * $",
      "^ can|could you help * $",
      "i|just have|got a|another|some question|questions $",
      "need * help|assistance|support $",
      "^ i? * question|questions $",
      "^ menu $",
      "^ start $",
    ],
  ],
  who_am_i: [
    [1.4, "what is my name", "who am i", "do|you know|remember me|who|my name", "remember me", "know my name"],
  ],
  recall: [
    [
      1.02,
      "i|we was|were|been|had just? looking|asking|interested|wondering|talking|chatting|browsing|considering|thinking|shopping",
      "i|we * talked|spoke|discussed|chatted|asked|wrote|messaged|contacted",
      "remember what|our|when|that|the",
      "remind me",
      "what i|we was|were * looking|asking|interested|talking|discussing",
      "last time",
      "where were we",
      "left off",
      "it is|just me again|back",
      "^ me again",
      "i|am|me am|back back|again $",
      "continue * conversation|where|our|talking|chat",
      "pick up where",
      "what did|were|was i|we ask|talk|discuss|say|talking|discussing|looking|asking",
      "which|what * was i|we|it",
      "following|follow up",
      "i|we =looked|=saw|=asked|=viewed",
      "i|we have =seen|=looked|=asked",
      "back again",
      "i|we|you =mentioned|=said|=told",
    ],
  ],
  update: [
    [
      1.12,
      "any|is|there|have|got|some news|update|updates|progress",
      "what is happening|going|new with|on",
      "what about my|the problem|issue|complaint|case|ticket|request|refund|charge",
      "status|state of my|the problem|issue|complaint|case|ticket|request|refund",
      "my|the problem|issue|complaint|case|ticket|request",
      "did|have|has you|anyone|it|they * fix|fixed|solved|resolved|checked|sorted|look|looked",
      "heard back|nothing|anything",
    ],
  ],
  accessories: [
    [
      1.15,
      "accessory|accessories|extras|add on|ons",
      "goes|go|fit|fits|pair|matches|match|suit well? with * it|PRODUCT|CATEGORY|that|this|my",
      "what else|other * with|need|buy|get|recommend|have|for",
      "complete * setup|set",
      "complements|complement",
    ],
  ],
  others_data: [
    [
      1.5,
      "other|another|all|every customer|customers|client|clients|user|users|person|people|buyer|buyers|somebody|someone * order|orders|data|details|message|messages|history|address|name|names|chat|chats|conversation|conversations|email|emails|number|phone",
      "someone|somebody|anybody else|elses * order|orders|data|message|messages|account|history",
      "show|give|list|tell|send|who * other|another|all|your customer|customers|client|clients|users|buyers",
      "other|another customer|customers|people|users|client|clients write|wrote|written|message|tell|told",
      "customer|client|user list|database|records",
      "order|orders|message|messages|history|account|data|details|address of|for|from another|other|someone|somebody|customer|everyone",
      "who else =bought|=ordered|=asked|=wrote|=purchased",
      "friend|wife|husband|neighbor|neighbour|boss|brother|sister order|orders|account|messages|chat|history",
    ],
  ],
  tampering: [
    [
      1.6,
      "ignore|forget|disregard|override * instruction|instructions|rule|rules|prompt|prompts|above|previous",
      "system|your|initial|hidden prompt|instructions",
      "repeat|say|echo|write|copy|print|output * after me|exactly|following|word|words|back",
      "repeat after",
      "^ please? repeat|echo",
      "pretend|act|roleplay|behave * as|like|you|to be",
      "you are now",
      "developer|admin|debug|jailbreak mode",
      "jailbreak",
    ],
  ],
  insult: [
    [
      1.3,
      "trash|useless|stupid|idiot|dumb|crap|shit|fuck|bullshit|ridiculous|garbage|rubbish|pathetic|scam|scammer",
      "=terrible|=awful|=worst|=horrible service|support|bot|company|experience|shop",
      "you are|is not helping|terrible|awful|annoying",
      "not helpful|helping",
    ],
  ],
} satisfies Record<string, Cue[]>;

/** Courtesies and reactions: they colour an answer, and are one only when nothing else was said. */
const SOCIAL = {
  greeting: [
    [
      1,
      "^ hi|hello|hey|hiya|heya|hallo|howdy|greetings|yo|hola|heyo",
      "good =morning|afternoon|evening|day",
      "^ =morning|evening|afternoon $",
    ],
  ],
  thanks: [[1, "thanks|thank|cheers|thankyou", "appreciate", "much obliged", "grateful"]],
  bye: [
    [
      1,
      "bye|goodbye|cya|farewell|byebye",
      "that is|was|will all|everything|be|it $",
      "that is|was all|everything",
      "see you|ya",
      "talk|speak later|soon|tomorrow",
      "have a|an * day|evening|weekend|one|night|time",
      "nothing else|more",
      "no * that is|was it|all",
      "am|i all set|done|good $",
      "=good night",
      "take care",
      "no more questions",
      "i am done|all set",
    ],
  ],
  considering: [
    [
      1,
      "think * about|over|it",
      "^ hmm|hm|hmmm|mm $",
      "sleep on it",
      "let me think|consider|check",
      "get back|come back to|later",
      "decide later|tomorrow",
      "not sure yet",
      "need * time",
      "maybe later",
      "consider it",
      "will think",
      "talk|speak|ask|check * with|to * wife|husband|partner|boss",
    ],
  ],
  arrived: [
    [
      1,
      "PRODUCT|CATEGORY|order|package|parcel|it|delivery|everything|they|mine * =arrived|=came|=delivered",
      "PRODUCT|CATEGORY|order|package|parcel|it|they is|are finally? =here",
      "i|we * =received|=got * PRODUCT|CATEGORY|order|package|parcel|delivery|it $",
      "^ =arrived",
      "^ =got|=received my|the|it|PRODUCT|CATEGORY",
      "=arrived today|yesterday|just|safely|finally",
      "just =arrived|=came",
    ],
  ],
  pleased: [
    [
      1,
      "^ so|that|this|wow|oh? is|was|sounds? =awesome|=great|=perfect|=cool|=nice|=wonderful|=amazing|=excellent|=fantastic|=super|=brilliant|=lovely|=sweet|=wow|=neat",
      "^ =awesome|=great|=perfect|=cool|=nice|=wonderful|=amazing|=excellent|=fantastic|=super|=brilliant|=lovely|=sweet|=wow|=neat|=good|=yay",
      "faster|better|quicker|sooner than",
      "sounds good|great|perfect|nice",
      "good to know",
      "makes sense",
      "i see $",
      "can not wait",
      "so|looking excited|forward",
    ],
  ],
  yes: [
    [
      1,
      "^ yes|yeah|yep|yup|ya|sure|ok|okay|absolutely|definitely|certainly|alright|y|yea|gladly",
      "^ of course",
      "^ please please? do? $",
      "^ go ahead",
      "^ sounds|that good|great|works|be",
      "^ i|we would|do $",
      "^ i would love|like|please to?",
      "^ do it|that|so",
      "^ why not",
      "^ that would be",
      "please do",
    ],
  ],
  no: [[1, "^ no|nope|nah|not|never|n", "not now|today|really|yet|necessary|needed $", "do not need|want|bother"]],
  sorry: [[1, "sorry|apologies|apologise|apologize|oops|my bad|mistake", "never mind", "nevermind"]],
  laugh: [[1, "^ haha|hahaha|lol|lmao|hehe|rofl|xd|hihi"]],
  pain: [[1, "my|have|got|bad|back|neck|shoulder|lower * pain|ache|aches|hurts|hurting|sore", "back|neck pain|ache"]],
} satisfies Record<string, Cue[]>;

type Cue = [weight: number, ...patterns: string[]];
/** What a clause asks for, when no document of the knowledge is meant. */
export type MainIntent = keyof typeof MAIN;
/** What a clause says besides. */
export type SocialIntent = keyof typeof SOCIAL;

const tableOf = <Name extends string>(table: Record<Name, Cue[]>): PatternTable<{ name: Name; weight: number }> => {
  const rows: { pattern: string; value: { name: Name; weight: number } }[] = [];
  for (const name in table)
    for (const [weight, ...patterns] of table[name])
      for (const pattern of patterns) rows.push({ pattern, value: { name, weight } });
  return createPatternTable(rows);
};
const main = tableOf<MainIntent>(MAIN);
const social = tableOf<SocialIntent>(SOCIAL);

/** The intents of a line (see `lineOf`), the strongest first. */
export function mainIntents(line: string): { name: MainIntent; weight: number }[] {
  const found = new Map<MainIntent, number>();
  for (const { name, weight } of main.match(line)) found.set(name, Math.max(weight, found.get(name) ?? 0));
  return [...found].map(([name, weight]) => ({ name, weight })).sort((a, b) => b.weight - a.weight);
}

const NO_NEWS = / (?:not|never|when|if|will|until|how|would|should|broken|damaged|wrong)~/;

/** The courtesies of a line. */
export function socialIntents(line: string): Set<SocialIntent> {
  const found = new Set(social.match(line).map((s) => s.name));
  // "It has not arrived", "when it has arrived": no news.
  if (NO_NEWS.test(line)) found.delete("arrived");
  return found;
}

/** Every word the rules listen for, so that slips in them are understood. */
export function wordsOfIntents(): string[] {
  return [MAIN, SOCIAL].flatMap((table) =>
    Object.values(table)
      .flat()
      .flatMap(([, ...patterns]) => patterns.flatMap(wordsOfPattern)),
  );
}
