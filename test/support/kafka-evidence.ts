import { randomUUID } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Admin } from '@platformatic/kafka';
import { KafkaBus } from '../../server/src/bus/kafka/index.ts';
import { type Evidence, filesUnder, textEvidence } from './evidence.ts';

const root = join(import.meta.dirname, '../..');
const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Folder of a broker that `npm run kafka` or the tests started; undefined where it runs elsewhere. */
function dataFolderOf(brokers: readonly string[]): string | undefined {
  for (const path of globSync('.kafka/*/broker.json', { cwd: root })) {
    const state = JSON.parse(readFileSync(join(root, path), 'utf8')) as { port: number };
    if (brokers.includes(`127.0.0.1:${state.port}`)) return join(root, dirname(path), 'data');
  }
  return undefined;
}

/** The broker's files, raw, and every message of every topic, as a consumer gets them. */
export async function* kafkaEvidence(brokers: readonly string[]): AsyncGenerator<Evidence> {
  const folder = dataFolderOf(brokers);
  if (folder) yield* filesUnder('kafka files', folder);
  for (const topic of await listTopics(brokers)) yield* messagesOf(brokers, topic);
}

export function canReadKafkaFiles(brokers: readonly string[]): boolean {
  return dataFolderOf(brokers) !== undefined;
}

async function listTopics(brokers: readonly string[]): Promise<string[]> {
  const admin = new Admin({ clientId: 'leak-test', bootstrapBrokers: [...brokers] });
  try {
    return await admin.listTopics({ includeInternals: false });
  } finally {
    await admin.close();
  }
}

async function* messagesOf(brokers: readonly string[], topic: string): AsyncGenerator<Evidence> {
  const bus = new KafkaBus({ brokers, clientId: 'leak-test', logger });
  const group = `leak-test-${randomUUID()}`;
  try {
    const expected = (await bus.lag(topic, group)).reduce((sum, { lag }) => sum + Number(lag), 0);
    if (expected === 0) return;
    const found: Evidence[] = [];
    const all = Promise.withResolvers<void>();
    await bus.consume({
      topic,
      group,
      from: 'earliest',
      handler: async ({ message: { key, value, headers, offset } }) => {
        const name = `${topic} ${offset}`;
        found.push({ place: 'kafka messages', name, bytes: Buffer.from(value) });
        found.push(textEvidence('kafka messages', name, JSON.stringify({ key, headers })));
        if (found.length >= 2 * expected) all.resolve();
      },
    });
    await all.promise;
    yield* found;
  } finally {
    await bus.close();
  }
}

/** Puts a message where it should never be. */
export async function publishToKafka(brokers: readonly string[], topic: string, text: string): Promise<void> {
  const bus = new KafkaBus({ brokers, clientId: 'leak-test', logger });
  try {
    await bus.publish(topic, [{ key: 'canary', value: Buffer.from(text) }]);
  } finally {
    await bus.close();
  }
}
