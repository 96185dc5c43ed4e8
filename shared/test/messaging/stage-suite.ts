import { randomUUID } from 'node:crypto';
import { UnavailableError } from '@sdp/shared/errors';
import {
  type BusMessage,
  deadLetterTopic,
  type OutgoingMessage,
  readTrace,
  resealDeadLetter,
  SecurityManager,
  type StageBus,
} from '@sdp/shared/messaging';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { partitionOf } from '../../../server/src/bus/partitioner.ts';
import { eventually } from '../../../server/test/bus/eventually.ts';
import { attacksOn } from './support/attacks.ts';
import { passOn, runningStage } from './support/running-stage.ts';
import { connectedProducer, countedContract, runningConsumer, sampleRing } from './support/secure-pair.ts';

const events = (count: number, from = 0, keys = 5) =>
  Array.from({ length: count }, (_, i) => ({
    key: `key-${(from + i) % keys}`,
    contract: countedContract,
    payload: { n: from + i },
    eventId: `event-${from + i}`,
  }));
const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);
const asSent = ({ key, value, headers }: BusMessage): OutgoingMessage => ({ key, value, headers });

/** What a secure stage has to do on any bus that runs stages. */
export function testSecureStage(
  name: string,
  start: () => Promise<{ readonly bus: StageBus; stop(): Promise<void> }>,
): void {
  describe(name, () => {
    let under: Awaited<ReturnType<typeof start>>;
    let bus: StageBus;
    let topic: string;
    let next: string;
    let opened: { close(): Promise<void> }[] = [];

    beforeAll(async () => {
      under = await start();
      bus = under.bus;
    }, 240_000);
    afterAll(() => under?.stop());
    afterEach(async () => {
      for (const one of opened.reverse()) await one.close();
      opened = [];
    });

    const freshTopics = async (partitions = 3) => {
      topic = `test.${randomUUID()}`;
      next = `${topic}.next`;
      await bus.ensureTopic(topic, partitions);
      await bus.ensureTopic(next, partitions);
    };
    const runStage = async (more?: Parameters<typeof runningStage>[2]) => {
      // As the server runs them: each bus puts a message where its key leads.
      const running = await runningStage(bus, topic, { ...more, options: { partitionOf, ...more?.options } });
      opened.push(running.stage);
      return running;
    };
    const consume = async (of: string) => {
      const running = await runningConsumer(bus, of);
      opened.push(running.consumer);
      return running;
    };
    const read = async (of: string, count: number) => {
      const seen: BusMessage[] = [];
      const handler = async ({ message }: { message: BusMessage }) => void seen.push(message);
      const reader = await bus.consume({ topic: of, group: randomUUID(), handler });
      await eventually('the log is read', () => seen.length >= count);
      await reader.close();
      return seen;
    };
    const isSettled = async () => (await bus.lag(topic, `stage.${topic}`)).every(({ lag }) => lag === 0n);

    it('hands batches over in order per key and sends on, sealed, what follows from them', async () => {
      await freshTopics();
      const producer = await connectedProducer(bus);
      const trace = readTrace({ traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' });
      await producer.sendBatch(
        topic,
        events(60).map((event) => ({ ...event, ...(trace && { trace }) })),
      );
      const running = await runStage({ plan: { handle: async (messages) => passOn(next)(messages) } });
      const receiver = await consume(next);
      await eventually('all went on', () => receiver.handled.length === 60);
      expect(sorted(running.handled())).toEqual(upTo(60));
      for (const key of upTo(5)) {
        const own = running.batches.flat().filter((message) => message.key === `key-${key}`);
        expect(own.map(({ payload }) => payload.n)).toEqual(sorted(own.map(({ payload }) => payload.n)));
      }
      expect(running.batches[0]?.[0]).toMatchObject({ tenant: 'acme', party: 'us', schemaId: 'counted.v1' });
      const [one] = receiver.handled;
      expect(one?.eventId).toBe(`event-${one?.payload.n}:next`);
      expect(one?.trace.traceId).toBe(trace?.traceId);
      await eventually('all are settled', isSettled);
      expect(running.counts.get('received')).toBe(60);
      expect(running.counts.get('sent')).toBe(60);
      for (const action of ['received', 'sent']) {
        expect(running.audit.filter((line) => line.action === action)).toHaveLength(60);
      }
    });

    it('refuses whatever a stranger puts there, and goes on with what is genuine', async () => {
      await freshTopics(1);
      const producer = await connectedProducer(bus);
      await producer.sendBatch(topic, events(2));
      const [first, second] = (await read(topic, 2)).map(asSent) as [OutgoingMessage, OutgoingMessage];
      const attacks = await attacksOn(topic, first, second);
      for (const [, message] of attacks) await bus.publish(topic, [message]);
      await producer.sendMessage(topic, { key: 'last', contract: countedContract, payload: { n: 2 } });
      const running = await runStage();
      await eventually('the last one is handled', () => running.handled().includes(2));
      const letters = await read(deadLetterTopic(topic), attacks.length);
      expect(sorted(running.handled())).toEqual([0, 1, 2]);
      const codes = attacks.map(([code]) => code).toSorted();
      expect(running.letters.toSorted()).toEqual(codes);
      for (const [code, message] of attacks) {
        const isIt = (letter: BusMessage) =>
          letter.key === message.key && Buffer.from(letter.value).equals(Buffer.from(message.value));
        expect(letters.filter(isIt).map((letter) => letter.headers['x-sdp-dead-letter-code'])).toContain(code);
      }
      const refused = running.audit.filter(({ action }) => action === 'refused');
      expect(refused.map(({ code }) => code).toSorted()).toEqual(codes);
      expect(running.counts.get('refused message-tampered')).toBe(7);
      expect(refused.every(({ eventId, tenant }) => eventId === undefined && tenant === undefined)).toBe(true);
      await eventually('all are settled', isSettled);
    });

    it('gives a copy no effect, in a batch, after it and after a restart, and takes no other content under a used id', async () => {
      await freshTopics(1);
      const producer = await connectedProducer(bus);
      const [event] = events(1);
      await producer.sendMessage(topic, event as never);
      const [message] = (await read(topic, 1)).map(asSent);
      await bus.publish(topic, [message as OutgoingMessage]);
      const first = await runStage();
      await eventually('the copy in the batch is noticed', () => first.counts.get('repeated') === 1);
      await producer.sendMessage(topic, event as never); // sealed anew
      await eventually('the later one is noticed', () => first.counts.get('repeated') === 2);
      await first.stage.close();
      const second = await runStage();
      await bus.publish(topic, [message as OutgoingMessage]);
      await producer.sendMessage(topic, { ...event, payload: { n: 1 } } as never);
      await producer.sendMessage(topic, events(1, 7)[0] as never);
      await eventually('the new one is handled', () => second.handled().length > 0);
      expect(first.handled()).toEqual([0]);
      expect(second.handled()).toEqual([7]);
      expect(second.letters).toEqual(['message-id-reused']);
      expect(second.counts.get('repeated')).toBe(1);
    });

    it('finds the one message whose handling fails, lets the others pass, and lets an operator replay it', async () => {
      await freshTopics(1);
      const producer = await connectedProducer(bus);
      await producer.sendBatch(topic, events(40));
      let isBroken = true;
      const running = await runStage({
        plan: {
          handle: async (messages) => {
            if (isBroken && messages.some(({ payload }) => payload.n === 13)) throw new Error('no');
            return passOn(next)(messages);
          },
        },
      });
      const receiver = await consume(next);
      await eventually('the others went on', () => receiver.handled.length === 39);
      const [letter] = await read(deadLetterTopic(topic), 1);
      expect(running.letters).toEqual(['internal']);
      expect(letter?.headers).toMatchObject({ 'x-sdp-event-id': 'event-13', 'x-sdp-dead-letter-attempts': '3' });
      for (const key of upTo(5)) {
        const own = receiver.handled.filter((message) => message.key === `key-${key}`).map(({ payload }) => payload.n);
        expect(own).toEqual(sorted(own));
      }
      expect(running.audit.filter(({ action }) => action === 'failed').map(({ eventId }) => eventId)).toEqual([
        'event-13',
      ]);
      isBroken = false;
      // Also by another worker, which knows the log alone.
      await running.stage.close();
      const after = await runStage({ plan: { handle: async (messages) => passOn(next)(messages) } });
      const { message } = await resealDeadLetter(new SecurityManager({ keys: sampleRing() }), letter as BusMessage);
      await bus.publish(topic, [message]);
      await eventually('it went on', () => receiver.handled.length === 40);
      expect(after.batches.flat().map(({ replayOf }) => replayOf)).toEqual(['event-13']);
      // An operator may well press twice.
      const { message: again } = await resealDeadLetter(
        new SecurityManager({ keys: sampleRing() }),
        letter as BusMessage,
      );
      await bus.publish(topic, [again]);
      await eventually('the second time is noticed', () => after.counts.get('repeated') === 1);
    });

    it('sends no event that does not fit its contract: the message is at fault that it follows from', async () => {
      await freshTopics(1);
      const producer = await connectedProducer(bus);
      await producer.sendBatch(topic, events(10));
      const running = await runStage({
        plan: {
          handle: async (messages) =>
            passOn(next)(
              messages.map((message) => ({
                ...message,
                payload: { n: message.payload.n === 4 ? 0.5 : message.payload.n },
              })),
            ),
        },
      });
      const receiver = await consume(next);
      await eventually('the others went on', () => receiver.handled.length === 9);
      expect(running.letters).toEqual(['message-invalid']);
    });

    it('waits out what its handler needs', async () => {
      await freshTopics(1);
      const producer = await connectedProducer(bus);
      await producer.sendBatch(topic, events(5));
      let failures = 0;
      const running = await runStage({
        plan: {
          handle: async (messages) => {
            if (failures++ < 3) throw new UnavailableError('database-unavailable');
            return passOn(next)(messages);
          },
        },
      });
      await eventually('it says that it waits', () => running.stage.health().status === 'degraded');
      const receiver = await consume(next);
      await eventually('all went on', () => receiver.handled.length === 5);
      expect(running.letters).toEqual([]);
      expect(running.stage.health().status).toBe('ok');
    });

    it('puts messages that its handler gives up into the dead letters, their copies with them', async () => {
      await freshTopics(1);
      const producer = await connectedProducer(bus);
      await producer.sendBatch(topic, [...events(3), ...events(1, 1)]);
      const running = await runStage({
        plan: {
          handle: async (messages) => ({
            ...passOn(next)(messages.filter(({ payload }) => payload.n !== 1)),
            failed: messages
              .filter(({ payload }) => payload.n === 1)
              .map((message) => ({ message, code: 'batch-unprocessable' as const })),
          }),
        },
      });
      const receiver = await consume(next);
      await eventually('the others went on', () => receiver.handled.length === 2);
      expect(running.letters).toEqual(['batch-unprocessable', 'batch-unprocessable']);
    });

    it('rebuilds state from what was settled before a partition’s first message, refused ones left out', async () => {
      await freshTopics(1);
      const producer = await connectedProducer(bus);
      await producer.sendBatch(topic, events(7));
      await bus.publish(topic, [{ key: 'k', value: Buffer.from('{"n":99}') }]);
      const first = await runStage();
      await eventually('all are settled', isSettled);
      await first.stage.close();
      const seen: string[] = [];
      const second = await runStage({
        plan: {
          restore: async (partition, nextOffset, settled) => {
            seen.push(`restore ${partition} ${nextOffset}`);
            for await (const messages of settled(2n)) seen.push(...messages.map(({ payload }) => String(payload.n)));
          },
          handle: async (messages) => {
            seen.push(...messages.map(({ payload }) => `handle ${payload.n}`));
            return {};
          },
          drop: (partition) => void seen.push(`drop ${partition}`),
        },
      });
      await producer.sendMessage(topic, events(1, 9)[0] as never);
      await eventually('the new one is handled', () => second.handled().length === 1);
      expect(seen).toEqual(['restore 0 8', '2', '3', '4', '5', '6', 'handle 9']);
      await second.stage.close();
      expect(seen.at(-1)).toBe('drop 0');
    });
  });
}
