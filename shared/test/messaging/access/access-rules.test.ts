import { generateKeyPairSync } from 'node:crypto';
import { AccessRules, KeyRing, SecureConsumer, SecurityManager, type TopicOperation } from '@sdp/shared/messaging';
import { describe, expect, test } from 'vitest';
import { eventually } from '../../../../server/test/bus/eventually.ts';
import { MemoryBus } from '../../../../test/support/memory-bus.ts';
import {
  connectedProducer,
  countedContract,
  encryptionKey,
  runningConsumer,
  sampleRing,
} from '../support/secure-pair.ts';

const rules = new AccessRules([
  {
    role: 'payments',
    topics: ['payment_*'],
    allow: ['READ', 'WRITE', 'DESCRIBE'],
    groups: ['payments-*'],
    transactional_ids: ['payments-*'],
  },
  { role: 'ledger', topics: ['payment_made', 'ledger'], allow: ['READ'], groups: ['ledger'] },
  { role: 'reader', topics: ['audit_*'], allow: ['READ'] },
  { role: 'watch', topics: ['*'], allow: ['DESCRIBE'] },
]);

describe('access rules', () => {
  test.each<[string, TopicOperation, string, boolean]>([
    ['payments', 'WRITE', 'payment_made', true],
    ['payments', 'WRITE', 'payment_', true],
    ['payments', 'WRITE', 'payment', false],
    ['payments', 'WRITE', 'xpayment_made', false],
    ['payments', 'WRITE', 'payment_made.dlq', true],
    ['ledger', 'READ', 'payment_made', true],
    ['ledger', 'WRITE', 'payment_made', false],
    ['ledger', 'WRITE', 'payment_made.dlq', true],
    ['ledger', 'READ', 'payment_made.dlq', false],
    ['ledger', 'READ', 'payment_made2', false],
    ['reader', 'WRITE', 'audit_x.dlq', true],
    ['reader', 'WRITE', 'audit_x', false],
    ['watch', 'DESCRIBE', 'anything', true],
    ['watch', 'READ', 'anything', false],
    ['watch', 'WRITE', 'anything.dlq', false],
    ['nobody', 'READ', 'ledger', false],
  ])('%s may %s %s: %s', (role, operation, topic, isAllowed) => {
    expect(rules.allows(role, operation, topic)).toBe(isAllowed);
  });

  test('go to the broker as commands', () => {
    const start = 'kafka-acls.sh --bootstrap-server "$KAFKA_BROKERS" --add --allow-principal User:';
    expect(rules.kafkaAclCommands()).toEqual([
      `${start}payments --operation READ --operation WRITE --operation DESCRIBE --resource-pattern-type prefixed --topic payment_`,
      `${start}payments --operation READ --resource-pattern-type prefixed --group payments-`,
      `${start}payments --operation WRITE --operation DESCRIBE --resource-pattern-type prefixed --transactional-id payments-`,
      `${start}ledger --operation READ --resource-pattern-type literal --topic payment_made --topic ledger`,
      `${start}ledger --operation WRITE --resource-pattern-type literal --topic payment_made.dlq --topic ledger.dlq`,
      `${start}ledger --operation READ --resource-pattern-type literal --group ledger`,
      `${start}reader --operation READ --resource-pattern-type prefixed --topic audit_`,
      `${start}watch --operation DESCRIBE --resource-pattern-type literal --topic '*'`,
    ]);
  });

  test.each([
    [[{ role: 'a; rm', topics: ['t'], allow: ['READ'] }]],
    [[{ role: 'a', topics: ['t$(x)'], allow: ['READ'] }]],
    [[{ role: 'a', topics: ['a*b'], allow: ['READ'] }]],
    [[{ role: 'a', topics: [], allow: ['READ'] }]],
    [[{ role: 'a', topics: ['t'], allow: ['ALL'] }]],
    [{}],
  ])('are refused where they are not valid: %j', (wrong) => {
    expect(() => new AccessRules(wrong)).toThrow(expect.objectContaining({ code: 'config-invalid' }));
  });

  test('hold producers and consumers, and consumers hold senders to them', async () => {
    const bus = new MemoryBus();
    await bus.ensureTopic('payment_made', 1);
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const ringOf = (party: string) =>
      new KeyRing({
        party,
        encryption: [{ id: 'e1', key: encryptionKey, state: 'active' }],
        signing: [{ id: 'ledger', privateKey, state: 'active' }],
      });
    const event = (n: number) => ({ key: 'k', contract: countedContract, payload: { n } });
    const honest = await connectedProducer(bus, {
      security: new SecurityManager({ keys: ringOf('ledger') }),
      access: rules,
    });
    await expect(honest.sendMessage('payment_made', event(0))).rejects.toMatchObject({ code: 'topic-forbidden' });
    // One that doesn't hold itself to the rules, with keys that are good.
    await (await connectedProducer(bus, { security: new SecurityManager({ keys: ringOf('ledger') }) })).sendMessage(
      'payment_made',
      event(1),
    );
    await (await connectedProducer(bus)).sendMessage('payment_made', event(2));
    const keys = new KeyRing({
      party: 'payments',
      encryption: [{ id: 'e1', key: encryptionKey, state: 'readable' }],
      others: [{ id: 'ledger', party: 'ledger', publicKey, state: 'readable' }],
    });
    const running = await runningConsumer(bus, 'payment_made', {
      security: new SecurityManager({ keys }),
      access: rules,
    });
    await eventually('both are refused', () => running.letters.length === 2);
    expect(running.letters).toEqual(['topic-forbidden', 'message-key-unknown']);
    const other = new SecureConsumer({
      bus,
      group: 'g',
      security: new SecurityManager({ keys: sampleRing() }),
      access: rules,
    });
    expect(() => other.subscribe({ topic: 'payment_made', contracts: [countedContract] })).toThrow(/may not/);
    await bus.close();
  });
});
