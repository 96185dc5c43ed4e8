import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { UnavailableError } from '@sdp/shared/errors';
import type { BusMessage, BusPort, ConsumeOptions, MessageHandler, OutgoingMessage } from '@sdp/shared/messaging';
import { PoisonError } from '@sdp/shared/messaging';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTcpProxy, type TcpProxy } from '../../../test/support/tcp-proxy.ts';
import { createPool, type Pool } from '../../src/database/index.ts';
import { assertContiguousIds, assertNoDuplicateIds } from './assert-ids.ts';
import { type BusAddress, declaredDeadMs, openBus } from './bus-address.ts';
import type { Doom } from './doomed-process.ts';
import { applyEffect, createEffectTables, effectsOf, type FaultPoint } from './effects.ts';
import { eventually, gate } from './eventually.ts';

export interface BusUnderTest {
  readonly address: BusAddress;
  /** Database for the effects of handlers. */
  readonly effectsDsn: string;
  /** Where a proxy goes and how the bus is reached through it; undefined when that broker can't be led through one. */
  readonly throughProxy?: {
    readonly target: number;
    readonly listen: number;
    address(port: number): BusAddress;
  };
}

const quickRetry = { maxAttempts: 3, initialDelayMs: 5, maxDelayMs: 20 };
const partitions = 4;

