import { createColumnScanner, type PiiKind, scanAll, scanCell } from '@sdp/shared/detection';
import { describe, expect, test } from 'vitest';

const found = (text: string) =>
  scanAll(text).map(({ kind, proven, start, end }) => [kind, proven, text.slice(start, end)]);

describe('e-mail addresses', () => {
  test.each([
    ['joe.bloggs@example.com'],
    ['te~st@example.com'],
    ["o'brien+tag@mail.example.co.uk"],
    ['rubén.reina@hotmail.com'],
    ['user@münchen.example'],
    ['user@xn--mnchen-3ya.de'],
    ['"joe bloggs"@example.com'],
    ['joe@[127.0.0.1]'],
    ['joe@[IPv6:::1]'],
  ])('%s', (text) => {
    expect(found(text)).toEqual([['email', false, text]]);
  });

  test('inside a text, with the sentence around it left out', () => {
    expect(found('Write to <Jane.Roe@example.com>, or joe@example.org.')).toEqual([
      ['email', false, 'Jane.Roe@example.com'],
      ['email', false, 'joe@example.org'],
    ]);
  });

  test('with the sign escaped as URLs and HTML do, and in fullwidth', () => {
    for (const sign of ['%40', '&#64;', '&#x40;', '&commat;', '＠']) {
      expect(found(`mail jane${sign}example.com now`)).toEqual([['email', false, `jane${sign}example.com`]]);
    }
  });

  test.each([
    'react@18.2.0',
    'a@b',
    '@handle',
    'info@presidio.',
    'joe@[127.0.0.300]',
    'joe.bloggs@invalid=domain.com',
    '5 @ 3.50',
    '--@example.com',
  ])('none in %j', (text) => {
    expect(scanCell(text)).toBeUndefined();
  });
});

describe('payment cards', () => {
  test.each([
    '4111111111111111',
    '4111 1111 1111 1111',
    '4111-1111-1111-1111',
    '4111.1111.1111.1111',
    '4111/1111/1111/1111',
    '4111 - 1111 - 1111 - 1111',
    '4111\u00a01111\u00a01111\u00a01111',
    '4111\u20131111\u20131111\u20131111',
    '４１１１１１１１１１１１１１１１',
    '٤١١١١١١١١١١١١١١١',
    '4111\u200b1111\u200b1111\u200b1111',
    '378282246310005',
    '3782 822463 10005',
    '30569309025904',
    '6011000990139424',
    '3530111333300000',
    '2223003122003222',
    '6212345678901265',
    '4111111111111111.0',
  ])('%s is proven', (text) => {
    expect(scanCell(text)).toEqual({ kind: 'payment-card', proven: true });
  });

  test('three in one text', () => {
    const text = '4012888888881881 4012-8888-8888-1881 4012 8888 8888 1881';
    expect(scanAll(text)).toHaveLength(3);
  });

  test('what chance explains as well is found, not proven', () => {
    for (const text of [
      '122000000000003',
      '4222222222222',
      'block_4012888888881881',
      '4 0 1 2 8 8 8 8 8 8 8 8 1 8 8 1',
    ]) {
      expect(scanCell(text)).toEqual({ kind: 'payment-card', proven: false });
    }
  });

  test.each([
    ['a failed checksum', '4012-8888-8888-1882'],
    ['a fraction', '0.4111111111111111'],
    ['a number with decimals', '4111111111111111.25'],
    ['a number in scientific notation', '4.111111111111111e15'],
    ['a UUID', '41111111-1111-4111-8111-111111111111'],
    ['a time in nanoseconds', '1715000000000000000'],
    ['hexadecimal', 'ab4111111111111111cd'],
    ['a list of small numbers', '5 5 5 22 11 9 11 9 26 26 11 9 11'],
  ])('none in %s', (_name, text) => {
    expect(scanCell(text)?.kind).not.toBe('payment-card');
  });
});

