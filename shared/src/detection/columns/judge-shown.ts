import { isMod97Valid } from '../iban.ts';
import type { ColumnType } from './column-type.ts';
import { type ColumnView, type Judgement, percent } from './column-view.ts';
import { type KindShare, showsKind, typeOfKind } from './judge-identifiers.ts';
import type { NameReading } from './read-column-name.ts';
import * as shapes from './value-shapes.ts';

/** Values that say what they are, whatever the column is called. */
export function judgeShown(view: ColumnView): Judgement | undefined {
  const { facts, kinds, reading } = view;
  const forms: readonly (readonly [ColumnType, (value: string) => boolean, string])[] = [
    ['email', shapes.isEmailCell, 'are e-mail addresses'],
    [
      'secret',
      (value) => shapes.secret.test(value) || shapes.urlWithCredentials.test(value),
      'are keys, digests of passwords or URLs with a password',
    ],
    ['iban', isIbanShaped, 'are written as IBANs and pass their checksum'],
    ['mac_address', (value) => shapes.mac.test(value), 'are hardware addresses'],
    [
      'ip_address',
      (value) => shapes.ipv4.test(value) || (shapes.ipv6.test(value) && /[0-9a-f]/i.test(value)),
      'are IP addresses',
    ],
    ['url', (value) => shapes.url.test(value), 'are web addresses'],
  ];
  for (const [type, fits, text] of forms) {
    const share = facts.share(fits);
    if (share >= 0.7 && !(type === 'ip_address' && (view.years !== undefined || areVersions(view)))) {
      const final = type === 'secret' && reading.type === 'password' ? 'password' : type;
      return { type: final, confidence: 0.7 + 0.3 * share, evidence: [`${percent(share)} of the values ${text}`] };
    }
  }
  const announced = (kind: KindShare) => view.name !== undefined && kind.kind.announcedBy(view.name);
  const shown = kinds
    .filter(
      (kind) =>
        showsKind(kind) || (announced(kind) && kind.fitting >= 0.5 && (kind.passing >= 0.3 || !kind.kind.checksum)),
    )
    .filter(({ kind }) => kind.kind !== 'ip-address' || !areVersions(view))
    // A date or a decimal number is none, whatever its digits pass.
    .filter((kind) => view.years === undefined || kind.kind.distinct)
    .sort(
      (a, b) => Number(announced(b)) - Number(announced(a)) || b.passing - a.passing || a.kind.chance - b.kind.chance,
    );
  const best = shown[0];
  if (best === undefined) return undefined;
  const type = typeOfKind(best.kind.kind);
  const about = best.kind.checksum
    ? `${percent(best.passing)} of the values pass the checksum of`
    : `${percent(best.fitting)} of the values have the form of`;
  // A name that says another direct identifier is believed: a customer's phone may pass as something else.
  if (!announced(best) && !best.kind.distinct && contradicts(reading, type)) return undefined;
  return {
    type,
    kind: best.kind.kind,
    confidence: announced(best) ? 0.99 : 0.9,
    evidence: [`${about}: ${best.kind.label}`, ...(announced(best) ? ['the name announces it'] : [])],
  };
}

/** Country, check digits and account, of whatever length: countries outside of the registry write them too. */
function isIbanShaped(value: string): boolean {
  const compact = value.replace(/ /g, '');
  return /^[A-Z]{2}\d{2}[0-9A-Z]{10,30}$/.test(compact) && isMod97Valid(compact);
}

/** `5.11.180.22`: versions begin with small numbers, of which networks have few in use. */
function areVersions({ facts }: ColumnView): boolean {
  return facts.values.length >= 5 && facts.share((value) => /^\d\./.test(value)) === 1;
}

function contradicts({ type, strength }: NameReading, shown: ColumnType): boolean {
  if (type === undefined || strength !== 'exact') return false;
  return (
    type !== shown && (type === 'phone' || type === 'postal_code' || type === 'amount' || type === 'date_of_birth')
  );
}
