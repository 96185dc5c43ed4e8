import type { BusMessage } from '@sdp/shared/messaging';
import { describe, expect, it } from 'vitest';
import { type ChainHead, standAt, takeFresh } from '../../src/backup/chain-rules.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 10, 22, 0, 0, seconds));
const head: ChainHead = {
  ...{ bus: 'kafka', generation: 1, sequence: 7, mac: 'f'.repeat(64), lastAt: at(30) },
  ...{ fromOffset: 100n, nextOffset: 150n },
};
const message = (offset: bigint, seconds: number): BusMessage => ({
  ...{ topic: 'logs', partition: 0, offset, key: 'k', headers: {}, value: Buffer.alloc(1), timestamp: at(seconds) },
});
const offsets = (messages: readonly BusMessage[]) => messages.map(({ offset }) => Number(offset));

describe('where the backup of a partition goes on', () => {
  it('begins where the group stands, when nothing is kept', () => {
    expect(standAt(undefined, 'kafka', 40n)).toMatchObject({
      standing: { generation: 1, from: 40n },
      break: { kind: 'none' },
    });
  });

  it('leaves out what an object holds whose offsets were not stored any more', () => {
    const { standing, break: found } = standAt(head, 'kafka', 100n);
    expect(found.kind).toBe('none');
    const taken = takeFresh(standing, [message(148n, 29), message(149n, 30), message(150n, 31), message(151n, 30)]);
    expect([offsets(taken.fresh), taken.standing.generation, taken.standing.from]).toEqual([[150, 151], 1, 150n]);
  });

  it('says what the log no longer has', () => {
    expect(standAt(head, 'kafka', 155n)).toMatchObject({
      standing: { from: 155n, generation: 1 },
      break: { kind: 'lost', messages: 5n },
    });
  });

  it.each([
    ['another bus', standAt(head, 'embedded', 120n)],
    ['further back than one object', standAt(head, 'kafka', 99n)],
  ])('keeps all of a log that is another one, or is read again: %s', (_, { standing, break: found }) => {
    expect(found.kind).toBe('anew');
    const taken = takeFresh(standing, [message(standing.from, 1), message(standing.from + 1n, 2)]);
    expect([taken.fresh.length, taken.standing.generation]).toEqual([2, 2]);
  });

  it('knows another log by times that the kept messages never had', () => {
    const { standing } = standAt(head, 'kafka', 100n);
    const taken = takeFresh(standing, [message(100n, 40), message(101n, 41)]);
    expect([offsets(taken.fresh), taken.standing.generation, taken.standing.from]).toEqual([[100, 101], 2, 100n]);
  });
});
