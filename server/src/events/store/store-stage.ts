import type { Event, EventBatch, EventType } from '@sdp/shared/contracts';
import type { SqlTransaction, StageMessage, StagePlan } from '@sdp/shared/messaging';
import type { Pool } from '../../database/index.ts';
import type { DataKeyRing } from '../../records/index.ts';
import { eventBatchContract, eventTopics } from '../event-flow.ts';
import type { NewEvents, SeenEvents, SeenEventsOptions } from '../seen-events.ts';
import { type OpenBlock, sealBlock } from './event-block.ts';
import type { EventStoreMetrics } from './event-store-metrics.ts';
import { loadSeen, type OwnedPartition, takeOver } from './partition-owner.ts';
import { countByMinute, writeEvents } from './write-events.ts';

export interface StoreStageOptions {
  readonly type: EventType;
  readonly pool: Pool;
  readonly keyRing: DataKeyRing;
  readonly metrics: EventStoreMetrics;
  readonly inTransaction: (work: (transaction: SqlTransaction) => Promise<void>) => Promise<void>;
  /** Of each partition. */
  readonly seen: Required<SeenEventsOptions>;
}

/** An event in its place. */
interface Arrived {
  readonly clientId: string;
  readonly partition: number;
  readonly receivedAtMs: number;
  readonly event: Event;
}

interface PartitionState {
  readonly owned: OwnedPartition;
  readonly seen: SeenEvents;
}

/** Some tens of milliseconds of work, for which everybody else in the process waits. */
const maxBatchMessages = 64;
const maxBufferedBytes = 4 * 1_024 * 1_024;
const eventsPerBlock = 1_024;
const identityBytes = 16;

/** Stores recent events and counts them, each once. */
export function storeStage(options: StoreStageOptions): StagePlan<EventBatch> {
  const { type, pool, keyRing, metrics, inTransaction } = options;
  const states = new Map<number, PartitionState>();
  metrics.watchSeen(type, () => [...states.values()].map(({ seen }) => seen));
  return {
    topic: eventTopics[type],
    contracts: [eventBatchContract],
    ...{ maxBatchMessages, maxBufferedBytes, inTransaction },
    // A message is many events, which are told from repeats one by one.
    repeats: 'deliver',
    restore: async (partition) => {
      const owned = await takeOver(pool, type, partition);
      states.set(partition, { owned, seen: await loadSeen(pool, owned, options.seen) });
    },
    drop: (partition) => void states.delete(partition),
    handle: async (messages) => {
      const dataKey = await keyRing.active();
      const parts = [...byPartition(messages)].map(([partition, arrived]) => {
        const state = states.get(partition);
        if (state === undefined) throw new Error('the partition has no state here');
        return { ...state, arrived, chosen: state.seen.select(arrived, identityOf) };
      });
      const blocks = await Promise.all(
        parts.flatMap(({ owned, chosen }) => blocksOf(owned, chosen)).map((block) => sealBlock(block, dataKey)),
      );
      const counts = countByMinute(parts.flatMap(({ chosen }) => chosen.fresh));
      // Last, when nothing can fail any more: what isn't stored after all is brought back from what is.
      for (const { chosen } of parts) chosen.remember();
      metrics.stored(
        type,
        parts.reduce((sum, { chosen }) => sum + chosen.fresh.length, 0),
        parts.reduce((sum, { chosen }) => sum + chosen.repeats, 0),
      );
      const owned = parts.map((part) => part.owned);
      return { write: (transaction) => writeEvents(transaction, owned, blocks, counts) };
    },
  };
}

function byPartition(messages: readonly StageMessage<EventBatch>[]): Map<number, Arrived[]> {
  const parts = new Map<number, Arrived[]>();
  for (const { partition, tenant, payload } of messages) {
    const part = parts.get(partition) ?? [];
    parts.set(partition, part);
    const receivedAtMs = Date.parse(payload.received_at);
    // Whose they are says the envelope, which is signed.
    for (const event of payload.events) part.push({ clientId: tenant, partition, receivedAtMs, event });
  }
  return parts;
}

function identityOf({ clientId, event, receivedAtMs }: Arrived) {
  return { clientId, eventId: event.event_id, receivedAtMs };
}

function blocksOf({ type, partition }: OwnedPartition, { fresh, identities }: NewEvents<Arrived>): OpenBlock[] {
  const byClient = new Map<string, number[]>();
  for (const [i, { clientId }] of fresh.entries()) {
    const places = byClient.get(clientId);
    if (places === undefined) byClient.set(clientId, [i]);
    else places.push(i);
  }
  return [...byClient].flatMap(([clientId, places]) =>
    Array.from({ length: Math.ceil(places.length / eventsPerBlock) }, (_, n) => {
      const own = places.slice(n * eventsPerBlock, (n + 1) * eventsPerBlock);
      const arrived = own.map((i) => fresh[i] as Arrived);
      return {
        ...{ clientId, type, partition },
        receivedAt: new Date(arrived.reduce((latest, { receivedAtMs }) => Math.max(latest, receivedAtMs), 0)),
        identities: Buffer.concat(own.map((i) => identities.subarray(i * identityBytes, (i + 1) * identityBytes))),
        events: arrived.map(({ event }) => event),
      };
    }),
  );
}
