/** Everything the widget says. */
export const words = {
  title: "Chat with us",
  greeting: "Hello! Write to us here. If you leave, the conversation is still there when you come back.",
  open: "Open chat",
  close: "Close chat",
  unread: (count: number) => (count === 1 ? "1 new message" : `${count} new messages`),
  log: "Messages",
  label: "Your message",
  placeholder: "Write a message",
  send: "Send",
  offers: "Suggested answers",
  typing: "Writing an answer",
  attach: "Attach a file",
  place: "Place",
  file: (kind: string) =>
    ({ image: "Picture", audio: "Sound", voice: "Voice message", video: "Video" })[kind] ?? "File",
  fileTooLarge: (bytes: number) => `Files may have up to ${Math.floor(bytes / 1024 / 1024)} MB.`,
  followUp: "When I'm away, also answer by",
  followUpNone: "nothing else",
  channel: (id: string) =>
    ({ email: "e-mail", sms: "SMS", whatsapp: "WhatsApp", telegram: "Telegram", discord: "Discord" })[id] ?? id,
  you: "You",
  us: "Support",
  connecting: "Connecting…",
  offline: "No connection. What you write is sent as soon as it is back.",
  waiting: "Waiting to be sent",
  sending: "Sending…",
  failed: "Not sent",
  again: "Try again",
  tooLong: (count: number) => (count === 1 ? "1 character too long" : `${count} characters too long`),
  /** Why a connection or message was refused, for the visitor. */
  refused(code: string): string {
    if (code === "origin_not_allowed") return "The chat is not available on this page.";
    if (code === "token_expired") return "Your sign-in has expired. Please reload the page.";
    if (code.startsWith("token_")) return "The chat could not confirm who you are. Please reload the page.";
    if (code === "text_too_long") return "This message is too long.";
    if (code === "file_too_large") return "This file is too large.";
    if (code === "no_files") return "Files can't be sent here.";
    return "The chat is not available right now.";
  },
};
