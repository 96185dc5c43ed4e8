import type { IdentifierKind } from '../identifiers/index.ts';
import { identifierKinds } from '../identifiers/index.ts';
import type { SampleFacts } from './column-sample.ts';
import type { ColumnType } from './column-type.ts';

/** How the cells of a column do under the rules of one kind of identifier. */
export interface KindShare {
  readonly kind: IdentifierKind;
  /** Shares of the different values: a checksum proves them; the form or better. */
  readonly proven: number;
  readonly fitting: number;
  /** Of the kinds with a checksum: that it holds, though random values may pass it often. */
  readonly passing: number;
  /** Written in a form that speaks for itself. */
  readonly speaking: number;
  /** Different values with a digit that were judged. */
  readonly judged: number;
}

/** Kinds that are known by their form, before this. */
const otherwise = new Set(['email', 'url', 'personal-url']);
const longestIdentifier = 48;
const fewestValues = 4;
/** One chance in a thousand million, of one kind and column, that numbers without meaning pass as they did. */
const surprise = Math.log(1e9);
/** Where one in fifty or fewer passes, one in a million. */
const provenSurprise = Math.log(1e6);

/** The kinds under whose rules at least some values pass. */
export function judgeKinds(facts: SampleFacts): KindShare[] {
  const candidates = facts.values.filter((value) => value.length <= longestIdentifier && /\p{N}/u.test(value));
  if (candidates.length === 0) return [];
  return identifierKinds.flatMap((kind) => {
    if (otherwise.has(kind.kind)) return [];
    let proven = 0;
    let fitting = 0;
    let passing = 0;
    let speaking = 0;
    for (const value of candidates) {
      const verdict = kind.judge(value);
      if (verdict !== undefined) fitting += 1;
      if (verdict === 'proven') proven += 1;
      if (verdict !== undefined && (verdict === 'proven' || kind.passes(value))) passing += 1;
      if (verdict !== undefined && kind.speaks(value)) speaking += 1;
    }
    if (fitting === 0) return [];
    const count = facts.values.length;
    return [
      {
        kind,
        proven: proven / count,
        fitting: fitting / count,
        passing: passing / count,
        speaking: speaking / count,
        judged: candidates.length,
      },
    ];
  });
}

/**
 * Whether the values alone show the kind: its form is its own and most have it, or so many pass the checksum that chance
 * is out of the question (the Kullback–Leibler bound on a binomial tail).
 */
export function showsKind({ kind, proven, fitting, passing, speaking, judged }: KindShare): boolean {
  if (kind.distinct) return fitting >= 0.6 && (proven >= 0.2 || (!kind.checksum && fitting >= 0.8));
  if (speaking >= 0.95 && judged >= 2 * fewestValues) return true;
  const share = kind.checksum ? passing : 0;
  if (share < 0.7 || judged < fewestValues) return false;
  const chance = Math.min(0.999, Math.max(kind.chance, 1e-6));
  if (share <= chance) return false;
  const miss = share === 1 ? 0 : (1 - share) * Math.log((1 - share) / (1 - chance));
  return judged * (share * Math.log(share / chance) + miss) >= (proven > 0 ? provenSurprise : surprise);
}

const typesByKind: readonly (readonly [ColumnType, RegExp])[] = [
  ['payment_card', /^payment-card$/],
  ['iban', /^iban$/],
  ['phone', /^phone$/],
  ['date_of_birth', /^date-of-birth$/],
  ['coordinates', /^coordinates$/],
  ['organization', /^bic$/],
  ['ip_address', /^ip-address$/],
  ['mac_address', /^(?:mac-address|imei|sim-card)$/],
  ['licence_plate', /^vin$|vehicle-registration$/],
  ['account_number', /^(?:bitcoin-address|ethereum-address)$|bank-account$|aba-routing$/],
  ['passport', /passport$/],
  ['driving_licence', /driv(?:er|ing)-licen[cs]e$|^br-cnh$/],
  ['health_id', /^medical-record$|-(?:npi|mbi|medicare|nhi|nhs|health|health-on)$/],
];

/** The column type that a kind of identifier makes: a number that a state gives to persons or firms, if nothing else. */
export function typeOfKind(kind: string): ColumnType {
  return typesByKind.find(([, pattern]) => pattern.test(kind))?.[0] ?? 'national_id';
}
