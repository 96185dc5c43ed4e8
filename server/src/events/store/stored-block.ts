import type { EventType } from '@sdp/shared/contracts';
import type { SealedBlock } from './event-block.ts';

/** A block as it stands in the database. */
export interface StoredBlockRow {
  readonly block_id: string;
  readonly received_at: Date;
  readonly client_id: string;
  readonly type: EventType;
  readonly partition: number;
  readonly first_at: Date;
  readonly last_at: Date;
  readonly rows: number;
  readonly levels: number;
  readonly identities: Buffer;
  readonly key_id: number;
  readonly payload: Buffer;
}

export const storedBlockColumns =
  'block_id, received_at, client_id, type, partition, first_at, last_at, rows, levels, identities, key_id, payload';

export function sealedBlockOf(row: StoredBlockRow): SealedBlock {
  const { client_id: clientId, type, partition, rows, levels, identities, payload } = row;
  return {
    ...{ clientId, type, partition, rows, levels, identities, payload },
    ...{ receivedAt: row.received_at, firstAt: row.first_at, lastAt: row.last_at, keyId: row.key_id },
  };
}
