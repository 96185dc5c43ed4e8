import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type EventEntry, EventTable } from '../../../src/messaging/consumer/event-table.ts';

type Step =
  | {
      readonly kind: 'put';
      readonly id: number;
      readonly partition: number;
      readonly sealedAt: number;
      readonly isPresumed: boolean;
    }
  | { readonly kind: 'shift'; readonly partition: number };

const digestOf = (id: number) => createHash('sha256').update(`${id}`).digest('hex');
const partition = fc.nat(2);
const steps = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('put' as const),
        id: fc.nat(400),
        partition,
        sealedAt: fc.nat(1_000),
        isPresumed: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('shift' as const), partition }) },
  ),
  { maxLength: 600, size: 'max' },
);

/** The same in plain collections. */
class Model {
  readonly entries = new Map<number, { partition: number; sealedAt: number; isPresumed: boolean; offset: bigint }>();
  readonly queues: number[][] = [[], [], []];

  apply(step: Step, at: number): void {
    if (step.kind === 'shift') {
      const id = this.queues[step.partition]?.shift();
      if (id !== undefined) this.entries.delete(id);
      return;
    }
    const known = this.entries.get(step.id);
    if (known !== undefined) {
      known.sealedAt = Math.max(known.sealedAt, step.sealedAt);
      known.isPresumed &&= step.isPresumed;
      return;
    }
    const { sealedAt, isPresumed } = step;
    this.entries.set(step.id, { partition: step.partition, sealedAt, isPresumed, offset: BigInt(at) });
    this.queues[step.partition]?.push(step.id);
  }
}

function apply(table: EventTable, step: Step, at: number): void {
  if (step.kind === 'shift') return void table.shift(step.partition);
  table.put(`acme ${step.id}`, { ...step, digest: digestOf(step.id), offset: BigInt(at) });
}

test('keeps what a map and queues would', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const [table, model] = [new EventTable(), new Model()];
      for (const [at, step] of all.entries()) {
        apply(table, step, at);
        model.apply(step, at);
      }
      for (let id = 0; id <= 400; id++) {
        const known = model.entries.get(id);
        const expected: EventEntry | undefined = known && { ...known, digest: digestOf(id).slice(0, 32) };
        expect(table.get(`acme ${id}`)).toEqual(expected);
      }
      expect(table.size).toBe(model.entries.size);
      for (const [each, queue] of model.queues.entries()) {
        expect(table.length(each)).toBe(queue.length);
        expect(table.oldest(each)).toBe(queue[0] === undefined ? undefined : model.entries.get(queue[0])?.sealedAt);
      }
    }),
    { numRuns: 60 },
  );
});

test('grows, and forgets the first ones as new ones come, for as long as it likes', () => {
  const table = new EventTable();
  const put = (n: number) =>
    table.put(`acme ${n}`, {
      digest: digestOf(n),
      partition: n % 6,
      offset: BigInt(n),
      sealedAt: n,
      isPresumed: false,
    });
  for (let n = 0; n < 5_000; n++) put(n);
  for (let n = 5_000; n < 30_000; n++) {
    table.shift(n % 6);
    put(n);
  }
  expect(table.size).toBe(5_000);
  for (let n = 0; n < 24_990; n += 7) expect(table.get(`acme ${n}`), `${n}`).toBeUndefined();
  for (let n = 25_010; n < 30_000; n += 7) expect(table.get(`acme ${n}`)?.offset).toBe(BigInt(n));
});
