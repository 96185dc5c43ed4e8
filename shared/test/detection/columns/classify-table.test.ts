import { describe, expect, it } from 'vitest';
import { classifyTable, emptyDictionary, hasHeaderRow } from '../../../src/detection/columns/index.ts';
import { luhnDigit } from '../../support/luhn.ts';

const thisYear = 2026;
const judge = (name: string | undefined, cells: readonly string[]) =>
  classifyTable([{ ...(name === undefined ? {} : { name }), cells }], emptyDictionary, thisYear)[0];
const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));
/** Digits without a pattern, the same in every run. */
const digits = (index: number, length: number) => {
  let state = (index + 1) * 0x9e3779b1;
  return times(length, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) % 10;
  }).join('');
};
const card = (index: number) => {
  const body = `4${digits(index, 14)}`;
  return `${body}${luhnDigit(body)}`;
};

describe('checksums', () => {
  it('shows cards under any name', () => {
    expect(judge('reference', times(30, card))).toMatchObject({ class: 'direct', type: 'payment_card' });
  });

  it('does not take numbers of card length for cards', () => {
    expect(
      judge(
        'reference',
        times(200, (index) => `4${digits(index, 15)}`),
      )?.type,
    ).not.toBe('payment_card');
  });

  it('finds cards and e-mail addresses among other things', () => {
    expect(
      judge(
        'remarks',
        times(100, (index) => (index % 20 === 0 ? `paid with ${card(index)} last week` : 'nothing to be said here')),
      ),
    ).toMatchObject({
      class: 'text',
    });
    expect(
      judge(
        'city',
        times(100, (index) => (index === 50 ? 'somebody@firm.example' : `Town ${'abcdefgh'[index % 8]}`)),
      ),
    ).toMatchObject({
      class: 'text',
      type: 'mixed',
    });
  });

  it('calls a column of e-mail addresses and phone numbers identifying', () => {
    expect(
      judge(
        'contact',
        times(40, (index) => (index % 2 === 0 ? `a${index}@firm.example` : `+49 30 9018${1000 + index * 7}`)),
      ),
    ).toMatchObject({
      class: 'direct',
    });
  });
});

describe('names without values to match', () => {
  it.each([
    ['phone_service', ['Yes', 'No']],
    ['email', ['0', '1']],
    ['name', ['1.5', '2.5', '3.25']],
    ['birthday', ['Yes', 'No']],
  ])('are not believed: %s', (name, values) => {
    expect(
      judge(
        name,
        times(20, (index) => values[index % values.length] as string),
      )?.class,
    ).toBe('none');
  });
});

describe('neighbours', () => {
  it('names come back in the e-mail address of their row', () => {
    const names = ['Zzorak', 'Qvintu', 'Blomfex', 'Hrastov', 'Yyldar', 'Wexlan'];
    const table = classifyTable(
      [{ cells: names }, { cells: names.map((name) => `${name.toLowerCase()}@firm.example`) }],
      emptyDictionary,
      thisYear,
    );
    expect(table[0]).toMatchObject({ class: 'direct' });
  });

  it('dates over lifetimes beside persons are dates of birth, recent ones are not', () => {
    const emails = times(30, (index) => `a${index}@firm.example`);
    const born = times(30, (index) => `${1940 + index * 2}-05-1${index % 10}`);
    const seen = times(30, (index) => `2025-0${1 + (index % 9)}-11`);
    const table = classifyTable([{ cells: emails }, { cells: born }, { cells: seen }], emptyDictionary, thisYear);
    expect(table.map(({ type }) => type)).toEqual(['email', 'date_of_birth', 'date']);
  });
});

describe('hasHeaderRow', () => {
  it.each<[string, boolean, string[], string[][]]>([
    [
      'names over numbers',
      true,
      ['a', 'b'],
      [
        ['1', '2'],
        ['3', '4'],
      ],
    ],
    [
      'an e-mail address',
      false,
      ['x', 'a@b.example'],
      [
        ['y', 'c@d.example'],
        ['z', 'e@f.example'],
      ],
    ],
    [
      'years as names',
      true,
      ['country', '2019', '2020', '2021'],
      [
        ['DE', '1', '2', '3'],
        ['FR', '4', '5', '6'],
      ],
    ],
    [
      'texts without any known word',
      true,
      ['foo', 'bar'],
      [
        ['x y', 'z'],
        ['u v', 'w'],
      ],
    ],
  ])('%s: %s', (_, expected, first, rows) => {
    expect(hasHeaderRow(first, rows, emptyDictionary, thisYear)).toBe(expected);
  });
});

