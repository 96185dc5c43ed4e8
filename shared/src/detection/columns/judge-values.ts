import type { ColumnType } from './column-type.ts';
import { type ColumnView, type Judgement, percent } from './column-view.ts';
import { embedded } from './judge-embedded.ts';
import * as shapes from './value-shapes.ts';

/** The values alone; the name says nothing, or something that they gainsay. */
export function judgeValues(view: ColumnView): Judgement {
  const { facts, names, years, reading } = view;
  const says = (type: ColumnType, share: number, text: string, confidence = 0.5 + 0.4 * share): Judgement => ({
    type,
    confidence,
    evidence: [`${percent(share)} of the values ${text}`],
  });
  const enough = facts.values.length >= 5;
  // A name that says what else the column is: its values need to be more convincing.
  const known =
    reading.type !== undefined && reading.type !== 'name' && reading.type !== 'row_id' && reading.type !== 'address';
  const bar = known ? 0.25 : 0;

  if (years !== undefined) return { type: 'date', confidence: 0.8, evidence: ['the values are dates'] };

  const phones = facts.values.map(shapes.phoneShape);
  const phoneShare = (which: readonly string[]) =>
    phones.filter((shape) => shape !== undefined && which.includes(shape)).length / phones.length;
  // Numbers of things are grouped like those of telephones: only the sign of the country code tells them apart.
  const ofThings = reading.type === 'row_id' && reading.strength === 'part';
  const clear = phoneShare(ofThings ? ['plus'] : ['plus', 'grouped']);
  if (enough && clear >= 0.6 + bar && facts.uniqueness > 0.2 && facts.share(shapes.isDistinctPostalCode) < 0.5)
    return says('phone', clear, 'are written as telephone numbers are');
  const trunk = phoneShare(ofThings ? ['plus'] : ['trunk', 'plus', 'grouped']);
  if (
    enough &&
    trunk >= 0.8 &&
    facts.uniqueness > 0.5 &&
    new Set(facts.values.map((value) => value.slice(0, 4))).size >= Math.min(5, facts.values.length)
  ) {
    return says('phone', trunk, 'have the trunk prefix and the length of telephone numbers');
  }

  // Nothing but numbers of that length, and a plus before some of them.
  if (enough && !ofThings && phoneShare(['plus']) >= 0.1 && phoneShare(['plus', 'grouped', 'trunk', 'digits']) >= 0.95)
    return says('phone', phoneShare(['plus']), 'have the plus of telephone numbers, the others their length');

  const flags = facts.values.length <= 2;
  const genders = facts.share((value) =>
    /^(?:m|f|w|d|x|h|k|male|female|man|woman|männlich|weiblich|divers|homme|femme|masculin|féminin|hombre|mujer|masculino|femenino|feminino|maschio|femmina|man|vrouw|mężczyzna|kobieta|kvinna|kvinne|kvinde|mand|mies|nainen|muž|žena|erkek|kadın|мужской|женский|муж|жен|男|女|男性|女性|남|여|남성|여성|non-binary|other|masculin|feminin|féminine|outro|transgênero|otro|onbekend|mannelijk|vrouwelijk|onzijdig|uomo|donna|femmina|жінка|чоловік|жіноча|чоловіча|мъж|жена|moški|ženska|muški|ženski|vyras|moteris|vīrietis|sieviete|mees|naine|karl|kona|férfi|nő|bărbat|femeie|άνδρας|γυναίκα|θήλυ|άρρεν|ذكر|أنثى|انثى|مرد|زن|זכר|נקבה|पुरुष|महिला|পুরুষ|মহিলা|ชาย|หญิง|nam|nữ|laki-laki|perempuan|kişi|qadın|lalaki|babae)\.?$/iu.test(
      value,
    ),
  );
  if (
    genders >= 0.9 &&
    facts.values.length >= 2 &&
    facts.values.length <= 6 &&
    !facts.values.every((value) => /^[dkxh]$/i.test(value))
  )
    return says('gender', genders, 'name a sex');

  const streets = facts.share((value) => shapes.addressShape(value) === 'street');
  const streetWords = facts.share((value) => ['street', 'word'].includes(shapes.addressShape(value) ?? ''));
  if (enough && facts.meanWords < 20 && (streets >= 0.35 + bar || (streetWords >= 0.6 + bar && !known))) {
    return says('street_address', Math.max(streets, streetWords), 'have the form of street addresses');
  }
  const asianRegion = facts.share((value) =>
    /^[\p{Script=Han}\p{Script=Hangul}]{1,8}(?:[都道府県省]|특별시|광역시|도)$/u.test(value),
  );
  if (asianRegion >= 0.7) return says('region', asianRegion, 'end as names of provinces do');
  const asianTown = facts.share((value) =>
    /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\s]{1,12}[市区區町村郡县縣시군구]$/u.test(
      value,
    ),
  );
  if (asianTown >= 0.7) return says('city', asianTown, 'end as names of towns do');
  if (!flags && names.country >= 0.8) return says('country', names.country, 'are countries');
  if (!flags && names.region >= 0.7 && names.region >= names.last) return says('region', names.region, 'are regions');

  const organizations = facts.share(shapes.isOrganizationShaped);
  const firms = facts.share((value) => shapes.isOrganizationShaped(value) && /[\s(]/.test(value));
  if (enough && firms >= 0.25 && names.several > 0.3 && streets < 0.3) {
    return { ...says('organization', organizations, 'look like names of firms'), confidence: 0.6 };
  }
  if (enough && !known && names.nameLike > 0.7 && facts.withDigits < 0.1 && facts.uniqueness > 0.05) {
    const people = Math.max(names.first, names.last);
    const spread = facts.values.length >= 8;
    if (names.city >= 0.4 && names.city > people) return says('city', names.city, 'are cities');
    if (names.several > 0.5 && names.full >= 0.45 && names.job < 0.2)
      return says('full_name', names.full, 'have a given name or a surname in them');
    if (names.han >= 0.6 && facts.uniqueness > 0.5 && names.han > people)
      return says('full_name', names.han, 'are written with the signs of names');
    if (names.full >= 0.5 && names.full > people)
      return says('full_name', names.full, 'begin with a surname and end with a given name');
    if (spread && names.several < 0.4 && names.first >= 0.4 && names.first >= names.last)
      return says('first_name', names.first, 'are given names');
    if (spread && names.several < 0.4 && names.last >= 0.35) return says('last_name', names.last, 'are surnames');
    if (names.city >= 0.3) return says('city', names.city, 'are cities');
  }
  const postal = facts.share(shapes.isDistinctPostalCode);
  if (enough && postal >= 0.8) return says('postal_code', postal, 'have the form of postal codes');

  return embedded(view) ?? plain(view);
}

function plain({ facts, reading }: ColumnView): Judgement {
  const is = (type: ColumnType, confidence: number, text: string): Judgement => ({
    type,
    confidence,
    evidence: [text],
  });
  if (facts.values.length <= 3 && facts.meanLength < 8 && facts.filled > 5)
    return is('boolean', 0.8, 'few different values');
  if (facts.meanWords >= 4 && facts.uniqueness > 0.2 && facts.withLetters > 0.8)
    return is('free_text', 0.7, `texts of ${Math.round(facts.meanWords)} words on average`);
  if (facts.share((value) => shapes.coordinate.test(value)) > 0.9 && reading.type === 'coordinates')
    return is('coordinates', 0.8, 'coordinates');
  if (facts.integers > 0.95 && facts.uniqueness === 1 && facts.filled > 5)
    return is('row_id', 0.7, 'whole numbers, each once');
  if (facts.numbers > 0.9) return is('number', 0.8, 'numbers');
  if (facts.uniqueness < 0.2) return is('category', 0.7, 'few different values');
  return is('other', 0.5, 'nothing speaks for personal data');
}
