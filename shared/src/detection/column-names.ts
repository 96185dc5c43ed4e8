import type { PiiFinding, PiiKind } from './finding.ts';
import { isCardShaped, isLuhnValid, isUnassignedIssuer } from './payment-card.ts';

/** Kinds that a column's name can announce. An e-mail address needs no announcement. */
export type AnnouncedKind = Extract<PiiKind, 'phone' | 'us-ssn' | 'payment-card'>;

/** Words that name a kind when they end a column's name, trailing counters and `number` words aside. */
const names: Readonly<Record<AnnouncedKind, RegExp>> = {
  phone:
    /(?:^| )(?:(?:tele)?phone|telefon|telefono|telefone|telefoon|telephon|tel|mobile|mobil|movil|movel|handy|cell|cellular|celular|cellulare|fax|telefax|msisdn|whatsapp|gsm|landline|phones)$|(?:電話|携帯|电话|手机|전화|телефон|هاتف)(?:番号|号码|번호)?$/u,
  'us-ssn': /(?:^| )(?:ssn|social security|soc sec|social sec)$/,
  'payment-card':
    /(?:^| )(?:(?:credit|debit|payment|bank) ?card|card|cc|ccn|pan|cartao|tarjeta|carte|carta|karte|kreditkarte|creditcard|cardnumber|ccnumber)$|(?:^| )(?:cartao|tarjeta|carte|carta)(?: d[eio])? (?:credito|credit|debito|debit)$/,
};

const trailing =
  /(?: (?:number|numbers|numero|numer|nummer|num|nr|no|n|nbr|id|ids|code|raw|value|text|home|work|primary|main|\d+))+$/;

/** What a column's name says of its content: `phone_number_2`, `Telefono`, `SSN`, `creditCardNo`. */
export function announcedKind(columnName: string): AnnouncedKind | undefined {
  const words = columnName
    .slice(0, 128)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/(\p{Ll})(?=\p{Lu})/gu, '$1 ')
    .toLowerCase()
    .replace(/(\p{L})(?=\d)/gu, '$1 ')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  const stem = words
    .replace(trailing, '')
    .replace(/number$|nummer$|numero$/, '')
    .trim();
  for (const kind of ['phone', 'us-ssn', 'payment-card'] as const) {
    if (names[kind].test(stem)) return kind;
  }
  return undefined;
}

/** Digits of a cell that holds nothing but a number as people write it, `.0` of a floating-point column dropped. */
function plainDigits(value: string): string | undefined {
  const match = /^\s*[+(]?(\d[\d ()./-]{5,28}\d)(?:\s?(?:x|ext\.?|#)\s?\d{1,6})?\s*$/i.exec(value);
  const body = match?.[1];
  if (body === undefined) return undefined;
  const whole = body.replace(/\.0+$/, '');
  // One dot and nothing else: a decimal number.
  if (/^\d+\.\d+$/.test(whole)) return undefined;
  return whole.replace(/[^\d]/g, '');
}

/**
 * Judges a cell by what its column's name announces. Under such a name, bare digits and numbers that fail a checksum or
 * a numbering plan are personal data all the same, only never proven.
 */
export function judgeAnnounced(kind: AnnouncedKind, value: string): PiiFinding | undefined {
  const digits = plainDigits(value);
  if (digits === undefined || /^(\d)\1*$/.test(digits)) return undefined;
  const { length } = digits;
  const fits =
    kind === 'phone'
      ? length >= 7 && length <= 15
      : kind === 'us-ssn'
        ? length === 9 || /^\s*\d{3}-\d{2}-\d{3}\s*$/.test(value)
        : length >= 13 && length <= 19 && !isUnassignedIssuer(digits) && (isLuhnValid(digits) || isCardShaped(digits));
  return fits ? { kind, proven: false } : undefined;
}
