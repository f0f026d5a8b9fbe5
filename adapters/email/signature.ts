/** A line that ends what was written: `-- ` (RFC 3676, section 4.3), as programs and people vary it. */
const CLOSING = /^(?:--|—|–|__)\s*$/u;
/** Lines of strokes only. Three or more `#` or `*` may be a heading or a rule someone typed; still no words are lost. */
const DELIMITER = /^\s*(?:[-_=*#~+.]\s?){3,}\s*$|^\s*[—–―─━═]+\s*$/u;

const DEVICE =
  "iphone|ipad|ipod|ios|android|mobile|mobil|handy|smartphone|phone|cell|tablet|tablette|samsung|galaxy|htc|huawei|xiaomi|nokia|lumia|blackberry|windows|outlook|mail|airmail|mailbox|yahoo|gmail|proton|k-9|ti-85|alcatel|sony|xperia|lg|pixel|oneplus|motorola|redmi|móvil|movil|celular|téléphone|telefon|telefoon|telefono|teléfono|telefone|telemóvel|puhelin";
const WITH_DEVICE = `.{0,60}(?:${DEVICE}).{0,90}`;

/** Lines that mail programs put under what was written, in the languages they speak. */
const SIGNATURES: readonly RegExp[] = [
  // "Sent from my iPhone", "Sent with Airmail", "(sent from a phone)", "<<sent by galaxy>>"
  /^[<([*_\s]*sent\s+(?:from|via|with|by|using)\s+my\s.{1,140}$/iu,
  new RegExp(`^[<([*_\\s]*sent\\s+(?:from|via|with|by|using)\\s${WITH_DEVICE}$`, "iu"),
  new RegExp(`^(?:\\S+\\s+)?from\\s+(?:my\\s+)?(?:${DEVICE})\\b.{0,40}$`, "iu"),
  /^get\s+(?:\[?outlook|\[?mail|\[?bluemail|\[?yahoo).{0,120}$/iu,
  new RegExp(`^(?:envoyé|expédié)e?\\s+(?:depuis|de|à partir|avec|via)\\s${WITH_DEVICE}$`, "iu"),
  new RegExp(
    `^(?:von\\s+(?:meine[mr]|unterwegs)|(?:gesendet|versendet|gesandt)\\s+(?:von|mit|via|über)\\s)${WITH_DEVICE}$`,
    "iu",
  ),
  new RegExp(`^diese\\s+(?:nachricht|e-?mail|mail)\\s+wurde\\s+(?:von|mit)\\s${WITH_DEVICE}$`, "iu"),
  new RegExp(`^(?:verzonden|verstuurd|gestuurd)\\s+(?:vanaf|van|met|via|vanuit)\\s${WITH_DEVICE}$`, "iu"),
  new RegExp(`^(?:enviado|enviada|mandado)\\s+(?:desde|do|da|de|a partir|por|pelo|con|com)\\s${WITH_DEVICE}$`, "iu"),
  new RegExp(`^(?:inviato|inviata|spedito)\\s+(?:da|dal|dall|con|tramite)\\s?${WITH_DEVICE}$`, "iu"),
  new RegExp(`^(?:sendt|skickat|skickades|send)\\s+(?:fra|från|via|med)\\s${WITH_DEVICE}$`, "iu"),
  new RegExp(`^lähetetty\\s${WITH_DEVICE}$`, "iu"),
  new RegExp(`^(?:wysłane|wysłano)\\s+(?:z|ze|za pomocą|przy użyciu)\\s${WITH_DEVICE}$`, "iu"),
  new RegExp(`^(?:odesláno|odoslané)\\s+z\\s${WITH_DEVICE}$`, "iu"),
  /^(?:отправлено|надіслано)\s+(?:с|со|из|от|з|із|за допомогою)\s.{1,100}$/iu,
  new RegExp(`^${WITH_DEVICE}(?:gönderildi|küldve|傳送|发送|發送|發自|送信|보냄|에서 보냄)[.。]?$`, "iu"),
  /^(?:发自|發自|從我的|从我的)\s?.{1,40}$/u,
];
const LONGEST = 200;

/** Whether a mail program put this line under the text. */
export function isSignature(line: string): boolean {
  const text = line.trim();
  return text.length <= LONGEST && SIGNATURES.some((signature) => signature.test(text));
}

/** Whether a signature begins here. */
export function isClosing(line: string): boolean {
  return CLOSING.test(line);
}

/** Whether the line separates, and says nothing. */
export function isDelimiter(line: string): boolean {
  return DELIMITER.test(line);
}
