/** The kinds of files that channels tell apart. */
export const MEDIA_KINDS = ["image", "audio", "video", "document", "sticker", "voice"] as const;
export type MediaKind = (typeof MEDIA_KINDS)[number];
