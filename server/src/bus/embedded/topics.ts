import { UnavailableError } from '@sdp/shared/errors';
import { deadLetterTopic, type SqlTransaction } from '@sdp/shared/messaging';
import { asDatabaseError, type Pool, withTransaction } from '../../database/index.ts';

/** Number of partitions per topic. It never changes once a topic is made: keys would move to other partitions. */
export class Topics {
  readonly #pool: Pool;
  readonly #known = new Map<string, number>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async ensure(topic: string, partitions: number): Promise<void> {
    await withTransaction(this.#pool, async (client) => {
      for (const [name, count] of [
        [topic, partitions],
        [deadLetterTopic(topic), 1],
      ] as const) {
        await makeTopic(client, name, count);
      }
    });
  }

  /** @throws {UnavailableError} `bus-unavailable` when nobody has made the topic yet */
  async partitionsOf(topic: string): Promise<number> {
    const known = this.#known.get(topic);
    if (known !== undefined) return known;
    const { rows } = await this.#pool
      .query<{ partitions: number }>('SELECT partitions FROM bus_topic WHERE topic = $1', [topic])
      .catch((error: unknown) => {
        throw asDatabaseError(error);
      });
    const partitions = rows[0]?.partitions;
    if (partitions === undefined) {
      throw new UnavailableError('bus-unavailable', {
        message: 'The topic does not exist',
        remedy: 'Start a process that makes it (`sdp-server serve`, `api` or `worker`), or check its name.',
      });
    }
    this.#known.set(topic, partitions);
    return partitions;
  }
}

/** Makes a topic, without its dead letters, if it isn't there. */
export async function makeTopic(client: SqlTransaction, topic: string, partitions: number): Promise<void> {
  await client.query('INSERT INTO bus_topic (topic, partitions) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    topic,
    partitions,
  ]);
  await client.query(
    `INSERT INTO bus_partition (topic, partition)
     SELECT t.topic, p FROM bus_topic t, generate_series(0, t.partitions - 1) AS p WHERE t.topic = $1
     ON CONFLICT DO NOTHING`,
    [topic],
  );
}