describe('columns of many different kinds', () => {
  const words = ['returned', 'in stock', 'urgent', 'see ticket', 'second try'];
  const sparse = (identifier: (index: number) => string) =>
    times(200, (index) => (index % 9 === 0 ? identifier(index) : (words[index % 5] as string)));

  it('takes words with an identifier here and there for a mixed column', () => {
    expect(
      judge(
        'field',
        sparse((index) => `anna.${index}@firm.example`),
      ),
    ).toMatchObject({ type: 'mixed' });
  });

  it('replaces such a column whole where the search in texts would leave numbers', () => {
    const phones = sparse((index) => (index % 2 === 0 ? `+49 30 9018${1000 + index}` : `0${digits(index, 9)}`));
    expect(judge('field', phones)).toMatchObject({ class: 'direct' });
  });

  it('takes numbers of which some have a plus for telephone numbers', () => {
    const phones = times(60, (index) => (index % 4 === 0 ? `+9198${digits(index, 8)}` : `98${digits(index, 8)}`));
    expect(judge('c7', phones)).toMatchObject({ type: 'phone' });
  });

  it('shows weak checksums by a whole column of them, and none by chance', () => {
    const valid = times(40, (index) => {
      const body = digits(index, 8);
      return `${body}${luhnDigit(body)}`;
    });
    expect(judge('c3', valid)).toMatchObject({ type: 'national_id' });
    expect(
      judge(
        'c3',
        times(400, (index) => digits(index, 9)),
      )?.class,
    ).toBe('none');
  });

  it.each([
    ['registry numbers of substances', (index: number) => `${10_000 + index * 37}-${10 + (index % 90)}-${index % 10}`],
    ['articles', (index: number) => `${100 + index}-${2000 + index * 7}-${50_000 + index * 31}`],
    ['versions', (index: number) => `${index % 7}.${index % 20}.${index % 250}.${(index * 7) % 250}`],
  ])('finds nobody in %s', (_, make) => {
    expect(judge('c1', times(150, make))?.class).toBe('none');
    expect(
      judge(
        'gate',
        times(150, (index) => `C${index % 60}`),
      )?.class,
    ).toBe('none');
  });

  it('reads CEP by its values', () => {
    const postal = times(40, (index) => `0${digits(index, 4)}${index % 2 === 0 ? '-' : ''}${digits(index + 50, 3)}`);
    expect(judge('CEP', postal)).toMatchObject({ type: 'postal_code' });
    expect(
      judge(
        'cep',
        times(40, (index) => `5${digits(index, 9)}`),
      ),
    ).toMatchObject({ type: 'phone' });
  });

  it('finds names in a row whatever their language, and no towns', () => {
    const syllables = ['ka', 'mi', 'ro', 'ta', 'ne', 'lu', 'so', 'vi'];
    const word = (index: number) => {
      const [a, b, c] = [index, index / 3, index / 5 + 2].map((at) => syllables[Math.floor(at) % 8] as string);
      return `${a?.toUpperCase()[0]}${a?.slice(1)}${b}${c}`;
    };
    const column = (make: (index: number) => string) => ({ name: 'c', cells: times(60, make) });
    const phones = column((index) => `+49 30 9018${1000 + index}`);
    const emails = column((index) => `x${digits(index, 5)}@firm.example`);
    const types = (columns: readonly { name: string; cells: readonly string[] }[]) =>
      classifyTable(columns, emptyDictionary, thisYear).map(({ class: given }) => given);
    const names = [column(word), column((index) => word(index * 3 + 1))];
    expect(types([...names, phones, emails])).toEqual(['direct', 'direct', 'direct', 'direct']);
    const streets = column((index) => `${word(index)}strasse ${index}`);
    expect(types([streets, ...names, phones, emails])).toEqual(['direct', 'none', 'none', 'direct', 'direct']);
    expect(types([...names, phones])).toEqual(['none', 'none', 'direct']);
  });
});
