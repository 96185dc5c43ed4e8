import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { findIdentifiers, identifierKind, identifierKinds } from '@sdp/shared/detection';
import { describe, expect, test } from 'vitest';

/** Finds as `kind value`, `!` where proven. */
function finds(text: string, options = {}): string[] {
  return findIdentifiers(text, options).map(
    ({ kind, proven, start, end }) => `${kind}${proven ? '!' : ''} ${text.slice(start, end)}`,
  );
}

describe('published specimens', () => {
  test.each([
    ['us-ssn', '219-09-9998', 'shaped'],
    ['uk-nhs', '401 023 2137', 'shaped'],
    ['de-pension', '15070649C103', 'proven'],
    ['de-health', 'A123456780', 'shaped'],
    ['de-vat', 'DE136695976', 'proven'],
    ['at-svnr', '1237 010180', 'proven'],
    ['ch-ahv', '756.9217.0769.85', 'proven'],
    ['fr-nir', '2 55 08 14 168 025 38', 'proven'],
    ['fr-siret', '732 829 320 00074', 'proven'],
    ['es-dni', '12345678Z', 'shaped'],
    ['es-nie', 'X-1234567-L', 'proven'],
    ['it-codice-fiscale', 'RSSMRA85T10A562S', 'proven'],
    ['nl-bsn', '111222333', 'shaped'],
    ['be-national-number', '85.07.30-033.28', 'proven'],
    ['pl-pesel', '44051401359', 'proven'],
    ['se-personnummer', '811228-9874', 'proven'],
    ['fi-hetu', '131052-308T', 'proven'],
    ['cz-sk-birth-number', '736028/5163', 'proven'],
    ['tr-tckn', '10000000146', 'proven'],
    ['br-cpf', '111.444.777-35', 'proven'],
    ['br-cnpj', '12.ABC.345/01DE-35', 'proven'],
    ['br-cnpj', '11.222.333/0001-81', 'proven'],
    ['in-gstin', '27AAPFU0939F1ZV', 'proven'],
    ['sg-nric', 'S1234567D', 'proven'],
    ['cn-resident-id', '11010519491231002X', 'proven'],
    ['cl-rut', '12.345.678-5', 'shaped'],
    ['au-abn', '51 824 753 556', 'proven'],
    ['bitcoin-address', '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa', 'proven'],
    ['bitcoin-address', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'proven'],
    ['ethereum-address', '0x52908400098527886E0F7030069857D2E4169EE7', 'shaped'],
    ['vin', '1M8GDM9AXKP042788', 'proven'],
    ['imei', '49-015420-323751-8', 'shaped'],
    ['iban', 'GB82 WEST 1234 5698 7654 32', 'proven'],
    ['payment-card', '4111 1111 1111 1111', 'proven'],
    ['email', 'jane.doe@example.org', 'shaped'],
    ['ip-address', '2001:db8::8a2e:370:7334', 'shaped'],
    ['date-of-birth', '31.12.1985', 'shaped'],
  ])('%s %s', (kind, value, evidence) => {
    expect(identifierKind(kind)?.judge(value)).toBe(evidence);
  });
});

