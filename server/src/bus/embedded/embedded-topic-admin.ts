import { type Pool, withTransaction } from '../../database/index.ts';
import type { NewTopic, TopicAdmin, TopicState } from '../topic-admin.ts';
import { busError } from './control-connection.ts';
import { makeTopic } from './topics.ts';

const dayMs = 86_400_000;

/**
 * Topics of the bus in PostgreSQL. Number of partitions is for ever, and all topics are kept equally long. The pool stays the
 * caller's.
 */
export class EmbeddedTopicAdmin implements TopicAdmin {
  readonly canSet = false;
  readonly canAddPartitions = false;
  readonly #pool: Pool;
  readonly #settings: Readonly<Record<string, string>>;

  constructor(pool: Pool, retentionDays: number) {
    this.#pool = pool;
    this.#settings = { 'retention.ms': String(retentionDays * dayMs), 'cleanup.policy': 'delete' };
  }

  async describe(topics: readonly string[], settings: readonly string[]): Promise<ReadonlyMap<string, TopicState>> {
    const { rows } = await this.#pool
      .query<{ topic: string; partitions: number }>(
        'SELECT topic, partitions FROM bus_topic WHERE topic = ANY ($1::text[])',
        [topics],
      )
      .catch((error: unknown) => {
        throw busError(error);
      });
    const asked = Object.fromEntries(Object.entries(this.#settings).filter(([name]) => settings.includes(name)));
    return new Map(rows.map(({ topic, partitions }) => [topic, { partitions, settings: asked }]));
  }

  async create({ topic, partitions }: NewTopic): Promise<void> {
    try {
      await withTransaction(this.#pool, (client) => makeTopic(client, topic, partitions));
    } catch (error) {
      throw busError(error);
    }
  }

  async addPartitions(): Promise<void> {
    throw new Error('partitions of a topic of the bus in PostgreSQL never change');
  }

  async set(): Promise<void> {
    throw new Error('topics of the bus in PostgreSQL have no settings of their own');
  }

  async close(): Promise<void> {
    // The pool is the caller's.
  }
}
