import { join } from 'node:path';
import { eventSchema } from '@sdp/shared/contracts';
import { generateMasterKeyText, parseMasterKey } from '@sdp/shared/crypto';
import { scanCell } from '@sdp/shared/detection';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseEventConfig } from '../../src/config/index.ts';
import { eventTreatment, type TextMode } from '../../src/events/index.ts';
import { openVault, type Vault } from '../../src/vault/index.ts';
import { temporaryFolder } from '../support/run-command.ts';

describe('what is done to an event', () => {
  const folder = temporaryFolder();
  let vault: Vault;
  beforeAll(async () => {
    const masterKey = parseMasterKey(generateMasterKeyText());
    vault = await openVault({ path: join(folder.path, 'vault.db'), masterKey, create: true });
  });
  afterAll(async () => {
    await vault.close();
    folder.remove();
  });

  const treat = (
    input: unknown,
    options: { config?: string; text?: TextMode; fit?: boolean; assumeUtc?: boolean } = {},
  ) => {
    const { config, text = 'tokenize', ...rest } = options;
    const parsed = config === undefined ? {} : { config: parseEventConfig(config) };
    return eventTreatment({ vault, text, ...parsed, ...rest })(input, 1);
  };
  const eventOf = (input: unknown, options: Parameters<typeof treat>[1] = {}) => {
    const treated = treat(input, options);
    if ('refused' in treated) throw new Error(`${treated.refused.field} ${treated.refused.reason}`);
    return treated.event;
  };
  const log = { type: 'log', level: 'INFO', message: 'hello', at: '2026-01-02T03:04:05.678Z' };
  const token = /^tok_[0-9a-f]{32}$/;

  it('gives a user the same token as a table that names the namespace', async () => {
    const config = 'source_table: shop\ncolumns: {user_id: {method: token, namespace: customers.id}}\n';
    const { user_id: userId } = eventOf({ ...log, user_id: 'c-17' }, { config });
    expect(userId).toBe(vault.tokenOf('customers.id')('c-17'));
    await vault.flush();
    expect(vault.revealer(['customers.id'])(String(userId))).toBe('c-17');
  });

  it.each([
    ['2026-01-02T03:04:05+01:00', '2026-01-02T02:04:05.000Z'],
    ['2026-01-02 03:04:05.1234567Z', '2026-01-02T03:04:05.123Z'],
    ['2026-01-02T03:04:05,5-0330', '2026-01-02T06:34:05.500Z'],
    [1_767_323_045, '2026-01-02T03:04:05.000Z'],
    [1_767_323_045_678, '2026-01-02T03:04:05.678Z'],
    ['1767323045678901', '2026-01-02T03:04:05.678Z'],
    ['1767323045678901234', '2026-01-02T03:04:05.678Z'],
  ])('reads the time %s', (at, expected) => {
    expect(eventOf({ ...log, at })).toMatchObject({ at: expected });
  });

  it('takes a time without an offset only where that is said to be UTC', () => {
    const input = { ...log, at: '2026-01-02T03:04:05' };
    expect(treat(input)).toMatchObject({ refused: { field: 'at' } });
    expect(eventOf(input, { assumeUtc: true })).toMatchObject({ at: '2026-01-02T03:04:05.000Z' });
  });

  it('puts an event together from the fields that a configuration maps', () => {
    const config = `
source_table: web
columns:
  customer: {method: token, namespace: web.customer}
  text: text
  ip: hash
  secret: drop
  time: keep
  sev: keep
  ms: keep
event:
  type: log
  at: time
  level: sev
  message: text
  user_id: customer
  attributes: {client: ip, took: ms, secret: secret}
`;
    const input = {
      time: '2026-01-02T03:04:05Z',
      sev: 'warning',
      text: 'to eva.fink@example.org',
      customer: 'c1',
      ip: '192.0.2.7',
      ms: 12,
      secret: 's',
      other: 'x',
    };
    const event = eventOf(input, { config });
    expect(event).toMatchObject({ type: 'log', level: 'WARN', attributes: { took: 12 } });
    expect(event['message']).toMatch(/^to tok_[0-9a-f]{32}$/);
    expect(event['user_id']).toMatch(token);
    expect(event['attributes']).toHaveProperty('client', expect.stringMatching(/^hsh_/));
    expect(event['attributes']).not.toHaveProperty('secret');
    expect(JSON.stringify(event)).not.toContain('other');
  });

  it('names all that is wrong with a configuration, with its place', () => {
    const config = 'source_table: t\ncolumns: {a: token}\nevent:\n  type: logs\n  mesage: a\n  tags: 3\n';
    expect(() => parseEventConfig(config)).toThrowError(
      expect.objectContaining({
        details: expect.objectContaining({
          findings: [
            expect.objectContaining({ line: 4, field: 'event.type' }),
            expect.objectContaining({ line: 5, message: 'unknown key; did you mean message?' }),
            expect.objectContaining({ line: 6, field: 'event.tags' }),
          ],
        }),
      }),
    );
  });

  it.each([
    ['a list', []],
    ['a number', 5],
    ['no type', { level: 'INFO', message: 'x' }],
    ['a type that is none', { ...log, type: 'trace' }],
    ['a name of another object', { ...log, type: '__proto__' }],
    ['a field too many', { ...log, extra: 1 }],
    ['attributes that nest', { ...log, attributes: { a: { b: 1 } } }],
    ['no values', { type: 'metric', metrics: {} }],
    ['no user of a transaction', { type: 'transaction', amount: 1 }],
    ['a name that no entry may have', { ...log, tags: { 'a b': 'x' } }],
    ['a field called as no property is', JSON.parse('{"type":"log","level":"INFO","message":"x","__proto__":{"a":1}}')],
  ])('refuses %s', (_name, input) => {
    const treated = treat(input);
    expect(treated).toHaveProperty('refused');
    expect(JSON.stringify(treated)).not.toMatch(/extra|"a b"/);
  });

  it('refuses personal data where it is not to be replaced', () => {
    for (const input of [
      { ...log, message: 'ask eva.fink@example.org' },
      { ...log, attributes: { phone: '044 668 18 00' } },
      { ...log, attributes: { card: 4111111111111111 } },
      { ...log, tags: { 'eva.fink@example.org': 'x' } },
      { ...log, host: 'eva.fink@example.org' },
    ]) {
      const treated = treat(input, { text: 'refuse' });
      expect(treated).toMatchObject({ refused: { code: 'raw-pii-found' } });
      expect(JSON.stringify(treated)).not.toContain('eva');
    }
  });

  it('brings events of senders that know no bounds within them', () => {
    const attributes = Object.fromEntries(
      Array.from({ length: 90 }, (_, index) => [`ä name ${index}`, 'v'.repeat(3_000)]),
    );
    const event = eventOf({ ...log, message: 'm'.repeat(10_000), attributes, host: 'h'.repeat(400) }, { fit: true });
    expect(eventSchema.safeParse({ ...event, event_id: 'x' }).success).toBe(true);
    expect(event['attributes']).toHaveProperty('dropped_entries', 27);
  });

  it('lets nothing pass that detection would find, however texts are put together', () => {
    const pii = fc.constantFrom(
      'eva.fink@example.org',
      '4111 1111 1111 1111',
      '+41 44 668 18 00',
      'GB82 WEST 1234 5698 7654 32',
      '078-05-1120',
      '5500005555555559',
    );
    const part = fc.oneof(
      pii,
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.constantFrom(' ', '"', '<', 'tok_', '@', '0', '-', '%40'),
    );
    const text = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
    const scalar = fc.oneof(text, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean());
    fc.assert(
      fc.property(text, fc.dictionary(text, scalar, { maxKeys: 4 }), text, (message, attributes, user) => {
        const treated = treat({ ...log, message, attributes, user_id: user }, { fit: true });
        if ('refused' in treated) return;
        const { event } = treated;
        const texts = [
          event['message'],
          event['user_id'] ?? '',
          ...Object.entries((event['attributes'] ?? {}) as object).flat(),
        ];
        for (const held of texts) if (typeof held === 'string') expect(scanCell(held)).toBeUndefined();
        expect(eventSchema.safeParse({ ...event, event_id: 'x' }).success).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
