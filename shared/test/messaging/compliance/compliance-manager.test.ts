import { createSecretKey } from 'node:crypto';
import { keyedDigest } from '@sdp/shared/crypto';
import { ComplianceManager } from '@sdp/shared/messaging';
import { hashTokenFromDigest, tokenFromDigest } from '@sdp/shared/tokenization';
import { describe, expect, test } from 'vitest';

const policies = [
  {
    topic: 'payment.made',
    data_class: 'restricted',
    regulations: ['PCI_DSS'],
    fields: {
      'card.number': 'token',
      pan: 'absent',
      'contacts.*.email': 'masked',
      '*.iban': 'token',
    },
  },
  { topic: 'payment*', data_class: 'confidential', fields: {} },
  { topic: 'pay*', data_class: 'internal', encryption: 'optional', fields: { pan: 'absent' } },
];
const manager = new ComplianceManager(policies);
const digest = keyedDigest(createSecretKey(Buffer.alloc(32, 1)))('x');
const token = tokenFromDigest(digest);
const fieldsOf = (topic: string, payload: unknown, isSealed = true): (string | undefined)[] => {
  try {
    manager.check(topic, { payload, isSealed });
    return [];
  } catch (error) {
    return (error as { details: { findings: { field?: string }[] } }).details.findings.map(({ field }) => field);
  }
};

describe('a topic’s policy', () => {
  test('takes tokens as the tokenization makes them, masks, and what is not there', () => {
    const payload = {
      card: { number: token },
      contacts: [{ email: '****@x.y' }, { email: null }],
      from: { iban: hashTokenFromDigest(digest) },
    };
    expect(fieldsOf('payment.made', payload)).toEqual([]);
    expect(fieldsOf('payment.made', {})).toEqual([]);
    expect(fieldsOf('payment.made', { contacts: { any: { email: '[REDACTED]' } } })).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    ['a card number', { card: { number: '4111111111111111' } }, 'card.number'],
    ['a number', { card: { number: 4111111111111111 } }, 'card.number'],
    ['an object in place of a token', { card: { number: { value: token } } }, 'card.number'],
    ['something behind a token', { card: { number: `${token}4111` } }, 'card.number'],
    ['a field that must not be there', { pan: null }, 'pan'],
    ['one of several', { contacts: [{ email: '****' }, { email: 'ada@example.org' }] }, 'contacts.*.email'],
    ['a mask that shows too much', { contacts: [{ email: '****12345' }] }, 'contacts.*.email'],
    ['a field under any name', { to: { iban: 'DE89370400440532013000' } }, '*.iban'],
  ])('refuses %s', (_, payload, field) => expect(fieldsOf('payment.made', payload)).toEqual([field]));

  test('is that of the topic itself, else of the longest beginning, else there is none', () => {
    expect(manager.policyOf('payment.made').data_class).toBe('restricted');
    expect(manager.policyOf('payment.other').data_class).toBe('confidential');
    expect(manager.policyOf('payroll').data_class).toBe('internal');
    expect(() => manager.policyOf('other')).toThrow(/policy of the topic/);
    expect(fieldsOf('payroll', {}, false)).toEqual([]);
    expect(fieldsOf('payment.other', {}, false)).toEqual([undefined]);
  });

  test('cuts out for a log what it speaks of', () => {
    const payload = {
      n: 1,
      card: { number: '4111', holder: 'x' },
      contacts: [{ email: 'a@b.c' }],
      from: { iban: 'DE', bic: 'B' },
    };
    expect(manager.masked('payment.made', payload)).toEqual({
      ...{ n: 1, card: { number: '[REDACTED]', holder: 'x' }, contacts: [{ email: '[REDACTED]' }] },
      from: { iban: '[REDACTED]', bic: 'B' },
    });
    expect(payload.card.number).toBe('4111');
  });

  test.each<[string, unknown]>([
    ['that leaves restricted data unsealed', [{ topic: 'a', data_class: 'restricted', encryption: 'optional' }]],
    [
      'under a regulation that leaves data unsealed',
      [{ topic: 'a', data_class: 'public', encryption: 'optional', regulations: ['SOX'] }],
    ],
    ['with a field that is unknown', [{ topic: 'a', data_class: 'public', encrypt: true }]],
    ['with a path that is none', [{ topic: 'a', data_class: 'public', fields: { 'a..b': 'token' } }]],
    [
      'that stands there twice',
      [
        { topic: 'a', data_class: 'public' },
        { topic: 'a', data_class: 'public' },
      ],
    ],
    ['that is no list', { topic: 'a' }],
  ])('%s is refused', (_, wrong) => {
    expect(() => new ComplianceManager(wrong)).toThrow(expect.objectContaining({ code: 'config-invalid' }));
  });
});
