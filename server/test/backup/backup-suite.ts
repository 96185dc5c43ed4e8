import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { generateMasterKeyText } from '@sdp/shared/crypto';
import { type BusMessage, readContext } from '@sdp/shared/messaging';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { BackupPlace } from '../../src/backup/index.ts';
import type { BusAddress } from '../bus/bus-address.ts';
import { eventually } from '../bus/eventually.ts';
import {
  type BackupSite,
  freshTopic,
  keptIn,
  openSite,
  range,
  type SiteParts,
  sealed,
  startBackupOf,
  verifySite,
} from './backup-site.ts';
import type { BackupDoom, BackupFault } from './doomed-backup.ts';
import { keptMessages } from './kept-messages.ts';
import { type RestoreAsked, readerOf, restoreSite } from './restore-site.ts';

export interface BackupUnderTest {
  readonly address: BusAddress;
  readonly dsn: string;
  /** A fresh one each time. */
  place(): BackupPlace;
  stop(): Promise<void>;
}

export interface BackupSuiteOptions {
  /** Where a process is killed. */
  readonly faults: readonly BackupFault[];
  /** The same bus in another place: what the place has no part in is left out. */
  readonly isVariant?: boolean;
}

const partitions = 4;

/** What a backup has to do on every bus and in every place. */
export function testBackup(
  name: string,
  { faults, isVariant = false }: BackupSuiteOptions,
  start: () => Promise<BackupUnderTest>,
): void {
  describe(name, () => {
    const masterKey = generateMasterKeyText();
    let under: BackupUnderTest;
    let parts: SiteParts;
    let site: BackupSite;
    let topic: string;
    let closers: (() => Promise<unknown>)[] = [];

    beforeAll(async () => {
      under = await start();
      parts = openSite({ ...under, masterKey, place: { directory: '' }, topics: [] });
    }, 400_000);
    afterAll(async () => {
      await parts?.close();
      await under?.stop();
    });
    afterEach(async () => {
      for (const close of closers.reverse()) await close();
      closers = [];
    });

    const fresh = async (more: Partial<BackupSite> = {}) => {
      topic = freshTopic();
      await parts.bus.ensureTopic(topic, partitions);
      site = { address: under.address, dsn: under.dsn, masterKey, place: under.place(), topics: [topic], ...more };
    };
    const run = async () => {
      const backup = await startBackupOf(site, parts);
      closers.push(() => backup.close(5_000));
      return backup;
    };
    const send = async (from: number, to: number) =>
      parts.bus.publish(topic, await sealed(parts.security, topic, range(from, to)));
    const untilKept = (count: number) =>
      eventually(`${count} messages are kept`, async () => keptIn(await verifySite(site, parts.pool)) >= count);
    const untilSettled = () =>
      eventually('nothing waits', async () =>
        (await parts.bus.lag(topic, 'sdp-backup')).every(({ lag }) => lag === 0n),
      );
    const doom = (fault?: BackupFault): ChildProcess => {
      const told: BackupDoom = fault === undefined ? { site } : { site, fault };
      const child = fork(fileURLToPath(new URL('doomed-backup.ts', import.meta.url)), [JSON.stringify(told)], {
        execArgv: ['--conditions=sdp-source'],
      });
      closers.push(async () => child.kill('SIGKILL'));
      return child;
    };
    const expectAll = async (count: number) => {
      const report = await verifySite(site, parts.pool);
      expect(report.findings).toEqual([]);
      const kept = await keptMessages(site, parts.pool);
      expect(kept.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual(range(0, count));
      return report;
    };

    it('keeps every message as it stood in the log', async () => {
      await fresh();
      await send(0, 500);
      await run();
      await untilKept(500);
      await untilSettled();
      const report = await expectAll(500);
      expect(report.partitions.reduce((sum, { refused }) => sum + refused, 0)).toBe(0);
      expect(report.unnamed).toBe(0);
      await send(500, 700);
      await untilKept(700);
      await expectAll(700);
    });

    it('keeps messages that consumers refuse, and marks them', async () => {
      await fresh();
      const [genuine] = await sealed(parts.security, topic, [0]);
      const other = freshTopic();
      const [elsewhere] = await sealed(parts.security, other, [1]);
      if (genuine === undefined || elsewhere === undefined) throw new Error('nothing was sealed');
      const changed = Buffer.from(genuine.value);
      changed[changed.length - 40] = (changed[changed.length - 40] ?? 0) ^ 1;
      await parts.bus.publish(topic, [
        genuine,
        elsewhere,
        { ...genuine, value: changed },
        { key: 'acme/1', value: Buffer.from('{"name":"plain"}') },
        { ...genuine, headers: {} },
      ]);
      await run();
      await untilKept(5);
      const report = await verifySite(site, parts.pool);
      expect(report.findings).toEqual([]);
      expect(report.partitions.reduce((sum, { refused }) => sum + refused, 0)).toBe(4);
    });

    it.each(faults)('keeps each message exactly once when it is killed: %j', { timeout: 60_000 }, async (fault) => {
      await fresh({ maxMessages: 40 });
      await send(0, 300);
      const child = doom(fault);
      const [, signal] = (await once(child, 'exit')) as [number | null, string];
      expect(signal).toBe('SIGKILL');
      await send(300, 400);
      await run();
      await untilKept(400);
      await untilSettled();
      const report = await expectAll(400);
      expect(report.partitions.every(({ generations }) => generations === 1)).toBe(true);
    });

    it.skipIf(isVariant)(
      'shares partitions, and nothing is kept twice when a process dies under load',
      { timeout: 90_000 },
      async () => {
        await fresh({ maxMessages: 60 });
        const first = doom();
        await once(first, 'message');
        let sent = 0;
        const load = async (until: number) => {
          while (sent < until) {
            await send(sent, sent + 50);
            sent += 50;
          }
        };
        await load(400);
        await run();
        await load(600);
        await untilKept(200);
        first.kill('SIGKILL');
        await load(800);
        await untilKept(800);
        await untilSettled();
        await expectAll(800);
      },
    );

    describe('sends what was kept again', () => {
      let into: string;
      const restore = (asked: Partial<RestoreAsked> = {}) => restoreSite(site, parts, { topic, into, ...asked });
      const keep = async (count: number) => {
        await fresh({ maxMessages: 60 });
        into = freshTopic();
        await parts.bus.ensureTopic(into, 3);
        await send(0, count);
        const backup = await run();
        await untilKept(count);
        await untilSettled();
        await backup.close(5_000);
        closers = [];
      };
      const arrived = async (): Promise<BusMessage[]> => {
        const reader = readerOf(site.address, parts.pool);
        const found: BusMessage[] = [];
        for (const { partition, first, end } of await reader.ranges(into)) {
          for await (const messages of reader.read(into, partition, first, end)) found.push(...messages);
        }
        await reader.close();
        return found;
      };
      const numbersOf = (messages: readonly BusMessage[]) =>
        messages.map((message) => {
          const { plaintext } = parts.security.open(readContext(message), message.value);
          return (JSON.parse(plaintext.toString('utf8')) as { number: number }).number;
        });
      const sumOf = (
        report: Awaited<ReturnType<typeof restore>>,
        name: 'messages' | 'sent' | 'sentBefore' | 'refused' | 'copies',
      ) => report.partitions.reduce((sum, partition) => sum + partition[name], 0);

      it('sealed anew under ids that name the old ones, in the order of each key', async () => {
        await keep(300);
        const dry = await restore({ isDryRun: true });
        expect([sumOf(dry, 'messages'), sumOf(dry, 'sent'), (await arrived()).length]).toEqual([300, 300, 0]);
        const to = Date.now() + 1_000;
        const report = await restore({ to });
        expect([sumOf(report, 'sent'), report.missing, report.isContinued]).toEqual([300, 0, false]);
        const messages = await arrived();
        expect(numbersOf(messages).toSorted((a, b) => a - b)).toEqual(range(0, 300));
        expect(new Set(messages.map(({ headers }) => headers['x-sdp-event-id'])).size).toBe(300);
        for (const [i, message] of messages.entries()) {
          expect(message.headers['x-sdp-replay-of']).toBe(`event-${numbersOf(messages)[i]}`);
        }
        for (const ofKey of Map.groupBy(messages, ({ key }) => key).values()) {
          const numbers = numbersOf(ofKey);
          expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
        }
        await expect(restore({ to })).rejects.toMatchObject({ code: 'usage-invalid' });
        expect((await restore({ to, isAgain: true })).isContinued).toBe(false);
        expect((await arrived()).length).toBe(600);
      });

      it.skipIf(isVariant)('goes on after being killed, and sends nothing twice', { timeout: 60_000 }, async () => {
        await keep(400);
        const dooms = [
          { publish: 2, when: 'after' },
          { publish: 1, when: 'after' },
          { publish: 2, when: 'before' },
        ] as const;
        for (const fault of dooms) {
          const told = JSON.stringify({ site, asked: { topic, into }, ...fault });
          const child = fork(fileURLToPath(new URL('doomed-restore.ts', import.meta.url)), [told], {
            execArgv: ['--conditions=sdp-source'],
          });
          const [, signal] = (await once(child, 'exit')) as [number | null, string];
          expect(signal).toBe('SIGKILL');
        }
        const report = await restore();
        expect(report.isContinued).toBe(true);
        expect(sumOf(report, 'sent') + sumOf(report, 'sentBefore')).toBe(400);
        expect(numbersOf(await arrived()).toSorted((a, b) => a - b)).toEqual(range(0, 400));
      });

      it('only what came in the range, and nothing that was refused', async () => {
        await keep(50);
        const { timestamp } =
          (await logOf()).toSorted((a, b) => b.timestamp.getTime() - a.timestamp.getTime())[0] ?? {};
        const from = (timestamp?.getTime() ?? 0) + 1;
        await eventually('the clock goes on', () => Date.now() > from + 5);
        await parts.bus.publish(topic, [{ key: 'acme/1', value: Buffer.from('plain') }]);
        await send(50, 80);
        await run();
        await untilKept(81);
        const report = await restore({ from });
        expect([sumOf(report, 'messages'), sumOf(report, 'sent'), sumOf(report, 'refused')]).toEqual([31, 30, 1]);
        expect(numbersOf(await arrived()).toSorted((a, b) => a - b)).toEqual(range(50, 80));
      });

      it('into its own topic, and leaves such copies out of what is sent later', async () => {
        await keep(40);
        expect(sumOf(await restore({ into: topic, to: Date.now() + 1_000 }), 'sent')).toBe(40);
        await run();
        await untilKept(80);
        const report = await restore({ isDryRun: true });
        expect([sumOf(report, 'messages'), sumOf(report, 'sent'), sumOf(report, 'copies')]).toEqual([80, 40, 40]);
      });

      const logOf = async (): Promise<BusMessage[]> => {
        const reader = readerOf(site.address, parts.pool);
        const found: BusMessage[] = [];
        for (const { partition, first, end } of await reader.ranges(topic)) {
          for await (const messages of reader.read(topic, partition, first, end)) found.push(...messages);
        }
        await reader.close();
        return found;
      };
    });
  });
}
