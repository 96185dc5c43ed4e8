import { isDigitAt } from '../digit-groups.ts';
import { isBirthDate } from './calendar.ts';
import { type Candidate, scoreOf } from './candidate.ts';
import type { Definition } from './definition.ts';
import type { SearchedText, SearchRequest, ShapeSearch } from './search-request.ts';
import { announcedAround } from './surroundings.ts';

/** Kinds whose forms hold letters only or several numbers; all of them need words that announce them. */
export const written: readonly Definition[] = [
  {
    kind: 'bic',
    label: 'Bank identifier (BIC)',
    countries: [],
    source: 'ISO 9362: institution, ISO 3166 country, location, branch',
    words: ['bic', 'swift', 'swift code', 'bic code'],
    chance: 0.3,
    onRequest: true,
  },
  {
    kind: 'coordinates',
    label: 'Geographical coordinates',
    countries: [],
    source: 'ISO 6709: latitude and longitude with at least three decimals',
    words: [
      'gps',
      'coordinates',
      'coordinate',
      'lat',
      'latitude',
      'latlng',
      'lat lon',
      'location',
      'geo',
      'position',
      'koordinaten',
      'coordonnees',
      'coordenadas',
      'ubicacion',
      '座標',
      '坐标',
      '좌표',
    ],
    chance: 0.2,
  },
];

const months = new Map(
  `
  january january janvier januar enero gennaio januari stycznia janeiro jan ene gen janv
  february fevrier februar febrero febbraio februari lutego fevereiro feb fev fevr
  march mars marz marzo maart marca marco mar mrz
  april avril abril aprile kwietnia apr avr abr
  may mai mayo maggio mei maja maio
  june juin juni junio giugno czerwca junho jun giu
  july juillet juli julio luglio lipca julho jul lug juil
  august aout agosto augustus sierpnia aug ago
  september septembre septiembre settembre wrzesnia setembro sep sept set
  october octobre oktober octubre ottobre oktober pazdziernika outubro oct okt ott out
  november novembre noviembre novembro listopada nov
  december decembre dezember diciembre dicembre grudnia dezembro dec dez dic
  `
    .trim()
    .split('\n')
    .flatMap((line, index) =>
      line
        .trim()
        .split(' ')
        .map((name): [string, number] => [name, index + 1]),
    ),
);
const plainName = (name: string) => name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

const bic = /(?<![0-9A-Za-z])[A-Z]{6}[0-9A-Z]{2}(?:[0-9A-Z]{3})?(?![0-9A-Za-z])/g;
const pair = /(?<![\d.])[-+]?\d{1,3}\.\d{3,}°?\s*[NS]?\s*[,;/ ]\s*[-+]?\d{1,3}\.\d{3,}°?(?:\s*[EW](?![A-Za-z]))?/g;
const year = /(?:1[89]|20)\d\d/g;
const dayFirst =
  /(?:^|[^\p{L}\p{N}])((\d{1,2})(?:\.|st|nd|rd|th|er|º)?\s+(?:de\s+|of\s+)?(\p{L}{3,12})\.?,?\s+(?:de\s+)?)$/u;
const monthFirst = /(?:^|[^\p{L}\p{N}])((\p{L}{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+)$/u;
const ideographic = /^(\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일])/u;
const longestDate = 36;

interface WrittenDate {
  readonly start: number;
  readonly end: number;
}

/** Dates with the month's name, or in ideographs, around each year. */
function* writtenDates(text: string): Generator<WrittenDate> {
  for (const { index, 0: digits } of text.matchAll(year)) {
    if (isDigitAt(text, index - 1) || isDigitAt(text, index + 4)) continue;
    const before = text.slice(Math.max(0, index - longestDate), index);
    const named = dayFirst.exec(before) ?? monthFirst.exec(before);
    if (named !== null) {
      const [, whole = '', first = '', second = ''] = named;
      const [day, name] = /^\d/.test(first) ? [first, second] : [second, first];
      const month = months.get(plainName(name)) ?? 0;
      if (isBirthDate(Number(digits), month, Number(day))) yield { start: index - whole.length, end: index + 4 };
      continue;
    }
    const [, after, month, day] = ideographic.exec(text.slice(index + 4, index + 20)) ?? [];
    if (after === undefined || !isBirthDate(Number(digits), Number(month), Number(day))) continue;
    yield { start: index, end: index + 4 + after.length };
  }
}

export const searchWritten: ShapeSearch = (sought, request) => {
  const of = (kind: string) => sought.find((definition) => definition.kind === kind);
  const [bank, coordinates, birth] = [of('bic'), of('coordinates'), of('date-of-birth')];
  if (bank === undefined && coordinates === undefined && birth === undefined) return undefined;
  return (searched, candidates) => {
    const { text } = searched;
    const add = (definition: Definition, start: number, end: number) => {
      const candidate = announcedCandidate(definition, request, searched, start, end);
      if (candidate !== undefined) candidates.push(candidate);
    };
    if (bank !== undefined)
      for (const { index, 0: found } of text.matchAll(bic)) add(bank, index, index + found.length);
    if (coordinates !== undefined && text.includes('.')) {
      for (const { index, 0: found } of text.matchAll(pair)) {
        const [latitude, longitude] = (found.match(/[-+]?\d+\.\d+/g) ?? []).map(Number);
        if (Math.abs(latitude ?? 99) > 90 || Math.abs(longitude ?? 999) > 180) continue;
        add(coordinates, index, index + found.trimEnd().length);
      }
    }
    if (birth !== undefined) for (const { start, end } of writtenDates(text)) add(birth, start, end);
  };
};

function announcedCandidate(
  definition: Definition,
  request: SearchRequest,
  searched: SearchedText,
  start: number,
  end: number,
): Candidate | undefined {
  const outside = request.announced.has(definition);
  const distance = outside ? 0 : announcedAround(searched.announcements, start, end).get(definition);
  const alone = request.named && searched.text.trim().length === end - start;
  if (distance === undefined && !alone) return undefined;
  const score = scoreOf({ proven: false, firm: true, distance, local: false, chance: definition.chance });
  return { kind: definition.kind, proven: false, start, end, score };
}