/** What every implementation of the bus port has to do. */
export function testBusContract(name: string, start: () => Promise<BusUnderTest & { stop(): Promise<void> }>): void {
  describe(name, () => {
    let under: Awaited<ReturnType<typeof start>>;
    let bus: BusPort;
    let effects: Pool;
    let topic: string;
    let opened: { close(): Promise<void> }[] = [];

    beforeAll(async () => {
      under = await start();
      bus = openBus(under.address);
      effects = createPool({ dsn: under.effectsDsn, applicationName: 'sdp-test-effects' });
      await createEffectTables(effects);
    }, 240_000);

    afterAll(async () => {
      await bus?.close();
      await effects?.end();
      await under?.stop();
    });

    afterEach(async () => {
      for (const one of opened.reverse()) await one.close();
      opened = [];
    });

    const freshTopic = async (count = partitions) => {
      topic = `test.${randomUUID()}`;
      await bus.ensureTopic(topic, count);
    };
    /** A bus of its own, as another process has. */
    const anotherBus = (address = under.address): BusPort => {
      const other = openBus(address);
      opened.push(other);
      return other;
    };
    const consume = async (handler: MessageHandler, options: Partial<ConsumeOptions> = {}, on: BusPort = bus) => {
      const consumer = await on.consume({ topic, group: 'group', retry: quickRetry, handler, ...options });
      opened.push(consumer);
      return consumer;
    };
    const collect = async (options: Partial<ConsumeOptions> = {}, on: BusPort = bus) => {
      const messages: BusMessage[] = [];
      await consume(async ({ message }) => void messages.push(message), options, on);
      return messages;
    };

    it('delivers what was published, byte for byte, with offsets from 0', async () => {
      await freshTopic(1);
      const value = Uint8Array.from({ length: 256 }, (_, i) => i);
      const headers = { plain: 'text', 'with-ümlaut': '日本 "quoted" \u0000', empty: '' };
      await bus.publish(topic, [
        { key: 'a', value, headers },
        { key: 'ключ', value: new Uint8Array() },
      ]);
      await bus.publish(topic, []);
      const messages = await collect();
      await eventually('both arrive', () => messages.length === 2);
      expect(messages.map(({ key, offset, topic: of, partition }) => ({ key, offset, of, partition }))).toEqual([
        { key: 'a', offset: 0n, of: topic, partition: 0 },
        { key: 'ключ', offset: 1n, of: topic, partition: 0 },
      ]);
      expect([...(messages[0]?.value ?? [])]).toEqual([...value]);
      expect(messages[0]?.headers).toEqual(headers);
      expect(messages[1]?.headers).toEqual({});
      expect(messages[1]?.value).toHaveLength(0);
      expect(messages[0]?.timestamp).toBeInstanceOf(Date);
    });

    it('keeps the order per key, also while one key is being retried and others go on', async () => {
      await freshTopic();
      const keys = Array.from({ length: 8 }, (_, k) => `key-${k}`);
      const perKey = 25;
      // Calls that run at once, as requests do.
      await Promise.all(
        keys.map(async (key) => {
          for (let from = 0; from < perKey; from += 5)
            await bus.publish(
              topic,
              numbered(5, from, () => key),
            );
        }),
      );
      const seen = new Map<string, number[]>(keys.map((key) => [key, []]));
      let failures = 0;
      await consume(async ({ message }) => {
        if (message.key === 'key-3' && idOf(message) === 7 && failures++ < 2) throw new Error('not yet');
        seen.get(message.key)?.push(idOf(message));
      });
      await eventually('all are handled', () => [...seen.values()].every((ids) => ids.length >= perKey));
      for (const ids of seen.values()) expect(ids).toEqual(Array.from({ length: perKey }, (_, i) => i));
      expect(failures).toBe(3);
    });

    it('does not let a slow partition hold up the others', async () => {
      await freshTopic();
      const release = gate();
      const handled: number[] = [];
      await bus.publish(topic, numbered(200));
      const blocked = { key: undefined as string | undefined };
      await consume(async ({ message }) => {
        blocked.key ??= message.key;
        if (message.key === blocked.key) await release.opened;
        handled.push(idOf(message));
      });
      // The blocked key's partition holds about a quarter of the messages.
      await eventually('the other partitions are done', () => handled.length > 100);
      release.open();
      await eventually('all are handled', () => handled.length === 200);
      assertNoDuplicateIds(handled);
    });

    it('shares the partitions within a group and shows every group all messages', async () => {
      await freshTopic();
      const other = anotherBus();
      const byMember: BusMessage[][] = [await collect(), await collect({}, other)];
      const secondGroup = await collect({ group: 'second' });
      const count = 120;
      // Both members must have got partitions before the messages come, or one could take them all.
      await eventually('both members work', async () => {
        await bus.publish(topic, numbered(20, 1_000));
        return byMember.every((messages) => messages.length > 0);
      });
      await bus.publish(topic, numbered(count));
      const ids = (messages: BusMessage[]) => messages.map(idOf).filter((id) => id < 1_000);
      await eventually('the second group has all', () => ids(secondGroup).length >= count);
      await eventually('the first group has all', () => ids(byMember.flat()).length >= count);
      assertNoDuplicateIds(ids(byMember.flat()));
      assertContiguousIds(ids(byMember.flat()), count);
      assertContiguousIds(ids(secondGroup), count);
    });

    it('starts a new group at the end when asked to', async () => {
      await freshTopic();
      await bus.publish(topic, numbered(10));
      const messages = await collect({ from: 'latest' });
      await eventually('a message that came later arrives', async () => {
        await bus.publish(topic, numbered(1, 10));
        return messages.length > 0;
      });
      expect(messages.map(idOf).filter((id) => id < 10)).toEqual([]);
    });

    it('retries with growing delay and then puts the original, unchanged, into the dead letters', async () => {
      await freshTopic();
      const value = Uint8Array.from([0, 255, 10, 13, 0]);
      await bus.publish(topic, [
        { key: 'bad', value, headers: { id: '0', 'content-type': 'x' } },
        ...numbered(10, 1, () => 'bad'),
      ]);
      const attempts: number[] = [];
      const reasons: unknown[] = [];
      const handled: number[] = [];
      await consume(
        async ({ message, attempt }) => {
          if (idOf(message) === 0) {
            attempts.push(attempt);
            throw new Error('secret cell value');
          }
          handled.push(idOf(message));
        },
        { onDeadLetter: async (message, reason) => void reasons.push({ id: idOf(message), ...reason }) },
      );
      const letters = await collect({ topic: `${topic}.dlq` });
      await eventually('the letter and all others arrive', () => letters.length === 1 && handled.length === 10);
      expect(attempts).toEqual([1, 2, 3]);
      expect(reasons).toEqual([{ id: 0, code: 'internal', attempts: 3 }]);
      const letter = letters[0];
      expect(letter?.key).toBe('bad');
      expect([...(letter?.value ?? [])]).toEqual([...value]);
      expect(letter?.headers).toMatchObject({
        id: '0',
        'content-type': 'x',
        'x-sdp-dead-letter-code': 'internal',
        'x-sdp-dead-letter-attempts': '3',
        'x-sdp-source-topic': topic,
        'x-sdp-source-partition': expect.stringMatching(/^\d+$/),
        'x-sdp-source-offset': '0',
      });
      expect(JSON.stringify(letter?.headers)).not.toContain('secret');
      expect(handled).toEqual(Array.from({ length: 10 }, (_, i) => i + 1));
    });

    it('sends poison to the dead letters at once, and retries an outage without end', async () => {
      await freshTopic(1);
      await bus.publish(topic, numbered(2));
      const attempts = [0, 0];
      await consume(async ({ message }) => {
        const id = idOf(message);
        attempts[id] = (attempts[id] ?? 0) + 1;
        if (id === 0) throw new PoisonError('message-tampered');
        if ((attempts[id] ?? 0) <= 2 * quickRetry.maxAttempts) throw new UnavailableError('database-unavailable');
      });
      const letters = await collect({ topic: `${topic}.dlq` });
      await eventually('the second message is handled', () => attempts[1] === 2 * quickRetry.maxAttempts + 1);
      await eventually('the first is a dead letter', () => letters.length === 1);
      expect(attempts[0]).toBe(1);
      expect(letters[0]?.headers['x-sdp-dead-letter-code']).toBe('message-tampered');
    });

    it('replays from a time, only while nobody consumes', async () => {
      await freshTopic();
      await bus.publish(topic, numbered(20));
      const first = await collect();
      await eventually('all arrive', () => first.length === 20);
      const middle = new Date(Math.max(...first.map(({ timestamp }) => timestamp.getTime())) + 1);
      await eventually('the clock has moved on', () => Date.now() > middle.getTime());
      await bus.publish(topic, numbered(20, 20));
      await eventually('the later ones arrive', () => first.length === 40);
      await expect(bus.replayFrom(topic, 'group', middle)).rejects.toMatchObject({ code: 'group-busy' });
      await opened.pop()?.close();
      await bus.replayFrom(topic, 'group', middle);
      const again = await collect();
      await eventually('the later ones come again', () => again.length >= 20);
      assertContiguousIds(
        again.map((message) => idOf(message) - 20),
        20,
      );
      await opened.pop()?.close();
      await bus.replayFrom(topic, 'group', new Date(0));
      expect(await totalLag(bus, topic, 'group')).toBe(40n);
      await bus.replayFrom(topic, 'group', new Date(Date.now() + 3_600_000));
      expect(await totalLag(bus, topic, 'group')).toBe(0n);
    });

    it('counts the lag of a group, also of one that has never been', async () => {
      await freshTopic();
      expect(await totalLag(bus, topic, 'group')).toBe(0n);
      await bus.publish(topic, numbered(30));
      expect((await bus.lag(topic, 'group')).map(({ partition }) => partition)).toEqual([0, 1, 2, 3]);
      expect(await totalLag(bus, topic, 'group')).toBe(30n);
      const messages = await collect();
      await eventually('all are settled', async () => (await totalLag(bus, topic, 'group')) === 0n);
      expect(messages).toHaveLength(30);
      expect(await totalLag(bus, topic, 'other')).toBe(30n);
    });

    it('waits for the message in hand when it closes, and hands the partitions to others', async () => {
      await freshTopic(1);
      const release = gate();
      const begun = gate();
      const handled: number[] = [];
      await bus.publish(topic, numbered(3));
      const consumer = await consume(async ({ message }) => {
        begun.open();
        await release.opened;
        handled.push(idOf(message));
      });
      await begun.opened;
      const closing = consumer.close();
      release.open();
      await closing;
      expect(handled).toEqual([0]);
      const rest = await collect({}, anotherBus());
      await eventually('another goes on where it ended', () => rest.length === 2);
      expect(rest.map(idOf)).toEqual([1, 2]);
    });

    it('aborts the message in hand at the deadline and leaves it to others', async () => {
      await freshTopic(1);
      const begun = gate();
      await bus.publish(topic, numbered(1));
      const consumer = await consume(async ({ signal }) => {
        begun.open();
        await once(signal, 'abort');
        throw new Error('stopped');
      });
      await begun.opened;
      await consumer.close(1);
      const messages = await collect({}, anotherBus());
      await eventually('another gets it', () => messages.length === 1);
      const letters = await collect({ topic: `${topic}.dlq`, group: 'letters' });
      expect(letters).toEqual([]);
    });

    it.each([1, 4])('loses nothing while consumers come and go, %i keys at once', async (keysInParallel) => {
      await freshTopic();
      const group = randomUUID();
      const handler: MessageHandler = (delivery) => applyEffect(effects, group, delivery);
      const count = 400;
      const stay = await consume(handler, { group, keysInParallel });
      let published = 0;
      const publishing = (async () => {
        for (; published < count; published += 20) await bus.publish(topic, numbered(20, published));
      })();
      for (let round = 0; round < 3; round++) {
        const guest = await consume(handler, { group, keysInParallel }, anotherBus());
        const before = (await effectsOf(effects, group)).length;
        await eventually('work goes on', async () => {
          const now = (await effectsOf(effects, group)).length;
          return now > before || now === count;
        });
        await guest.close();
      }
      await publishing;
      await eventually('all are handled', async () => (await effectsOf(effects, group)).length >= count);
      await stay.close();
      const ids = await effectsOf(effects, group);
      assertNoDuplicateIds(ids);
      assertContiguousIds(ids, count);
      expect(await totalLag(bus, topic, group)).toBe(0n);
    });

    it.each<FaultPoint>(['before-handler', 'after-effect', 'after-settle', 'after-commit'])(
      'loses nothing and does nothing twice when a consumer is killed %s',
      async (dieAt) => {
        await freshTopic();
        const group = randomUUID();
        const count = 40;
        await bus.publish(topic, numbered(count));
        const doom: Doom = { task: 'consume', group, effectsDsn: under.effectsDsn, dieAt, eventId: 17 };
        expect(await runDoomed(under.address, topic, doom)).toBe('SIGKILL');
        await consume((delivery) => applyEffect(effects, group, delivery), { group });
        await eventually('the rest is handled', async () => (await effectsOf(effects, group)).length >= count);
        await eventually('all is settled', async () => (await totalLag(bus, topic, group)) === 0n);
        const ids = await effectsOf(effects, group);
        assertNoDuplicateIds(ids);
        assertContiguousIds(ids, count);
      },
    );

    it('publishes a call as a whole or not at all when the publisher is killed', async () => {
      await freshTopic();
      const messagesPerCall = 40;
      for (const dieAfterMs of [1, 6, 17]) {
        await runDoomed(under.address, topic, { task: 'publish', calls: 200, messagesPerCall, dieAfterMs });
      }
      // Behind everything that the publishers may have left, in every partition.
      const ends = Array.from({ length: 100 }, (_, n) => ({
        key: `end-${n}`,
        value: Buffer.alloc(1),
        headers: { call: 'end' },
      }));
      await bus.publish(topic, ends);
      const messages = await collect();
      await eventually(
        'all are read',
        () => messages.filter(({ headers }) => headers['call'] === 'end').length === 100,
      );
      const perCall = Map.groupBy(
        messages.filter(({ key }) => key.startsWith('key-')),
        ({ headers }) => String(headers['call']),
      );
      for (const [call, ofCall] of perCall) {
        expect(ofCall.length % messagesPerCall, `messages of call ${call}`).toBe(0);
      }
    });

    it('survives that its connections are cut', async (test) => {
      if (under.throughProxy === undefined) return test.skip('this broker cannot be led through a proxy');
      await freshTopic();
      const group = randomUUID();
      const proxy = await startProxy(under.throughProxy);
      const through = anotherBus(under.throughProxy.address(proxy.port));
      await consume((delivery) => applyEffect(effects, group, delivery), { group }, through);
      const count = 200;
      await bus.publish(topic, numbered(count / 2));
      await eventually('work has begun', async () => (await effectsOf(effects, group)).length > 0);
      proxy.cut();
      await bus.publish(topic, numbered(count / 2, count / 2));
      await expect(through.check()).rejects.toMatchObject({ code: 'bus-unavailable', retryable: true });
      proxy.restore();
      await eventually('all are handled', async () => (await effectsOf(effects, group)).length >= count);
      await through.check();
      const ids = await effectsOf(effects, group);
      assertNoDuplicateIds(ids);
      assertContiguousIds(ids, count);
    });

    it('reads no more than the bound ahead of a slow handler', async (test) => {
      if (under.throughProxy === undefined) return test.skip('this broker cannot be led through a proxy');
      await freshTopic();
      const messageBytes = 50_000;
      const count = 400;
      for (let from = 0; from < count; from += 40) {
        await bus.publish(
          topic,
          numbered(40, from).map((message) => ({ ...message, value: Buffer.alloc(messageBytes, 1) })),
        );
      }
      const release = gate();
      const handled: number[] = [];
      const proxy = await startProxy(under.throughProxy);
      const through = anotherBus(under.throughProxy.address(proxy.port));
      const maxBufferedBytes = 1_000_000;
      await consume(
        async ({ message }) => {
          handled.push(idOf(message));
          await release.opened;
        },
        { maxBufferedBytes },
        through,
      );
      await eventually('every partition has one in hand', () => handled.length === partitions);
      // What comes after the first answer would come at once.
      await eventually('nothing more arrives', settled(proxy));
      // PostgreSQL sends bytes as hexadecimal text: twice their number. One message per partition may go beyond the bound.
      expect(proxy.bytesFromTarget()).toBeLessThan(2.5 * (maxBufferedBytes + partitions * messageBytes));
      release.open();
      await eventually('all arrive in the end', () => handled.length === count);
      assertNoDuplicateIds(handled);
    });

    // Tried again: on a starved machine heartbeats can be late by themselves, and then another consumer rightly takes over.
    it('keeps its partition while a handler takes longer than a dead consumer would be given', {
      retry: 2,
    }, async () => {
      await freshTopic(1);
      await bus.publish(topic, numbered(2));
      const handled: number[] = [];
      const release = Date.now() + 2.2 * declaredDeadMs;
      const handler: MessageHandler = async ({ message, signal }) => {
        handled.push(idOf(message));
        if (idOf(message) === 0) await eventually('time goes by', () => signal.aborted || Date.now() > release);
      };
      await consume(handler);
      await eventually('the first has begun', () => handled.length > 0);
      await consume(handler, {}, anotherBus());
      await eventually('both are settled', async () => (await totalLag(bus, topic, 'group')) === 0n);
      expect(handled).toEqual([0, 1]);
    });

    it('refuses to be used when it is closed', async () => {
      await freshTopic();
      const other = openBus(under.address);
      await other.publish(topic, numbered(1));
      await other.close();
      await expect(other.publish(topic, numbered(1))).rejects.toMatchObject({ code: 'bus-unavailable' });
    });

    it('says so when it is used without a topic', async () => {
      await expect(bus.publish(`test.${randomUUID()}`, numbered(1))).rejects.toMatchObject({ code: 'bus-unavailable' });
    });

    async function startProxy({ target, listen }: NonNullable<BusUnderTest['throughProxy']>): Promise<TcpProxy> {
      const proxy = await startTcpProxy({ port: target }, listen);
      opened.push(proxy);
      return proxy;
    }
  });
}

