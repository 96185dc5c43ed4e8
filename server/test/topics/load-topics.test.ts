import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processingTypes, transactionSchema } from '@sdp/shared/contracts';
import { SdpError } from '@sdp/shared/errors';
import { batchTopic, ComplianceManager } from '@sdp/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAccess, loadTopics } from '../../src/topics/index.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sdp-topics-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function fileOf(text: string): string {
  const path = join(dir, 'file.yml');
  writeFileSync(path, text);
  return path;
}

function refusal(load: () => unknown): SdpError {
  try {
    load();
  } catch (error) {
    if (error instanceof SdpError) return error;
  }
  throw new Error('was not refused');
}

describe('the shipped topics.yml', () => {
  const { topics, policies } = loadTopics();
  const names = topics.map(({ topic }) => topic);
  const productTopics = [
    ...processingTypes.map(batchTopic),
    ...['transaction.ingest', 'transaction.embedded', 'transaction.fraud', 'fraud.results', 'model.updates'],
    ...['logs', 'metrics', 'transactions', 'anomaly.facts'],
  ];

  it('has every topic of the product with its dead letters, and a policy for each', () => {
    expect(names.toSorted()).toEqual(productTopics.flatMap((topic) => [topic, `${topic}.dlq`]).toSorted());
    const compliance = new ComplianceManager(policies);
    for (const topic of productTopics) expect(compliance.policyOf(topic).topic).toBe(topic);
    expect(compliance.policyOf('payment_settled').topic).toBe('payment_*');
  });

  it('lets a transaction through whose identifiers are tokens, and no other', () => {
    const compliance = new ComplianceManager(policies);
    const token = `tok_${'0a'.repeat(16)}`;
    const transaction = transactionSchema.parse({
      ...{ transaction_id: 't-1', occurred_at: '2026-01-01T00:00:00Z', amount: 1, currency: 'EUR' },
      ...{ customer: token, terminal: token },
    });
    const check = (changed: object) =>
      compliance.check('transaction.ingest', {
        payload: { transaction: { ...transaction, ...changed } },
        isSealed: true,
      });
    check({});
    expect(() => check({ customer: 'Ada Lovelace' })).toThrow('policy');
    expect(() => check({ card: '4111111111111111' })).toThrow('policy');
    expect(() => check({ card_number: token })).toThrow('policy');
  });

  it('takes other numbers of partitions and copies where it says none itself', () => {
    const changed = loadTopics({ partitions: 12, replicas: 3 }).topics;
    const spec = (topic: string) => changed.find((each) => each.topic === topic);
    expect(spec('transaction.ingest')).toMatchObject({ partitions: 12, replication: 3 });
    expect(spec('model.updates')).toMatchObject({ partitions: 1, replication: 3 });
    expect(spec('transaction.ingest.dlq')).toMatchObject({ partitions: 1, replication: 3, maxMessageBytes: 2_097_176 });
  });
});

describe('loadTopics', () => {
  it('names every field that is wrong at once, with its line, and no value', () => {
    const path = fileOf(`version: 1
defaults:
  partitions: 0
  retention_days: 7
topics:
  - topic: payment.made
    data_class: secret-class
    partitions: many
  - topic: payment.made
    data_class: public
    retention_class: short
    colour: green
  - data_class: public
`);
    const error = refusal(() => loadTopics({ path }));
    expect(error.code).toBe('config-invalid');
    expect(error.details.findings?.map(({ field, line }) => `${line} ${field}`)).toEqual([
      '3 defaults.partitions',
      '8 topics.0.partitions',
      '7 topics.0.data_class',
      '12 topics.1',
      '13 topics.2.topic',
    ]);
    expect(JSON.stringify([error.message, error.stack])).not.toMatch(/secret-class|many|green/);
  });

  it.each([
    ['a topic twice', '  - { topic: a, data_class: public }\n  - { topic: a, data_class: public }', 'topics.1.topic'],
    ['dead letters by name', '  - { topic: a.dlq, data_class: public }', 'topics.0.topic'],
    ['partitions of a beginning', '  - { topic: a*, data_class: public, partitions: 2 }', 'topics.0.partitions'],
    [
      'a retention longer than its class allows',
      '  - { topic: a, data_class: public, retention_class: short, retention_days: 8 }',
      'topics.0.retention_days',
    ],
    [
      'dead letters kept longer than their class allows',
      '  - { topic: a, data_class: public, retention_class: short, dead_letter_retention_days: 8 }',
      'topics.0.dead_letter_retention_days',
    ],
    [
      'restricted data that need not be sealed',
      '  - { topic: a, data_class: restricted, encryption: optional }',
      'topics.0.encryption',
    ],
    ['messages kept for ever', '  - { topic: a, data_class: public, cleanup: compact }', 'topics.0.cleanup'],
    [
      'more copies to wait for than there are',
      '  - { topic: a, data_class: public, replication: 2, min_insync_replicas: 3 }',
      'topics.0.min_insync_replicas',
    ],
  ])('refuses %s', (_, topics, field) => {
    const path = fileOf(`version: 1\ndefaults: { partitions: 1, retention_days: 7 }\ntopics:\n${topics}\n`);
    expect(refusal(() => loadTopics({ path })).details.findings?.map((finding) => finding.field)).toEqual([field]);
  });

  it('says where a file is no YAML, without quoting it, and when there is none', () => {
    const error = refusal(() => loadTopics({ path: fileOf('version: 1\ntopics: [secret, {') }));
    expect(error.details.findings?.[0]).toMatchObject({ line: 2 });
    expect(JSON.stringify([error.message, error.stack, error.details])).not.toContain('secret');
    expect(refusal(() => loadTopics({ path: join(dir, 'none.yml') })).code).toBe('config-unreadable');
  });
});

describe('the shipped access.yml', () => {
  const access = loadAccess();

  it('lets the server use every topic of the product, and nobody else', () => {
    for (const { topic } of loadTopics().topics) {
      for (const operation of ['READ', 'WRITE', 'DESCRIBE'] as const) {
        expect(access.allows('sdp-server', operation, topic), topic).toBe(true);
        expect(access.allows('payments', operation, topic), topic).toBe(false);
      }
    }
  });

  it('has an example party that sees its own topics alone', () => {
    expect(access.allows('payments', 'WRITE', 'payment_made')).toBe(true);
    expect(access.allows('sdp-server', 'READ', 'payment_made')).toBe(false);
  });

  it('is refused with every place that is wrong', () => {
    const path = fileOf(
      'version: 1\nrules:\n  - { role: "a b", topics: [x], allow: [READ] }\n  - { role: b, topics: [x], allow: [FLY] }\n',
    );
    const error = refusal(() => loadAccess(path));
    expect(error.details.findings?.map(({ field, line }) => `${line} ${field}`)).toEqual([
      '3 rules.0.role',
      '4 rules.1.allow.0',
    ]);
  });
});
