/** What the telephone says by itself. */
export interface Phrases {
  hello(name: string): string;
  welcomeBack: string;
  /** After the greeting. */
  ask: string;
  /** After it, where somebody can be asked for. */
  askOrPerson: string;
  moment: string;
  stillLooking: string;
  stillThere: string;
  goodbye: string;
  /** Nobody, or nothing, could answer. */
  sorry: string;
  connecting: string;
  /** To the member of staff who picks up. */
  whisper: string;
  press(key: number, title: string): string;
  /** In place of a web address. */
  link: string;
  /** Where voicemail is announced, and where it is asked for. */
  leaveMessage: string;
  mayRecord: string;
  afterBeep: string;
  noVoicemail: string;
  thanks: string;
  /** What people say who want a person. */
  person: RegExp;
}

const english: Phrases = {
  hello: (name) => `Hello ${name}.`,
  welcomeBack: "Welcome back.",
  ask: "How can I help you?",
  askOrPerson: "How can I help you? For a person, press 0.",
  moment: "One moment, please.",
  stillLooking: "I am still looking into it.",
  stillThere: "Are you still there?",
  goodbye: "Goodbye.",
  sorry: "I am sorry, nobody can answer right now.",
  connecting: "I am connecting you.",
  whisper: "A customer is calling. Press any key to take the call.",
  press: (key, title) => `For ${title}, press ${key}.`,
  link: "a link, which I can send you as a text message",
  leaveMessage: "You can leave a message, which will be recorded. If you do not want that, please hang up.",
  mayRecord: "You can leave a message, which will be recorded. If you agree, press 1.",
  afterBeep: "Please speak after the tone.",
  noVoicemail: "Please call again later, or write to us.",
  thanks: "Thank you. We have your message.",
  person:
    /^(?:(?:can|could|may) i |i (?:want|need|would like|wish)(?: to)? |i'd like(?: to)? |please |let me |put me through to |connect me (?:to|with) |get me )*(?:(?:speak|talk)(?:ing)? (?:to|with) )?(?:an? |the |your )?(?:real |live |human )?(?:agent|human|person|operator|representative|someone|somebody|human being)(?: please)?$/,
};

const german: Phrases = {
  hello: (name) => `Guten Tag ${name}.`,
  welcomeBack: "Schön, dass Sie wieder anrufen.",
  ask: "Wie kann ich Ihnen helfen?",
  askOrPerson: "Wie kann ich Ihnen helfen? Für ein Gespräch mit unserem Team drücken Sie die 0.",
  moment: "Einen Moment, bitte.",
  stillLooking: "Ich suche noch.",
  stillThere: "Sind Sie noch da?",
  goodbye: "Auf Wiederhören.",
  sorry: "Es tut mir leid, gerade kann niemand antworten.",
  connecting: "Ich verbinde Sie.",
  whisper: "Ein Kunde ruft an. Drücken Sie eine Taste, um das Gespräch anzunehmen.",
  press: (key, title) => `Für ${title} drücken Sie die ${key}.`,
  link: "ein Link, den ich Ihnen als Textnachricht schicken kann",
  leaveMessage:
    "Sie können eine Nachricht hinterlassen, sie wird aufgezeichnet. Wenn Sie das nicht möchten, legen Sie bitte auf.",
  mayRecord:
    "Sie können eine Nachricht hinterlassen, sie wird aufgezeichnet. Wenn Sie einverstanden sind, drücken Sie die 1.",
  afterBeep: "Bitte sprechen Sie nach dem Ton.",
  noVoicemail: "Bitte rufen Sie später noch einmal an, oder schreiben Sie uns.",
  thanks: "Vielen Dank. Wir haben Ihre Nachricht.",
  person:
    /^(?:bitte )?(?:ich (?:möchte|will|würde gerne?) )?(?:mit )?(?:eine[mnr]? )?(?:echten )?(?:mitarbeiter(?:in)?|menschen?|person|berater(?:in)?)(?: (?:sprechen|reden))?(?: bitte)?$/,
};

const spanish: Phrases = {
  hello: (name) => `Hola ${name}.`,
  welcomeBack: "Nos alegra que vuelva a llamar.",
  ask: "¿En qué puedo ayudarle?",
  askOrPerson: "¿En qué puedo ayudarle? Para hablar con una persona, pulse 0.",
  moment: "Un momento, por favor.",
  stillLooking: "Sigo buscando.",
  stillThere: "¿Sigue ahí?",
  goodbye: "Adiós.",
  sorry: "Lo siento, ahora nadie puede responder.",
  connecting: "Le paso con una persona.",
  whisper: "Llama un cliente. Pulse cualquier tecla para atender la llamada.",
  press: (key, title) => `Para ${title}, pulse ${key}.`,
  link: "un enlace, que puedo enviarle por mensaje de texto",
  leaveMessage: "Puede dejar un mensaje, que será grabado. Si no lo desea, cuelgue, por favor.",
  mayRecord: "Puede dejar un mensaje, que será grabado. Si está de acuerdo, pulse 1.",
  afterBeep: "Hable después de la señal.",
  noVoicemail: "Llame más tarde, por favor, o escríbanos.",
  thanks: "Gracias. Tenemos su mensaje.",
  person:
    /^(?:por favor )?(?:quiero |quisiera |me gustaría |necesito )?(?:hablar con )?(?:una? )?(?:agente|persona|operador|operadora|alguien)(?: real)?(?: por favor)?$/,
};

const french: Phrases = {
  hello: (name) => `Bonjour ${name}.`,
  welcomeBack: "Heureux de vous entendre à nouveau.",
  ask: "Comment puis-je vous aider ?",
  askOrPerson: "Comment puis-je vous aider ? Pour parler à une personne, tapez 0.",
  moment: "Un instant, s'il vous plaît.",
  stillLooking: "Je cherche encore.",
  stillThere: "Êtes-vous toujours là ?",
  goodbye: "Au revoir.",
  sorry: "Je suis désolé, personne ne peut répondre pour le moment.",
  connecting: "Je vous mets en relation.",
  whisper: "Un client appelle. Appuyez sur une touche pour prendre l'appel.",
  press: (key, title) => `Pour ${title}, tapez ${key}.`,
  link: "un lien, que je peux vous envoyer par SMS",
  leaveMessage:
    "Vous pouvez laisser un message, qui sera enregistré. Si vous ne le souhaitez pas, veuillez raccrocher.",
  mayRecord: "Vous pouvez laisser un message, qui sera enregistré. Si vous êtes d'accord, tapez 1.",
  afterBeep: "Parlez après le signal sonore.",
  noVoicemail: "Veuillez rappeler plus tard, ou nous écrire.",
  thanks: "Merci. Nous avons votre message.",
  person:
    /^(?:je (?:veux|voudrais|souhaite) )?(?:parler (?:à|avec) )?(?:un |une )?(?:vraie )?(?:agent|personne|conseiller|conseillère|opérateur|humain|quelqu'un)(?: s'il vous plaît)?$/,
};

const BY_LANGUAGE = new Map([
  ["en", english],
  ["de", german],
  ["es", spanish],
  ["fr", french],
]);

/** The phrases of a language tag; English where there are none. */
export function phrasesFor(language: string): Phrases {
  return BY_LANGUAGE.get(language.split("-")[0] ?? "") ?? english;
}

/** Longest speech that can be a plain wish for a person, in UTF-16 code units. */
const LONGEST_WISH = 80;

/** Whether this says nothing but that a person is wanted. */
export function asksForPerson(speech: string, language: string): boolean {
  if (speech.length > LONGEST_WISH) return false;
  return phrasesFor(language).person.test(plainWords(speech));
}

/** In lower case, without punctuation at its ends and between its words: as different engines write the same speech. */
export function plainWords(speech: string): string {
  return speech
    .toLowerCase()
    .replace(/[.,!?¡¿;:"]+/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}
