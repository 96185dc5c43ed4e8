import type { RecordsBatch } from '@platformatic/kafka';
import { describe, expect, it } from 'vitest';
import { messagesOf } from '../../src/bus/kafka/fetched-messages.ts';

const transactional = 0x10;
const control = 0x20;

/** What the broker sends of one partition: batches of a producer, one behind the other. */
function batch(firstOffset: number, count: number, producerId: number, attributes: number, key?: Buffer): RecordsBatch {
  return {
    firstOffset: BigInt(firstOffset),
    lastOffsetDelta: count - 1,
    producerId: BigInt(producerId),
    attributes,
    firstTimestamp: 0n,
    maxTimestamp: 0n,
    records: Array.from({ length: count }, (_, offsetDelta) => ({
      ...{ offsetDelta, timestampDelta: 0n, key: key ?? Buffer.from('k'), value: Buffer.from('v'), headers: [] },
    })),
  } as unknown as RecordsBatch;
}
const data = (first: number, count: number, producerId: number) => batch(first, count, producerId, transactional);
const marker = (offset: number, producerId: number, kind: 'abort' | 'commit') =>
  batch(offset, 1, producerId, transactional | control, Buffer.from([0, 0, 0, kind === 'abort' ? 0 : 1]));
const plain = (first: number, count: number) => batch(first, count, -1, 0);
const offsetsOf = (batches: RecordsBatch[], aborted: [number, number][], from = 0) => {
  const named = aborted.map(([producerId, first]) => ({ producerId: BigInt(producerId), firstOffset: BigInt(first) }));
  const { messages, position } = messagesOf('t', 0, BigInt(from), batches, named);
  return { offsets: messages.map(({ offset }) => Number(offset)), position: Number(position) };
};

describe('what was fetched from Kafka', () => {
  it('is without control records and what was read before, and goes on behind them', () => {
    const batches = [data(0, 3, 7), marker(3, 7, 'commit'), plain(4, 2)];
    expect(offsetsOf(batches, [], 1)).toEqual({ offsets: [1, 2, 4, 5], position: 6 });
    expect(offsetsOf([data(0, 1, 7), marker(1, 7, 'commit')], [])).toEqual({ offsets: [0], position: 2 });
  });

  it('is without aborted transactions, several of one producer among those of others', () => {
    const batches = [
      data(0, 2, 7),
      data(2, 1, 8),
      marker(3, 7, 'abort'),
      data(4, 1, 7),
      marker(5, 8, 'commit'),
      marker(6, 7, 'commit'),
      data(7, 2, 7),
      plain(9, 1),
      marker(10, 7, 'abort'),
      data(11, 1, 7),
      marker(12, 7, 'commit'),
    ];
    expect(
      offsetsOf(batches, [
        [7, 7],
        [7, 0],
      ]),
    ).toEqual({ offsets: [2, 4, 9, 11], position: 13 });
  });

  it('is without one whose abort marker has yet to be fetched', () => {
    expect(
      offsetsOf(
        [data(0, 1, 7), marker(1, 7, 'abort'), data(2, 3, 7)],
        [
          [7, 0],
          [7, 2],
        ],
      ),
    ).toEqual({ offsets: [], position: 5 });
  });
});
