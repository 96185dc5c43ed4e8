import type { EventsUnreadable } from '@sdp/shared/contracts';
import { InputError } from '@sdp/shared/errors';
import { onlyTenants, type Pool, type Queryable } from '../../database/index.ts';
import { seesTenant, type Tenants } from '../../identity/index.ts';
import {
  type StreamFeed,
  type StreamItem,
  type StreamPage,
  type StreamStart,
  StreamTail,
  TailWatch,
} from '../../live-streams/index.ts';
import type { DataKeyRing } from '../../records/index.ts';
import { BlockCache, type OpenedBlock } from './block-cache.ts';
import { type BlockHead, forgottenTo, readHeads } from './block-heads.ts';
import { type EventStreamFilter, linesOf, mayHold } from './event-filter.ts';
import { type EventPlace, idOf, lastWhole, parsePlace } from './event-place.ts';
import { highestBlock, lastBlock, SettledEnd } from './settled-end.ts';

export interface EventFeedOptions {
  readonly pool: Pool;
  readonly keyRing: DataKeyRing;
  /** Called once when the database can't be read, until it can again. */
  readonly onFailed: (error: unknown) => void;
}

const pageHeads = 500;
/** About what a head takes in memory. */
const headBytes = 128;
/** Opened for a stream at a time: blocks with so many events, or one. */
const eventsAtOnce = 1_024;

/** Stored events for live streams, in one order: by their blocks, which any number of processes store. */
export class EventFeed implements StreamFeed<EventStreamFilter> {
  readonly #pool: Pool;
  readonly #cache: BlockCache;
  readonly #watch: TailWatch<BlockHead>;

  constructor({ pool, keyRing, onFailed }: EventFeedOptions) {
    this.#pool = pool;
    this.#cache = new BlockCache(keyRing);
    const end = new SettledEnd(pool);
    this.#watch = new TailWatch({
      onFailed,
      look: () => end.look(),
      tailOf: (tenants) =>
        new StreamTail({
          read: (after, upTo) => readHeads(onlyTenants(pool, tenants), tenants, after, upTo, pageHeads),
          sizeOf: () => headBytes,
        }),
    });
  }

  /** @throws {InputError} `request-invalid` for a place that isn't of this database, or from before events that are dropped */
  async begin(tenants: Tenants, after: string | undefined, filter: EventStreamFilter): Promise<StreamStart> {
    const clients = narrowed(tenants, filter.client_id);
    const db = onlyTenants(this.#pool, clients);
    const forgotten = await forgottenTo(db);
    const position = await this.#positionOf(after, forgotten);
    return { position, follow: (wake) => this.#follow(db, clients, filter, forgotten, wake) };
  }

  close(): Promise<void> {
    return this.#watch.close();
  }

  #follow(db: Queryable, clients: Tenants, filter: EventStreamFilter, known: bigint, wake: () => void) {
    const { tail, stop } = this.#watch.follow(clients, wake);
    const isLikely = mayHold(filter);
    const fits = linesOf(filter);
    const after = async (id: string): Promise<StreamPage | 'forgotten'> => {
      const place = parsePlace(id) as EventPlace;
      const from = lastWhole(place);
      const page = await tail.after(from);
      if (page.forgotten > from && page.forgotten > known) return 'forgotten';
      const { heads, last } = next(page.items, isLikely);
      const position = last ?? page.position;
      const blocks = await this.#cache.open(db, heads);
      // Dropped since its head was read.
      if (blocks.includes('gone')) return 'forgotten';
      return {
        items: itemsOf(heads, blocks, place, fits),
        // Nothing but the begun block has been read where that is all there is.
        position: position < place.block ? id : position.toString(),
        isLast: last === undefined && (tail.end === undefined || position >= tail.end),
      };
    };
    return { after, stop };
  }

  async #positionOf(given: string | undefined, forgotten: bigint): Promise<string> {
    if (given === undefined) return (await lastBlock(this.#pool)).toString();
    const place = parsePlace(given);
    if (place === undefined || place.block > (await highestBlock(this.#pool)))
      throw wrongPlace('must be the id of an event of this stream');
    if (given !== '0' && lastWhole(place) < forgotten) {
      throw wrongPlace('events behind it are no longer kept; begin anew with after=0 for all there are, or without it');
    }
    return given;
  }
}

/** The first blocks that may hold something, as many as are opened at once. */
function next(items: readonly BlockHead[], isLikely: (head: BlockHead) => boolean) {
  const heads: BlockHead[] = [];
  let events = 0;
  for (const [i, head] of items.entries()) {
    if (!isLikely(head)) continue;
    if (events > 0 && events + head.rows > eventsAtOnce) return { heads, last: (items[i - 1] as BlockHead).seq };
    heads.push(head);
    events += head.rows;
  }
  return { heads, last: undefined };
}

function* itemsOf(
  heads: readonly BlockHead[],
  blocks: readonly OpenedBlock[],
  place: EventPlace,
  fits: (line: string) => boolean,
): Generator<StreamItem> {
  for (const [i, { seq, clientId, type, rows }] of heads.entries()) {
    const block = blocks[i] as OpenedBlock;
    if (typeof block === 'string') {
      const unreadable: EventsUnreadable = { client_id: clientId, type, events: rows };
      yield { id: seq.toString(), event: 'unreadable', json: JSON.stringify(unreadable) };
      continue;
    }
    const before = `{"client_id":${JSON.stringify(clientId)},"event":`;
    for (let index = seq === place.block ? (place.index ?? -1) + 1 : 0; index < block.length; index++) {
      const line = block[index] as string;
      if (fits(line)) yield { id: idOf(seq, index, block.length), event: type, json: `${before}${line}}` };
    }
  }
}

function narrowed(tenants: Tenants, clientId: string | undefined): Tenants {
  if (clientId === undefined) return tenants;
  return seesTenant({ tenants }, clientId) ? [clientId] : [];
}

function wrongPlace(message: string): InputError {
  return new InputError('request-invalid', { details: { findings: [{ field: 'Last-Event-ID', message }] } });
}
