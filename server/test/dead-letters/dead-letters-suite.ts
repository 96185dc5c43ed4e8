import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { generateKey } from '@sdp/shared/crypto';
import { UnavailableError } from '@sdp/shared/errors';
import {
  AccessRules,
  type BusMessage,
  type BusPort,
  ComplianceManager,
  deadLetterTopic,
  KeyRing,
  SecureConsumer,
  SecurityManager,
} from '@sdp/shared/messaging';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { attacksOn } from '../../../shared/test/messaging/support/attacks.ts';
import {
  type Counted,
  connectedProducer,
  countedContract,
  encryptionKey,
  quickRetry,
  signingKey,
} from '../../../shared/test/messaging/support/secure-pair.ts';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { createAuditStore, MessageAuditTrail } from '../../src/audit/index.ts';
import { PostgresAppliedEvents, type TopicReader } from '../../src/bus/index.ts';
import { createPool, type Pool } from '../../src/database/index.ts';
import { createDecisionStore, DeadLetters, type DecidedLetter, parseLetterId } from '../../src/dead-letters/index.ts';
import { eventually } from '../bus/eventually.ts';

export interface LettersUnderTest {
  readonly bus: BusPort;
  readonly reader: TopicReader;
  stop(): Promise<void>;
}

const digestKey = generateKey();
const partner = generateKeyPairSync('ed25519');
const access = new AccessRules([
  { role: 'us', topics: ['test.*'], allow: ['READ', 'WRITE', 'DESCRIBE'] },
  { role: 'partner', topics: ['other.*'], allow: ['WRITE'] },
]);
const compliance = new ComplianceManager([
  { topic: 'test.*', data_class: 'restricted', fields: { note: 'masked', name: 'absent' } },
]);

/** Our keys, which also know a partner's. */
function ourRing(): KeyRing {
  return new KeyRing({
    party: 'us',
    encryption: [{ id: 'e1', key: encryptionKey, state: 'active' }],
    signing: [{ id: 's1', secret: signingKey, state: 'active' }],
    others: [{ id: 'partner', party: 'partner', publicKey: partner.publicKey, state: 'readable' }],
    digestKey,
  });
}

