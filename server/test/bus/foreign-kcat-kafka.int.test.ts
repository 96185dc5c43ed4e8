import { randomUUID } from 'node:crypto';
import type { BusPort } from '@sdp/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connectedProducer,
  countedContract,
  type RunningConsumer,
  runningConsumer,
} from '../../../shared/test/messaging/support/secure-pair.ts';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { type ForeignMessage, findKcat, type Kcat } from '../../../test/support/kcat.ts';
import { openBus } from './bus-address.ts';
import { eventually } from './eventually.ts';

const kafka = await startTestKafka();
const found = 'skipped' in kafka ? kafka : findKcat();
const title =
  'skipped' in found
    ? `kcat, who has the broker and no key (skipped: ${found.skipped})`
    : 'kcat, who has the broker and no key';

describe.skipIf('skipped' in found)(title, () => {
  const kcat = found as Kcat;
  const [topic, other] = [`test.${randomUUID()}`, `test.${randomUUID()}`];
  let bus: BusPort;
  let running: RunningConsumer;
  let there: RunningConsumer;
  /** Genuine messages, as kcat read them. */
  let first: ForeignMessage;
  let second: ForeignMessage;

  beforeAll(async () => {
    const brokers = 'skipped' in kafka ? [] : kafka.brokers;
    kcat.broker = ['-b', brokers.join(',')];
    bus = openBus({ kind: 'kafka', brokers });
    await bus.ensureTopic(topic, 2);
    await bus.ensureTopic(other, 1);
    [running, there] = (await Promise.all(
      [topic, other].map((each) => runningConsumer(bus, each, { copies: 'dead-letter' })),
    )) as [RunningConsumer, RunningConsumer];
    const producer = await connectedProducer(bus);
    for (const n of [1, 2]) await producer.sendMessage(topic, { key: 'k', contract: countedContract, payload: { n } });
    await eventually('the genuine ones are handled', () => running.handled.length === 2);
    [first, second] = [...kcat.consume(topic, 0), ...kcat.consume(topic, 1)] as [ForeignMessage, ForeignMessage];
  }, 120_000);
  afterAll(async () => {
    await Promise.all([running?.consumer.close(), there?.consumer.close()]);
    await bus?.close();
    if (!('skipped' in found)) kcat.close();
  });

  it('reads nothing but sealed messages', () => {
    for (const message of [first, second]) {
      expect(message.key.toString()).toBe('k');
      expect(message.value.subarray(0, 4).toString()).toBe('SDPE');
      expect(message.value.toString('latin1')).not.toMatch(/"n"/);
      expect(message.headers.map(([name]) => name)).toContain('x-sdp-event-id');
    }
  });

  it('brings nothing to a handler: each attempt lies in the dead letters, as it was, with its reason', async () => {
    const flipped = (at: number): Partial<ForeignMessage> => {
      const value = Buffer.from(first.value);
      value[at] = (value[at] ?? 0) ^ 0x01;
      return { ...first, value };
    };
    const changed = (name: string, value: string) => ({
      ...first,
      headers: first.headers.map(([each, text]) => [each, each === name ? value : text] as const),
    });
    const plain = Buffer.from('{"n":99}');
    const attempts: [expected: string, partition: number, message: Partial<ForeignMessage>][] = [
      ['message-plaintext', 0, { key: first.key, value: plain }],
      ['message-plaintext', 0, { key: first.key, value: plain, headers: first.headers }],
      ['message-plaintext', 1, { value: plain }],
      ['message-replayed', 0, first],
      ['message-replayed', 1, first],
      ['message-tampered', 0, { ...first, key: Buffer.from('other') }],
      ['message-tampered', 0, { value: first.value, headers: first.headers }],
      ['message-tampered', 0, { ...first, value: second.value }],
      ['message-tampered', 0, { ...first, headers: second.headers }],
      // In the time, the nonce, the ciphertext and the signature.
      ...[12, 50, Math.floor(first.value.length / 2), first.value.length - 1].map(
        (at): [string, number, Partial<ForeignMessage>] => ['message-tampered', 1, flipped(at)],
      ),
      ['message-malformed', 0, { ...first, headers: [] }],
      ...['x-sdp-event-id', 'x-sdp-schema', 'x-sdp-tenant'].map((name): [string, number, Partial<ForeignMessage>] => [
        ...(['message-malformed', 0] as const),
        { ...first, headers: first.headers.filter(([each]) => each !== name) },
      ]),
      ['message-tampered', 0, changed('x-sdp-event-id', randomUUID())],
      ['message-tampered', 0, changed('x-sdp-tenant', 'other')],
      ['message-tampered', 0, changed('x-sdp-schema', 'counted.v2')],
      ['message-tampered', 0, { ...first, headers: [...first.headers, ['x-sdp-replay-of', 'old']] }],
      ['message-malformed', 0, { ...first, value: first.value.subarray(0, -1) }],
      ['message-malformed', 0, { ...first, value: Buffer.concat([first.value, Buffer.from([0])]) }],
    ];
    for (const [, partition, message] of attempts) kcat.produce(topic, partition, message);
    kcat.produce(other, 0, first);
    await (await connectedProducer(bus)).sendMessage(topic, { key: 'k', contract: countedContract, payload: { n: 3 } });
    await eventually('all are refused', () => running.letters.length === attempts.length && there.letters.length === 1);
    await eventually('the next genuine one is handled', () => running.handled.length === 3);
    expect(running.handled.map(({ payload }) => payload.n)).toEqual([1, 2, 3]);
    expect([there.handled, there.letters]).toEqual([[], ['message-tampered']]);

    const letters = kcat.consume(`${topic}.dlq`, 0);
    const told = (reason: string, { key, value = Buffer.alloc(0) }: Partial<ForeignMessage>) =>
      `${reason} ${key?.toString() ?? ''} ${value.toString('base64')}`;
    const reasonOf = ({ headers }: ForeignMessage) =>
      headers.find(([name]) => name === 'x-sdp-dead-letter-code')?.[1] ?? 'none';
    expect(letters.map((letter) => told(reasonOf(letter), letter)).toSorted()).toEqual(
      attempts.map(([reason, , message]) => told(reason, message)).toSorted(),
    );
    expect(kcat.consume(`${other}.dlq`, 0).map(reasonOf)).toEqual(['message-tampered']);
  });
});
