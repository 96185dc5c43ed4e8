import { digitChunks, digitsIn } from '../digit-groups.ts';
import { findEmails } from '../email.ts';
import type { LocatedFinding } from '../finding.ts';
import { findIbans } from '../iban.ts';
import { findCards } from '../payment-card.ts';
import { ALL_DIGITS, AT, DECIMAL, DIGITS, IBAN_START, suspicion } from '../prefilter.ts';
import { type Definition, digitLayouts } from './definition.ts';
import type { ShapeSearch } from './search-request.ts';
import { firmCandidate } from './shape-candidate.ts';
import { announcedAround } from './surroundings.ts';
import { findTextPhones } from './text-phones.ts';

/** What people and payments are reached by; found by the same code as in the server's check of uploads. */
export const contacts: readonly Definition[] = [
  {
    kind: 'email',
    label: 'E-mail address',
    countries: [],
    source: 'RFC 5321, RFC 6531',
    words: ['email', 'e mail', 'mail', 'courriel', 'correo', 'correo electronico', 'メール', '邮箱', '이메일'],
    chance: 0,
  },
  {
    kind: 'phone',
    label: 'Telephone number',
    countries: [],
    source: 'ITU-T E.164 and national numbering plans',
    bare: digitLayouts(7, 13),
    words: [
      ...[
        'phone',
        'telephone',
        'tel',
        'mobile',
        'cell',
        'cellphone',
        'fax',
        'whatsapp',
        'msisdn',
        'call',
        'called',
        'calling',
        'phoned',
        'dial',
        'reach me',
        'reached at',
        'ring me',
        'text me',
        'sms',
        'gsm',
        'landline',
      ],
      ...[
        'telefon',
        'handy',
        'mobil',
        'rufnummer',
        'festnetz',
        'telephone',
        'portable',
        'anrufen',
        'angerufen',
        'anruf',
        'ruf an',
        'erreichbar unter',
        'appeler',
        'appelez',
        'joignable',
        'llamar',
        'llame',
        'llamada',
        'ligar',
        'ligue',
        'chiamare',
        'chiamami',
        'bellen',
        'zadzwonic',
        'dzwonic',
        'ring',
        'ringe',
        'soita',
        'zavolat',
        'volat',
        'telefono',
        'movil',
        'celular',
        'cellulare',
        'telefoon',
      ],
      ...[
        'mobiel',
        'komorka',
        'komorkowy',
        'telefone',
        'puhelin',
        'matkapuhelin',
        'telefonnummer',
        'tlf',
        'telefonszam',
        'cep telefonu',
        'dien thoai',
        'telepon',
        'hp',
      ],
      ...[
        'телефон',
        'звонить',
        'позвонить',
        'اتصل',
        'התקשר',
        'тел',
        'моб',
        'τηλεφωνο',
        'هاتف',
        'טלפון',
        'फोन',
        '電話',
        '電話番号',
        '携帯',
        '电话',
        '手机',
        '전화',
        '휴대폰',
        'โทร',
      ],
    ],
    chance: 0.9,
  },
  {
    kind: 'payment-card',
    label: 'Payment card number',
    countries: [],
    source: 'ISO/IEC 7812-1, issuer ranges of the card networks, Luhn',
    words: [
      'card',
      'credit card',
      'debit card',
      'pan',
      'kreditkarte',
      'carte',
      'tarjeta',
      'carta',
      'cartao',
      'karta',
      'kaart',
      'クレジットカード',
      '信用卡',
      '카드',
    ],
    checksum: true,
    chance: 0.04,
  },
  {
    kind: 'iban',
    label: 'International bank account number',
    countries: [],
    source: 'ISO 13616-1, SWIFT IBAN registry: length by country, ISO 7064 MOD 97-10',
    words: ['iban'],
    checksum: true,
    chance: 0.0103,
  },
];

export const searchContacts: ShapeSearch = (sought, request) => {
  const byKind = new Map(
    sought.filter((definition) => contacts.includes(definition)).map((found) => [found.kind, found]),
  );
  if (byKind.size === 0) return undefined;
  const cards = byKind.has('payment-card');
  const phones = byKind.get('phone');
  return (searched, candidates) => {
    const { text } = searched;
    const flags = suspicion(text);
    if (flags === 0) return;
    const add = (finding: LocatedFinding) => {
      const definition = byKind.get(finding.kind);
      if (definition !== undefined) candidates.push(firmCandidate(definition, request, finding));
    };
    if ((flags & AT) !== 0 && byKind.has('email')) findEmails(text).forEach(add);
    if ((flags & IBAN_START) !== 0 && byKind.has('iban')) findIbans(text).forEach(add);
    if ((flags & (DIGITS | ALL_DIGITS | DECIMAL)) === 0 || !(cards || phones !== undefined)) return;
    for (const chunk of digitChunks(text)) {
      const digits = digitsIn(chunk);
      if (digits < 7) continue;
      if (cards && digits >= 13)
        findCards(text, chunk)
          .filter((found) => isWrittenAsCard(text, found))
          .forEach(add);
      if (phones === undefined) continue;
      const around = announcedAround(searched.announcements, chunk[0]?.start ?? 0, chunk.at(-1)?.end ?? 0);
      const distance = request.announced.has(phones) ? 0 : around.get(phones);
      for (const phone of findTextPhones(text, chunk, distance !== undefined, request.region))
        candidates.push(firmCandidate(phones, request, phone, distance));
    }
  };
};

/** How card numbers are grouped on cards and in forms; other groups separated by blanks are lists and times. */
const cardGroups = new Set(['4 4 4 4', '4 6 5', '4 6 4', '4 4 4 4 3', '4 4 4 1', '8 8', '6 13', '4 4 5', '4 5 6']);

/** Not a part of a name, as in `blk_-6952295868487656571`, and not three numbers that happen to pass. */
function isWrittenAsCard(text: string, { start, end, proven }: LocatedFinding): boolean {
  if (!proven && /_-?$/.test(text.slice(Math.max(0, start - 2), start))) return false;
  const written = text.slice(start, end);
  if (!written.includes(' ')) return true;
  const groups = written.split(/[^0-9]+/).map((group) => group.length);
  // Groups of three are those of telephone numbers in a row.
  return cardGroups.has(groups.join(' ')) || (groups[0] !== 3 && groups.every((length) => length === groups[0]));
}
