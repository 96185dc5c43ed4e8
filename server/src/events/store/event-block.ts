import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { type Event, type EventType, logLevels } from '@sdp/shared/contracts';
import { deriveKey, lengthPrefixed, nonceBytes, openBlob, sealBlob } from '@sdp/shared/crypto';
import { IntegrityError } from '@sdp/shared/errors';
import type { DataKey } from '../../records/index.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** What stands beside a sealed block, and what it is bound to. */
export interface BlockHead {
  readonly clientId: string;
  readonly type: EventType;
  readonly partition: number;
  readonly receivedAt: Date;
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly rows: number;
  /** One bit for each level of logs that is among the events. */
  readonly levels: number;
  /** See `NewEvents.identities`. */
  readonly identities: Uint8Array;
}

export interface SealedBlock extends BlockHead {
  readonly keyId: number;
  readonly payload: Buffer;
}

/** Events of one client, type and partition, in the order in which they came. */
export interface OpenBlock extends Pick<BlockHead, 'clientId' | 'type' | 'partition' | 'receivedAt' | 'identities'> {
  readonly events: readonly Event[];
}

/** A block is at most as large; events are bounded by 256 KiB each, and blocks by their number. */
const maxPlainBytes = 512 * 1024 * 1024;
const fast = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** Seals events for their client alone, bound to all that stands beside them. */
export async function sealBlock(block: OpenBlock, dataKey: DataKey): Promise<SealedBlock> {
  const { events, ...place } = block;
  const times = events.map(({ at }) => Date.parse(at));
  const head: BlockHead = {
    ...place,
    firstAt: new Date(times.reduce((a, b) => Math.min(a, b))),
    lastAt: new Date(times.reduce((a, b) => Math.max(a, b))),
    rows: events.length,
    levels: events.reduce((bits, event) => bits | levelBit(event), 0),
  };
  const text = events.map((event) => JSON.stringify(event)).join('\n');
  const { nonce, sealed } = sealBlob(
    sealingKey(dataKey, block.clientId),
    contextOf(head, dataKey.id),
    await compress(Buffer.from(text), fast),
  );
  return { ...head, keyId: dataKey.id, payload: Buffer.concat([nonce, sealed]) };
}

/** @throws {IntegrityError} `record-tampered` when it is not what was sealed */
export async function openBlock(block: SealedBlock, dataKey: DataKey): Promise<Event[]> {
  return (await openLines(block, dataKey)).map((line) => JSON.parse(line) as Event);
}

/**
 * The same, each event as JSON without a line end.
 *
 * @throws {IntegrityError} `record-tampered`
 */
export async function openLines(block: SealedBlock, dataKey: DataKey): Promise<string[]> {
  const { payload, clientId } = block;
  const blob = { nonce: payload.subarray(0, nonceBytes), sealed: payload.subarray(nonceBytes) };
  const bytes = openBlob(sealingKey(dataKey, clientId), contextOf(block, dataKey.id), blob);
  if (bytes === undefined) {
    throw new IntegrityError('record-tampered', { message: 'Stored events failed their integrity check' });
  }
  const text = (await decompress(bytes, { maxOutputLength: maxPlainBytes })).toString('utf8');
  return text.split('\n');
}

/** The bit of an event's level in a block's `levels`; 0 where it has none. */
export function levelBit(event: Pick<Event, 'type'> & { readonly level?: (typeof logLevels)[number] }): number {
  return event.level === undefined ? 0 : 1 << logLevels.indexOf(event.level);
}

const derived = new WeakMap<DataKey, Map<string, KeyObject>>();
const mostDerived = 1_000;

function sealingKey(dataKey: DataKey, clientId: string): KeyObject {
  const keys = derived.get(dataKey) ?? new Map<string, KeyObject>();
  derived.set(dataKey, keys);
  const known = keys.get(clientId);
  if (known !== undefined) return known;
  const key = deriveKey(dataKey.key, 'server-event-block-v1', clientId);
  if (keys.size >= mostDerived) keys.clear();
  keys.set(clientId, key);
  return key;
}

function contextOf(head: BlockHead, keyId: number): Buffer {
  const times = [head.receivedAt, head.firstAt, head.lastAt].map((time) => time.toISOString());
  return lengthPrefixed(
    'sdp-event-block-v1',
    ...[head.clientId, head.type, head.partition, ...times, head.rows, head.levels, head.identities, keyId],
  );
}
