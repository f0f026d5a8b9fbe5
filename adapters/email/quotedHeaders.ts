import type { Attribution } from "./attribution.ts";

/**
 * The names that mail programs give to the header fields of a message they quote, in the languages they speak. `from` may
 * begin a block.
 */
const FROM = [
  "from|reply-to|mail from",
  "von|van|fra|från|de|da|od|от|від|lähettäjä|feladó|kimden|gönderen|odesílatel|expéditeur|mittente|remitente|remetente",
  "από|từ|dari|จาก|差出人|发件人|寄件者|寄件人|보낸 사람|보낸사람|מאת|من",
].join("|");
const OTHER = [
  "sent|date|to|cc|bcc|subject|reply-to|attachments|importance|priority",
  "gesendet|datum|an|betreff|antwort an|verzonden|verstuurd|aan|onderwerp|sendt|dato|til|emne|kopi|skickat|till|ämne|kopia",
  "envoyé|date d'envoi|à|objet|répondre à|pièces jointes|enviado|enviada|fecha|data|para|asunto|assunto|cc|responder a",
  "inviato|a|oggetto|risposta|destinatario|wysłano|wysłane|do|dw|temat|odpowiedź do|odesláno|komu|předmět|kopie|datum",
  "отправлено|дата|кому|тема|копия|надіслано|копія|lähetetty|päivämäärä|vastaanottaja|kopio|aihe|küldve|dátum|címzett|tárgy",
  "gönderildi|tarih|kime|konu|ημερομηνία|προς|θέμα|đến|chủ đề|ngày|kepada|tanggal|ถึง|วันที่|เรื่อง|送信日時|日時|宛先|件名",
  "发送时间|日期|收件人|主题|抄送|寄件日期|傳送日期|收件者|主旨|副本|보낸 날짜|날짜|받는 사람|받는사람|제목|תאריך|אל|נושא",
].join("|");
const START = new RegExp(`^[\\s>*]*(?:${FROM})\\s*\\*{0,2}\\s*[:：]\\s*\\*{0,2}\\s*\\S`, "iu");
const FIELD = new RegExp(`^[\\s>*]*(?:${FROM}|${OTHER})\\s*\\*{0,2}\\s*[:：]`, "iu");
/** Where the sender isn't named first: the block may begin with any other field, but must hold more of them. */
const FEWEST = 3;
const FEWEST_OTHERWISE = 4;
/** Lines on which long values of a block are continued. */
const MOST_WRAPS = 6;

/** The blocks of header fields of quoted messages: at least three fields in consecutive lines, long values wrapped. */
export function headerBlocks(lines: readonly string[], skipped: (line: number) => boolean): Attribution[] {
  const blocks: Attribution[] = [];
  for (let at = 0; at < lines.length; at++) {
    if (skipped(at) || !FIELD.test(lines[at] ?? "")) continue;
    const block = blockAt(lines, at);
    if (block === undefined) continue;
    blocks.push(block);
    at = block.last;
  }
  return blocks;
}

function blockAt(lines: readonly string[], first: number): Attribution | undefined {
  let fields = 0;
  let last = first;
  for (let at = first, wraps = 0; at < lines.length && wraps <= MOST_WRAPS; at++) {
    const line = (lines[at] ?? "").slice(0, 300);
    if (FIELD.test(line)) {
      fields++;
      last = at;
      wraps = 0;
    } else if (line.replaceAll(/[\s>]/gu, "") === "") break;
    else wraps++;
  }
  const fewest = START.test(lines[first] ?? "") ? FEWEST : FEWEST_OTHERWISE;
  return fields >= fewest ? { first, last } : undefined;
}
