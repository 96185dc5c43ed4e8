import { randomUUID } from 'node:crypto';
import { UnavailableError } from '@sdp/shared/errors';
import {
  type BusMessage,
  type BusPort,
  deadLetterTopic,
  type OutgoingMessage,
  readTrace,
  resealDeadLetter,
  SecurityManager,
} from '@sdp/shared/messaging';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../server/test/bus/eventually.ts';
import { attacksOn } from './support/attacks.ts';
import {
  type Counted,
  connectedProducer,
  countedContract,
  type RunningConsumer,
  runningConsumer,
  sampleRing,
} from './support/secure-pair.ts';

const events = (count: number, from = 0, keys = 5) =>
  Array.from({ length: count }, (_, i) => ({
    key: `key-${(from + i) % keys}`,
    contract: countedContract,
    payload: { n: from + i },
  }));
const numbers = ({ handled }: RunningConsumer) => handled.map(({ payload }) => payload.n).toSorted((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

/** What secure producer and consumer have to do on any bus. */
export function testSecureMessaging(
  name: string,
  start: () => Promise<{ readonly bus: BusPort; stop(): Promise<void> }>,
): void {
  describe(name, () => {
    let under: Awaited<ReturnType<typeof start>>;
    let bus: BusPort;
    let topic: string;
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

    const freshTopic = async (partitions = 3) => {
      topic = `test.${randomUUID()}`;
      await bus.ensureTopic(topic, partitions);
    };
    const consume = async (more?: Parameters<typeof runningConsumer>[2]) => {
      const running = await runningConsumer(bus, topic, more);
      opened.push(running.consumer);
      return running;
    };
    const lettersOf = async () => {
      const letters: BusMessage[] = [];
      const handler = async ({ message }: { message: BusMessage }) => void letters.push(message);
      opened.push(await bus.consume({ topic: deadLetterTopic(topic), group: `letters.${topic}`, handler }));
      return letters;
    };
    /** What is in the topic as it lies there, for whoever reads the broker. */
    const recordOf = async (count: number) => {
      const seen: BusMessage[] = [];
      const reader = await bus.consume({
        topic,
        group: randomUUID(),
        handler: async ({ message }) => void seen.push(message),
      });
      await eventually('the log is read', () => seen.length >= count);
      await reader.close();
      return seen;
    };
    const asSent = ({ key, value, headers }: BusMessage): OutgoingMessage => ({ key, value, headers });

    it('delivers what was sent to the handler, in order per key, and shows nothing of it on the bus', async () => {
      await freshTopic();
      const producer = await connectedProducer(bus);
      const secret = 'a secret note';
      await producer.sendMessage(topic, { key: 'key-0', contract: countedContract, payload: { n: 0, note: secret } });
      await producer.sendBatch(topic, events(29, 1));
      const running = await consume();
      await eventually('all are handled', () => running.handled.length >= 30);
      expect(numbers(running)).toEqual(upTo(30));
      for (const key of upTo(5)) {
        const own = running.handled.filter((message) => message.key === `key-${key}`).map(({ payload }) => payload.n);
        expect(own).toEqual(own.toSorted((a, b) => a - b));
      }
      expect(running.handled[0]).toMatchObject({ tenant: 'acme', party: 'us', schemaId: 'counted.v1', attempt: 1 });
      expect(running.counts.get('received')).toBe(30);
      expect(running.audit.filter(({ action }) => action === 'received')).toHaveLength(30);
      for (const { value, headers } of await recordOf(30)) {
        expect(Buffer.from(value).includes(secret)).toBe(false);
        expect(JSON.stringify(headers)).not.toContain(secret);
      }
    });

    it('refuses whatever a stranger puts there, and goes on with what is genuine', async () => {
      await freshTopic(1);
      const producer = await connectedProducer(bus);
      await producer.sendBatch(topic, events(2));
      const [first, second] = (await recordOf(2)).map(asSent) as [OutgoingMessage, OutgoingMessage];
      const attacks = await attacksOn(topic, first, second);
      for (const [, message] of attacks) await bus.publish(topic, [message]);
      await producer.sendMessage(topic, { key: 'last', contract: countedContract, payload: { n: 2 } });
      const running = await consume();
      const letters = await lettersOf();
      await eventually('the last one is handled', () => numbers(running).includes(2));
      await eventually('all others are dead letters', () => letters.length >= attacks.length);
      expect(numbers(running)).toEqual([0, 1, 2]);
      expect(running.letters.toSorted()).toEqual(attacks.map(([code]) => code).toSorted());
      // Each as it was, with its reason.
      for (const [code, message] of attacks) {
        const isIt = (letter: BusMessage) =>
          letter.key === message.key && Buffer.from(letter.value).equals(Buffer.from(message.value));
        const codes = letters.filter(isIt).map((letter) => letter.headers['x-sdp-dead-letter-code']);
        expect(codes).toContain(code);
      }
      const refused = running.audit.filter(({ action }) => action === 'refused');
      expect(refused.map(({ code }) => code).toSorted()).toEqual(attacks.map(([code]) => code).toSorted());
      expect(running.counts.get('refused message-tampered')).toBe(7);
      // Nobody vouches for what such a message says of itself.
      expect(refused.every(({ eventId, tenant }) => eventId === undefined && tenant === undefined)).toBe(true);
    });

    it('refuses what was made for another topic', async () => {
      await freshTopic(1);
      const producer = await connectedProducer(bus);
      await producer.sendBatch(topic, events(1));
      const [message] = (await recordOf(1)).map(asSent);
      await freshTopic(1);
      const running = await consume();
      await bus.publish(topic, [message as OutgoingMessage]);
      await eventually('it is a dead letter', () => running.letters.length === 1);
      expect(running.letters).toEqual(['message-tampered']);
      expect(running.handled).toEqual([]);
    });

    it('gives a copy no effect, and takes no other content under an id that was used', async () => {
      await freshTopic();
      const producer = await connectedProducer(bus);
      const event = { key: 'k', contract: countedContract, payload: { n: 0 }, eventId: 'event-1' };
      await producer.sendMessage(topic, event);
      const [message] = (await recordOf(1)).map(asSent);
      const running = await consume();
      await eventually('the first is handled', () => running.handled.length === 1);
      await bus.publish(topic, [message as OutgoingMessage]); // byte for byte
      await producer.sendMessage(topic, event); // sealed anew
      await eventually('both are noticed', () => running.counts.get('repeated') === 2);
      await producer.sendMessage(topic, { ...event, payload: { n: 1 } });
      await eventually('the reused id is refused', () => running.letters.length === 1);
      expect(running.letters).toEqual(['message-id-reused']);
      expect(numbers(running)).toEqual([0]);
      expect(running.audit.filter(({ action }) => action === 'repeated')).toHaveLength(2);
    });

    it('holds up only the key whose handler always fails, and lets an operator replay its dead letters', async () => {
      await freshTopic(1);
      const producer = await connectedProducer(bus);
      await producer.sendBatch(topic, events(20, 0, 5));
      let isBroken = true;
      const handler = async ({ key }: { key: string }) => {
        if (key === 'key-3' && isBroken) throw new Error('no');
      };
      const running = await consume({
        handler,
        consume: { retry: { maxAttempts: 3, initialDelayMs: 50, maxDelayMs: 100 } },
      });
      const letters = await lettersOf();
      await eventually('the others are handled', () => running.handled.length === 16);
      await eventually('its own are dead letters', () => letters.length === 4);
      expect(running.audit.filter(({ action }) => action === 'failed')).toHaveLength(4);
      isBroken = false;
      const security = new SecurityManager({ keys: sampleRing() });
      for (const letter of letters) {
        // An operator may well press twice.
        for (let time = 0; time < 2; time++) {
          const { topic: to, message } = await resealDeadLetter(security, letter);
          expect(to).toBe(topic);
          await bus.publish(to, [message]);
        }
      }
      await eventually('they are handled', () => running.handled.length === 20);
      await eventually('and once only', () => running.counts.get('repeated') === 4);
      expect(numbers(running)).toEqual(upTo(20));
      const replays = running.handled.filter(({ replayOf }) => replayOf !== undefined);
      expect(replays.map(({ replayOf }) => replayOf).toSorted()).toEqual(
        letters.map((each) => each.headers['x-sdp-event-id']).toSorted(),
      );
    });

    it('sends many small ones of one key at once', async () => {
      await freshTopic(1);
      const producer = await connectedProducer(bus);
      await producer.sendBatch(topic, events(6_000, 0, 1));
      const running = await consume();
      await eventually('all are handled', () => running.handled.length === 6_000);
      expect(running.handled.every(({ payload }, i) => payload.n === i)).toBe(true);
    });

    it('waits out what its handler needs, using up no attempt', async () => {
      await freshTopic(1);
      const producer = await connectedProducer(bus);
      await producer.sendBatch(topic, events(5));
      let failures = 0;
      const handler = async () => {
        if (failures++ < 30) throw new UnavailableError('database-unavailable');
      };
      const running = await consume({ handler, guard: { breaker: { failures: 3, openMs: 5 } } });
      await eventually('all are handled', () => running.handled.length === 5);
      expect(running.letters).toEqual([]);
    });

    it('carries a trace from hop to hop', async () => {
      await freshTopic(1);
      const producer = await connectedProducer(bus);
      const trace = readTrace({
        traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        tracestate: 'a=1',
      });
      await producer.sendMessage(topic, {
        ...(events(1)[0] as { key: string; contract: typeof countedContract; payload: Counted }),
        ...(trace && { trace }),
      });
      const running = await consume();
      await eventually('it is handled', () => running.handled.length === 1);
      expect(running.handled[0]?.trace).toMatchObject({ traceId: trace?.traceId, isSampled: true, state: 'a=1' });
      expect(running.handled[0]?.trace.spanId).not.toBe(trace?.spanId);
    });
  });
}