describe('places in a text', () => {
  test('stop before the punctuation of the sentence', () => {
    expect(finds('Mail jane@example.org, or (see 10.1.2.3).')).toEqual([
      'email jane@example.org',
      'ip-address 10.1.2.3',
    ]);
    expect(finds('Mein Personalausweis: L01X00T47.')).toEqual(['de-id-card L01X00T47']);
    expect(finds('IBAN DE89 3704 0044 0532 0130 00; CPF 111.444.777-35!')).toEqual([
      'iban! DE89 3704 0044 0532 0130 00',
      'br-cpf! 111.444.777-35',
    ]);
  });

  test('words in front decide what nine digits are', () => {
    expect(finds('his SSN is 219099998')).toEqual(['us-ssn 219099998']);
    expect(finds('BSN 111222333')).toEqual(['nl-bsn 111222333']);
    expect(finds('passportNumber=219099998')).toEqual(['passport 219099998']);
    expect(finds('block 219099998 replicated')).toEqual([]);
  });

  test('take a number whole, with what opens it', () => {
    expect(finds('Tel. 0221/4710815')).toEqual(['phone 0221/4710815']);
    expect(finds('celular (11) 98765-4321, tel. +7 912 345-67-89')).toEqual([
      'phone (11) 98765-4321',
      'phone +7 912 345-67-89',
    ]);
    expect(finds('geboren op 1-2-1990')).toEqual(['date-of-birth 1-2-1990']);
  });

  test('announcements in other scripts', () => {
    expect(finds('マイナンバーは1234 5678 9018です')).toEqual(['jp-my-number 1234 5678 9018']);
    expect(finds('生年月日：1985年12月31日')).toEqual(['date-of-birth 1985年12月31日']);
    expect(finds('护照号E12345678')).toEqual(['cn-passport E12345678']);
    expect(finds('ИНН 7707083893')).toEqual(['ru-inn 7707083893']);
  });

  test('digits of other forms are found where they stand', () => {
    const text = 'カード ４１１１ １１１１ １１１１ １１１１ です';
    expect(finds(text)).toEqual(['payment-card! ４１１１ １１１１ １１１１ １１１１']);
  });

  test('a caller who names kinds gets values that stand alone', () => {
    expect(finds('121000358')).toEqual([]);
    expect(finds('121000358', { kinds: ['us-aba-routing'] })).toEqual(['us-aba-routing 121000358']);
    expect(finds('121000358', { cell: true })).toHaveLength(1);
    expect(finds('121000358 was reported', { cell: true })).toEqual([]);
    expect(finds('121000358 was reported', { kinds: ['us-aba-routing'] })).toEqual([]);
    expect(finds('121000358 was reported', { kinds: ['us-aba-routing'], announced: ['us-aba-routing'] })).toHaveLength(
      1,
    );
  });

  test('a region makes its national telephone numbers known', () => {
    expect(finds('ruf an: 03012345678, danke', { region: 'DE' })).toEqual(['phone 03012345678']);
    expect(finds('chiama il 347 1234567 ora', { region: 'IT' })).toEqual(['phone 347 1234567']);
    expect(finds('chiama il 347 1234567 ora')).toEqual([]);
    expect(finds('order 4155550132 of 2024 05 06', { region: 'US' })).toEqual([]);
  });

  test('dates of birth with the name of the month', () => {
    expect(finds('Born on 3rd of March 1985 in Rome')).toEqual(['date-of-birth 3rd of March 1985']);
    expect(finds('née le 1er février 1972')).toEqual(['date-of-birth 1er février 1972']);
    expect(finds('shipped on March 3, 1985')).toEqual([]);
  });

  test('URLs only with credentials or personal parameters', () => {
    expect(finds('see https://example.org/help?q=1.')).toEqual([]);
    expect(finds('see https://example.org/help.', { kinds: ['url'] })).toEqual(['url https://example.org/help']);
    expect(finds('postgres://joe:s3cret@db.internal:5432/x')).toEqual([
      'personal-url postgres://joe:s3cret@db.internal:5432/x',
    ]);
    expect(finds('GET https://example.org/a?email=joe%40example.org&x=1 200')).toHaveLength(1);
  });

  test('versions, loopback and times are no addresses', () => {
    expect(finds('version 1.2.3.4, v10.0.0.1 on 127.0.0.1 at 12:34:56, std::string ::1 1.2.3.4.5')).toEqual([]);
    expect(finds('from 203.0.113.7:8080 via 00:1a:2b:3c:4d:5e')).toEqual([
      'ip-address 203.0.113.7',
      'mac-address 00:1a:2b:3c:4d:5e',
    ]);
  });
});

describe('kinds', () => {
  test('have names of their own, labels and sources', () => {
    expect(new Set(identifierKinds.map(({ kind }) => kind)).size).toBe(identifierKinds.length);
    for (const { kind, label, source, chance } of identifierKinds) {
      expect(kind).toMatch(/^[a-z][a-z0-9-]+$/);
      expect([label.length > 2, source.length > 3, chance >= 0 && chance <= 1]).toEqual([true, true, true]);
    }
  });

  test('stand in the documentation with their label and chance', () => {
    const page = readFileSync(resolve(import.meta.dirname, '../../../../docs/pii-detection.md'), 'utf8');
    for (const { kind, label, chance } of identifierKinds) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${kind}\` | ${label} |`));
      expect([kind, row !== undefined]).toEqual([kind, true]);
      expect(row).toContain(`| ${chance > 0 && chance < 0.001 ? '< 0.001' : chance} |`);
    }
  });

  test('are announced by column names', () => {
    const announced = (name: string) =>
      identifierKinds.filter((kind) => kind.announcedBy(name)).map(({ kind }) => kind);
    expect(announced('customer_ssn')).toContain('us-ssn');
    expect(announced('steuerId')).toContain('de-tax-id');
    expect(announced('Rodné číslo')).toContain('cz-sk-birth-number');
    expect(announced('amount')).toEqual([]);
  });
});