/** What inspecting and replaying dead letters has to do on any bus. */
export function testDeadLetters(name: string, start: (database: TestDatabase) => Promise<LettersUnderTest>): void {
  describe(name, () => {
    let database: TestDatabase;
    let pool: Pool;
    let under: LettersUnderTest;
    let trail: MessageAuditTrail;
    let topic: string;
    let consumer: SecureConsumer;
    /** What the handler has done, and whether it fails. */
    let handled: Counted[];
    let fails: (payload: Counted) => boolean;

    beforeAll(async () => {
      database = await startTestDatabase();
      pool = createPool({ dsn: database.dsn, applicationName: 'sdp-test-letters' });
      under = await start(database);
      const logger = pino({ level: 'silent' });
      trail = new MessageAuditTrail({ store: createAuditStore(pool), logger, mode: 'summary' });
    }, 240_000);
    afterAll(async () => {
      await trail?.close();
      await under?.stop();
      await pool?.end();
      await database?.stop();
    });

    beforeEach(async () => {
      topic = `test.${randomUUID()}`;
      await under.bus.ensureTopic(topic, 2);
      handled = [];
      fails = () => false;
      await consume();
    });
    afterEach(() => consumer.close());

    const lettersOf = (security = new SecurityManager({ keys: ourRing() })) =>
      new DeadLetters({
        ...{ bus: under.bus, reader: under.reader, decisions: createDecisionStore(pool) },
        ...{ security, compliance, access, audit: trail },
      });
    async function consume() {
      consumer = new SecureConsumer({
        ...{ bus: under.bus, group: `group.${topic}`, security: new SecurityManager({ keys: ourRing() }) },
        ...{
          compliance,
          access,
          audit: trail,
          consume: { retry: quickRetry },
          applied: new PostgresAppliedEvents(pool),
        },
      });
      consumer.subscribe({ topic, contracts: [countedContract] });
      await consumer.run<Counted>(async ({ payload, settleIn }) => {
        if (fails(payload)) throw new Error('the handler gives up');
        const client = await pool.connect();
        try {
          await client.query('BEGIN');
          await settleIn(client);
          await client.query('COMMIT');
        } catch (error) {
          await client.query('ROLLBACK');
          throw error;
        } finally {
          client.release();
        }
        handled.push(payload);
      });
    }
    const send = async (payload: Counted, key = 'tok') =>
      (await connectedProducer(under.bus)).sendMessage(topic, { key, contract: countedContract, payload });
    const all = async (options = {}): Promise<DecidedLetter[]> => {
      const found: DecidedLetter[] = [];
      for await (const letter of lettersOf().letters(deadLetterTopic(topic), options)) found.push(letter);
      return found;
    };
    const untilBuried = (count: number) =>
      eventually(`${count} letters`, async () => (await all({ all: true })).length >= count);
    const auditOf = async (action: string) =>
      (await pool.query('SELECT * FROM message_audit WHERE topic = $1 AND action = $2', [topic, action])).rows;
    const genuine = async (): Promise<BusMessage[]> => {
      const messages: BusMessage[] = [];
      for (const { partition, first, end } of await under.reader.ranges(topic))
        for await (const some of under.reader.read(topic, partition, first, end)) messages.push(...some);
      return messages;
    };

    it('are listed with their reasons, and shown without what the policy speaks of', async () => {
      fails = () => true;
      await send({ n: 1, note: '[REDACTED]' });
      await under.bus.publish(topic, [{ key: 'Ada Lovelace', value: Buffer.from('{"name":"Ada Lovelace"}') }]);
      await untilBuried(2);
      expect(await lettersOf().topics()).toContain(`${topic}.dlq`);
      const found = await all();
      expect(found.map(({ code }) => code).toSorted()).toEqual(['internal', 'message-plaintext']);
      const [failed] = await all({ code: 'internal' });
      expect(failed).toMatchObject({ attempts: 3, source: { topic }, decision: undefined, isIncomplete: false });
      const original = lettersOf().original(failed as DecidedLetter);
      expect(original).toMatchObject({
        envelope: { party: 'us' },
        context: { topic, tenant: 'acme' },
        masked: { n: 1, note: '[REDACTED]' },
      });
      const [plain] = await all({ code: 'message-plaintext' });
      expect(lettersOf().original(plain as DecidedLetter)).toBeUndefined();
      expect(await lettersOf().obstacle(plain as DecidedLetter)).toBe('message-plaintext');
      const place = parseLetterId((failed as DecidedLetter).id);
      expect((await lettersOf().find(place)).id).toBe(failed?.id);
      await expect(lettersOf().find({ ...place, offset: 999n })).rejects.toMatchObject({ code: 'not-found' });
    });

    it('are replayed once, as an event of its own that names the old one, however often somebody tries', async () => {
      fails = ({ n }) => n === 1;
      const { eventId } = await send({ n: 1 });
      await untilBuried(1);
      fails = () => false;
      const [letter] = (await all()) as [DecidedLetter];
      // Two operators at the same moment.
      const tries = await Promise.allSettled([lettersOf().replay(letter), lettersOf().replay(letter)]);
      const replayed = tries.find((each) => each.status === 'fulfilled')?.value;
      expect(replayed).toMatch(/^replay-[0-9a-f]{32}$/);
      await eventually('it is handled', () => handled.length > 0);
      await expect(lettersOf().replay(await lettersOf().find(letter.letter))).rejects.toMatchObject({
        code: 'dead-letter-decided',
      });
      await send({ n: 2 });
      await eventually('a later one is handled', () => handled.some(({ n }) => n === 2));
      expect(handled).toEqual([{ n: 1 }, { n: 2 }]);
      expect(await all()).toEqual([]);
      expect((await all({ all: true }))[0]?.decision).toMatchObject({ state: 'REPLAYED', eventId: replayed });
      const lines = await auditOf('replayed');
      expect(lines[0]).toMatchObject({ event_id: replayed, replay_of: eventId, tenant: 'acme', party: 'us' });
      const [again] = (await genuine()).filter(({ headers }) => headers['x-sdp-replay-of'] === eventId);
      expect(again?.headers['x-sdp-event-id']).toBe(replayed);
    });

    it('have no second effect when the operator’s process ends between sending and noting it', async () => {
      fails = ({ n }) => n === 1;
      await send({ n: 1 });
      await untilBuried(1);
      fails = () => false;
      const [letter] = (await all()) as [DecidedLetter];
      const decisions = createDecisionStore(pool);
      const endReplay = () => Promise.reject(new UnavailableError('database-unavailable'));
      const cut = new DeadLetters({
        ...{ bus: under.bus, reader: under.reader, security: new SecurityManager({ keys: ourRing() }) },
        ...{ compliance, access, audit: trail, decisions: { ...decisions, endReplay } },
      });
      await expect(cut.replay(letter)).rejects.toMatchObject({ code: 'database-unavailable' });
      await eventually('it is handled', () => handled.length === 1);
      const [begun] = (await all()) as [DecidedLetter];
      expect(begun.decision).toMatchObject({ state: 'REPLAYING' });
      // The consumer's memory is gone as well.
      await consumer.close();
      await consume();
      expect(await lettersOf().replay(begun)).toBe(begun.decision?.eventId);
      expect((await all({ all: true }))[0]?.decision).toMatchObject({ state: 'REPLAYED' });
      await send({ n: 2 });
      await eventually('a later one is handled', () => handled.some(({ n }) => n === 2));
      expect(handled).toEqual([{ n: 1 }, { n: 2 }]);
    });

    it('of strangers are not replayed, whatever they did', async () => {
      await send({ n: 1 }, 'k');
      await send({ n: 2 }, 'k');
      await eventually('the genuine ones are handled', () => handled.length === 2);
      const [first, second] = (await genuine()).toSorted((a, b) => Number(a.offset - b.offset)) as [
        BusMessage,
        BusMessage,
      ];
      const attacks = await attacksOn(topic, first, second);
      await under.bus.publish(
        topic,
        attacks.map(([, message]) => message),
      );
      await untilBuried(attacks.length);
      for (const letter of await all()) {
        await expect(lettersOf().replay(letter), letter.code).rejects.toMatchObject({ code: letter.code });
        expect(letter.code).toMatch(/^message-(plaintext|malformed|tampered|key-unknown)$/);
      }
      expect(await auditOf('replayed')).toEqual([]);
      expect(handled).toHaveLength(2);
    });

    it('that somebody forged from a message long handled are not replayed', async () => {
      await send({ n: 1 });
      await eventually('it is handled', () => handled.length === 1);
      const [message] = (await genuine()) as [BusMessage];
      const forged = {
        ...message.headers,
        'x-sdp-dead-letter-code': 'internal',
        'x-sdp-source-topic': topic,
        'x-sdp-source-partition': String(message.partition),
        'x-sdp-source-offset': String(message.offset),
      };
      await under.bus.publish(deadLetterTopic(topic), [{ key: message.key, value: message.value, headers: forged }]);
      await untilBuried(1);
      const [letter] = (await all()) as [DecidedLetter];
      expect(lettersOf().original(letter)).toBeDefined();
      await expect(lettersOf().replay(letter)).rejects.toMatchObject({ code: 'dead-letter-unproven' });
    });

    it('whose sender may not write to the topic do not get our signature', async () => {
      const keys = new KeyRing({
        party: 'partner',
        encryption: [{ id: 'e1', key: encryptionKey, state: 'active' }],
        signing: [{ id: 'partner', privateKey: partner.privateKey, state: 'active' }],
      });
      const theirs = await connectedProducer(under.bus, { security: new SecurityManager({ keys }) });
      await theirs.sendMessage(topic, { key: 'k', contract: countedContract, payload: { n: 66 } });
      await untilBuried(1);
      const [letter] = (await all()) as [DecidedLetter];
      expect(letter.code).toBe('topic-forbidden');
      await expect(lettersOf().replay(letter)).rejects.toMatchObject({ code: 'topic-forbidden' });
    });

    it('are put aside with a reason and a line in the audit trail, and then not replayed', async () => {
      fails = () => true;
      await send({ n: 1 });
      await untilBuried(1);
      const [letter] = (await all()) as [DecidedLetter];
      await lettersOf().discard(letter, 'a test of ours');
      await expect(lettersOf().discard(letter, 'again')).rejects.toMatchObject({ code: 'dead-letter-decided' });
      await expect(lettersOf().replay(letter)).rejects.toMatchObject({ code: 'dead-letter-decided' });
      expect(await all()).toEqual([]);
      expect((await all({ all: true }))[0]?.decision).toMatchObject({ state: 'DISCARDED', reason: 'a test of ours' });
      expect(await auditOf('discarded')).toMatchObject([{ messages: 1, code: 'internal' }]);
    });

    it('that only say where their original lies are not replayed', async () => {
      const headers = { 'x-sdp-dead-letter-left-out': 'key, value, headers', 'x-sdp-source-topic': topic };
      await under.bus.publish(deadLetterTopic(topic), [{ key: '', value: new Uint8Array(), headers }]);
      await untilBuried(1);
      const [letter] = (await all()) as [DecidedLetter];
      await expect(lettersOf().replay(letter)).rejects.toMatchObject({ code: 'dead-letter-incomplete' });
    });

    it('hold nothing that a stranger could lead a command astray with', async () => {
      await under.bus.publish(deadLetterTopic(topic), [
        {
          key: 'k',
          value: Buffer.from('x'),
          headers: {
            'x-sdp-source-topic': '../\u001b[2J',
            'x-sdp-dead-letter-code': 'A B',
            'x-sdp-source-offset': '-1',
          },
        },
      ]);
      await untilBuried(1);
      const [letter] = (await all()) as [DecidedLetter];
      expect(letter).toMatchObject({ code: 'unknown', source: undefined, attempts: undefined });
      await expect(lettersOf().replay(letter)).rejects.toMatchObject({ kind: 'integrity' });
    });
  });
}