describe('IBANs', () => {
  test.each([
    'DE89370400440532013000',
    'DE89 3704 0044 0532 0130 00',
    'de89370400440532013000',
    'GB29-NWBK-6016-1331-9268-19',
    'MT84MALT011000012345MTLCAST001S',
    'NO9386011117947',
    'paid to VG96 VPVG 0000 0123 4567 8901 in May',
    'order 6f0e0f5c-8f3b-4c57-9c1c-0f2a5a3f4b11 DE89370400440532013000',
    '6f0e0f5c-8f3b-4c57-9c1c-DE89370400440532013000',
  ])('%s is proven', (text) => {
    expect(scanCell(text)).toEqual({ kind: 'iban', proven: true });
  });

  test.each([
    'DE89370400440532013001',
    'AL47 212A 1009 0000 0002 3569 874',
    'XX89370400440532013000',
    'DE893704004405320130001',
    // UUIDs whose parts happen to be right.
    'ba4950f9-87cc-4e30-9139-ef38b789b7d9',
    'e6f012f6-ff66-4ba5-be32-0146354a1ff5',
    'order-be621e62-1814-474f-b2a4-1e887fa8469b shipped',
  ])('none in %j', (text) => {
    expect(scanCell(text)?.kind).not.toBe('iban');
  });
});

describe('US social security numbers', () => {
  test.each(['078-05-1123', '078.05.1123', '078 05 1123', 'SSN: 078-05-1123.', 'ssn 078051123'])('%s', (text) => {
    expect(scanCell(text)).toEqual({ kind: 'us-ssn', proven: false });
  });

  test.each([
    '000-12-3456',
    '666-12-3456',
    '912-12-3456',
    '078-00-1123',
    '078-05-0000',
    '078-05-1120',
    '693-09.4444',
    '1-078-05-1123',
    '078051123',
  ])('none in %j', (text) => {
    expect(scanCell(text)?.kind).not.toBe('us-ssn');
  });
});

describe('telephone numbers', () => {
  test.each([
    '+1 415 555 0132',
    '+14155552671',
    '+55 11 98456 5666',
    '+44 (20) 7123 4567',
    '(+44) 20 7123 4567',
    '+34844 83 67 64',
    '(415) 555-0132',
    '(415)555-0132x77',
    '415-555-0132',
    '415.555.0132',
    '1-800-555-0199',
    '001-808-617-6467x12895',
    '0044 20 7946 0958',
    '020 7946 0958',
    '01835-703597',
    '090-1234-5678',
    '09-7625400',
    '06 12 34 56 78',
    '030/1234567',
    'call me on mobile 13812345678',
    '電話は090-1234-5678です',
  ])('%s', (text) => {
    expect(scanCell(text)).toEqual({ kind: 'phone', proven: false });
  });

  test.each([
    '3913',
    '20000',
    '1715000000',
    '1715000000123',
    '9876543210',
    '2023-01-15',
    '15.01.2023 12:30:45',
    '2023-01-15T12:30:45.123456+02:00',
    '192.168.100.200',
    '10.251.43.191:50010',
    '123456.7890',
    '-122.4194155',
    '1,234,567.89',
    '1 234 567',
    '012.345.678-90',
    '01-23-45-67-89-AB',
    '60614-1234',
    '978-0-306-40615-7',
    '0x00deadbeef12345',
    '415-555-0132-abc',
    'INV-415-555-0132',
    '51 824 753 5564',
    '12345678-1234-1234-1234-123456789012',
  ])('none in %j', (text) => {
    expect(scanCell(text)).toBeUndefined();
  });
});

test('tokens and hashes never fire, whatever their digits', () => {
  const digits = ['4111111111111111', '0'.repeat(32), '4155550132', 'de89370400440532013000'];
  for (const prefix of ['tok_', 'hsh_']) {
    for (const start of digits) expect(scanCell(prefix + start.padEnd(32, 'a').slice(0, 32))).toBeUndefined();
    for (const end of digits) expect(scanCell(prefix + end.padStart(32, '4').slice(-32))).toBeUndefined();
  }
});

test('of several finds in a cell the proven one is reported', () => {
  expect(scanCell('jane@example.com paid with 4111 1111 1111 1111')).toEqual({ kind: 'payment-card', proven: true });
});