/** Messages with ids from `first`, spread over keys. */
function numbered(count: number, first = 0, key = (id: number) => `key-${id % 16}`): OutgoingMessage[] {
  return Array.from({ length: count }, (_, i) => ({
    key: key(first + i),
    value: Buffer.from(`message ${first + i}`),
    headers: { id: String(first + i) },
  }));
}

function idOf(message: BusMessage): number {
  return Number(message.headers['id']);
}

async function totalLag(bus: BusPort, topic: string, group: string): Promise<bigint> {
  return (await bus.lag(topic, group)).reduce((sum, { lag }) => sum + lag, 0n);
}

/** Holds once the number of bytes has stayed the same over several looks. */
function settled(proxy: TcpProxy): () => boolean {
  let last = -1;
  let same = 0;
  return () => {
    const now = proxy.bytesFromTarget();
    // Heartbeats and empty answers go on; messages are far larger.
    same = now - last < 10_000 ? same + 1 : 0;
    last = now;
    return same > 30;
  };
}

/** @returns the signal that ended it */
async function runDoomed(address: BusAddress, topic: string, doom: Doom): Promise<string | null> {
  const script = fileURLToPath(new URL('./doomed-process.ts', import.meta.url));
  const args = ['--conditions=sdp-source', script, JSON.stringify({ address, topic, doom })];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal;
}
