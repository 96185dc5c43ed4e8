import type { ColumnType } from './column-type.ts';
import type { ColumnView } from './column-view.ts';
import { typeOfKind } from './judge-identifiers.ts';
import * as shapes from './value-shapes.ts';

/** Whether the values can be what the name says at all. */
export function agrees(type: ColumnType, { facts, names, years }: ColumnView): boolean {
  const flags =
    facts.values.length <= 4 &&
    facts.share((value) => /^(?:yes|no|y|n|true|false|0|1|ja|nein|oui|non|si|sim|nao|t|f|-1|x)$/i.test(value)) > 0.9;
  const decimals = facts.share((value) => /^[+-]?\d+[.,]\d+$/.test(value) && !/[.,]0$/.test(value)) > 0.5;
  switch (type) {
    case 'first_name':
    case 'last_name':
    case 'full_name':
      return (
        facts.withLetters > 0.6 &&
        facts.withDigits < 0.5 &&
        facts.meanWords < 7 &&
        !flags &&
        facts.meanLength < 60 &&
        names.nameLike > 0.3
      );
    case 'phone':
      return (
        !flags &&
        !decimals &&
        years === undefined &&
        facts.share((value) => (value.match(/\p{N}/gu) ?? []).length >= 4 && !/\p{L}{4,}/u.test(value)) > 0.5
      );
    case 'email':
      return !flags && facts.share((value) => value.includes('@')) > 0.2;
    case 'street_address':
      // `C10` is a gate or a shelf.
      return (
        !flags &&
        !decimals &&
        facts.meanLength < 200 &&
        facts.share((value) => /^\p{L}{1,3}\d{1,4}$/u.test(value)) < 0.8
      );
    case 'date_of_birth':
      return !flags && facts.share((value) => /\p{N}/u.test(value) && value.length >= 6) > 0.7 && !decimals;
    case 'national_id':
    case 'health_id':
    case 'passport':
    case 'driving_licence':
    case 'payment_card':
    case 'account_number':
    case 'iban':
      return (
        !flags &&
        !decimals &&
        facts.share((value) => (value.match(/\p{N}/gu) ?? []).length >= 4 && value.length <= 60) > 0.5
      );
    case 'licence_plate':
      return !flags && facts.share((value) => /\p{N}/u.test(value) && value.length <= 20) > 0.5;
    case 'card_security_code':
      return facts.share((value) => /^\d{3,8}$/.test(value)) > 0.8;
    case 'username':
      return !flags && facts.uniqueness > 0.3 && facts.meanWords < 5 && facts.meanLength < 60;
    case 'password':
    case 'secret':
      return !flags && facts.meanLength >= 3;
    case 'ip_address':
      return facts.share((value) => shapes.ipv4.test(value) || shapes.ipv6.test(value)) > 0.3;
    case 'mac_address':
      return !flags && facts.withDigits > 0.5 && facts.meanLength >= 8 && !decimals;
    case 'person_id':
      return !flags && !decimals && facts.meanWords < 7;
    case 'city':
    case 'region':
    case 'country':
    case 'nationality':
    case 'birth_place':
      return !flags && !decimals && facts.meanLength < 60 && (facts.withLetters > 0.5 || facts.values.length <= 100);
    case 'postal_code':
      return (
        !flags && !decimals && facts.share((value) => value.length >= 3 && value.length <= 12 && /\d/.test(value)) > 0.6
      );
    case 'gender':
      return facts.values.length <= 12 && facts.meanLength <= 20;
    case 'coordinates':
      return facts.numbers > 0.7 || facts.share((value) => /^[-+\d.,°'"\sNSEWO]+$/.test(value)) > 0.7;
    case 'age':
      return (
        facts.share((value) => value.length <= 12 && /\p{N}/u.test(value)) > 0.8 &&
        facts.share((value) => Number(value) > 130) < 0.05
      );
    case 'birth_year':
      return facts.share((value) => /^(?:18|19|20)\d\d$/.test(value)) > 0.8;
    case 'income':
    case 'body_measure':
      return facts.withDigits > 0.6 || facts.values.length < 30;
    case 'date':
      return years !== undefined || facts.withDigits > 0.7;
    case 'free_text':
      return facts.withLetters > 0.5 && facts.share((value) => /^[\p{L}\d_-]+$/u.test(value)) < 0.9;
    case 'url':
      return facts.share((value) => /\.|\//.test(value)) > 0.5;
    default:
      return true;
  }
}

/** Share of the values that speak for a type on their own. */
export function supportOf(type: ColumnType, { facts, names, years, kinds }: ColumnView): number {
  switch (type) {
    case 'first_name':
      return Math.max(names.first, names.kana);
    case 'last_name':
      return Math.max(names.last, names.kana);
    case 'full_name':
      return Math.max(names.full, names.several * 0.6, names.kana, names.first, names.last);
    case 'phone':
      return facts.share((value) => shapes.phoneShape(value) !== undefined);
    case 'street_address':
      return facts.share((value) => shapes.addressShape(value) !== undefined);
    case 'date_of_birth':
      return years === undefined ? 0 : 1;
    case 'city':
      return names.city;
    case 'region':
      return names.region;
    case 'country':
    case 'nationality':
      return names.country;
    case 'postal_code':
      return facts.share(shapes.isPostalShaped);
    case 'username':
      return facts.share((value) => /^\S{3,40}$/.test(value)) * 0.8;
    case 'email':
      return facts.share(shapes.isEmailCell);
    case 'organization':
      return 0.5;
    default:
      return Math.max(0, ...kinds.filter(({ kind }) => typeOfKind(kind.kind) === type).map(({ fitting }) => fitting));
  }
}