describe('columns', () => {
  const scan = (name: string, values: readonly string[]) => {
    const scanner = createColumnScanner([name]);
    values.forEach((value, index) => {
      scanner.scan(0, index + 1, value);
    });
    return scanner
      .findings()
      .map(({ kind, proven, row, count }): [PiiKind, boolean, number, number] => [kind, proven, row, count]);
  };
  const numbers = (count: number, of: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => of(index));

  test('first row and count a kind; what a checksum proves stands apart', () => {
    expect(scan('note', ['', '+1 415 555 0132', '122000000000003', '4111111111111111', '+1 415 555 0133'])).toEqual([
      ['phone', false, 2, 2],
      ['payment-card', false, 3, 1],
      ['payment-card', true, 4, 1],
    ]);
  });

  test('a name that announces numbers makes bare digits count', () => {
    for (const name of [
      'Phone',
      'home_phone',
      'phone2',
      'PhoneNumber',
      'Teléfono',
      'mobileNo',
      'tel.',
      '携帯電話番号',
    ]) {
      expect(scan(name, ['x', '2262649'])).toEqual([['phone', false, 2, 1]]);
    }
    expect(scan('SSN', ['078051123'])).toEqual([['us-ssn', false, 1, 1]]);
    expect(scan('credit_card', ['4532-1111-2222-3333'])).toEqual([['payment-card', false, 1, 1]]);
    for (const name of ['phone_model', 'mobile_data_bytes', 'hotel', 'cellar', 'session', 'postcard_sales', 'panel']) {
      expect(scan(name, ['2262649', '078051123'])).toEqual([]);
    }
  });

  test('many bare numbers that look alike are evidence, identifiers and times are not', () => {
    const spread = (index: number) => String((index * 7_919) % 10_000).padStart(4, '0');
    expect(
      scan(
        'a',
        numbers(60, (i) => `0${1 + (i % 9)}${spread(i)}${spread(i + 3)}`),
      ),
    ).toEqual([['phone', false, 1, 60]]);
    const ssn = (i: number) => `${String((i * 13) % 600).padStart(3, '0')}12${String(1 + i).padStart(4, '0')}`;
    expect(
      scan(
        'a',
        numbers(60, (i) => ssn(i + 1)),
      ),
    ).toEqual([['us-ssn', false, 1, 60]]);
    expect(
      scan(
        'a',
        numbers(200, (i) => String(1_715_000_000 + i * 3_600)),
      ),
    ).toEqual([]);
    expect(
      scan(
        'a',
        numbers(200, (i) => String(100_000_000 + i)),
      ),
    ).toEqual([]);
    expect(
      scan(
        'a',
        numbers(200, (i) => String(5_550_000_000 + i * 17)),
      ),
    ).toEqual([]);
    expect(
      scan(
        'a',
        numbers(200, (i) => String(i).padStart(10, '0')),
      ),
    ).toEqual([]);
  });

  test('a column of grouped digits is evidence, one cell of it is not', () => {
    const pad = (n: number, size: number) => String(n).padStart(size, '0');
    const spanish = (i: number) => `6${pad((i * 37) % 100, 2)} ${pad((i * 13) % 100, 2)} ${pad((i * 7) % 100, 2)} 78`;
    expect(scan('a', numbers(20, spanish))).toEqual([['phone', false, 1, 20]]);
    expect(scan('a', numbers(9, spanish))).toEqual([]);
    expect(
      scan(
        'a',
        numbers(20, (i) => `9${pad(i * 37, 3)} 3456`),
      ),
    ).toEqual([['phone', false, 1, 20]]);
    expect(
      scan(
        'a',
        numbers(20, (i) => `${1980 + i}-${1981 + i}`),
      ),
    ).toEqual([]);
    expect(
      scan(
        'a',
        numbers(20, (i) => `${60_614 + i * 711}-12${pad(i, 2)}`),
      ),
    ).toEqual([]);
    expect(
      scan(
        'a',
        numbers(20, (i) => `${1980 + i}-05-${pad(i + 1, 2)}`),
      ),
    ).toEqual([]);
  });

  test('the header is scanned too, and then not repeated', () => {
    const scanner = createColumnScanner(['id', 'jane@example.com']);
    expect(scanner.findings()).toEqual([
      { column: 'column 2', columnIndex: 1, kind: 'email', proven: false, row: 0, count: 1 },
    ]);
  });
});
