import type { RecordsBatch } from '@platformatic/kafka';
import type { BusMessage } from '@sdp/shared/messaging';

const transactional = 0x10;
const controlBatch = 0x20;
/** Of a control record's key: version, then kind. */
const abortKind = 0;
const logAppendTime = 0x08;

/**
 * The messages in what the broker sent, from `position` on: it sends whole batches, which may begin earlier. Control
 * records, and what belongs to a transaction that was aborted, are left out but move the position.
 *
 * @param aborted as the broker names them to those who read what is committed
 */
export function messagesOf(
  topic: string,
  partition: number,
  position: bigint,
  batches: readonly RecordsBatch[],
  aborted: readonly AbortedTransaction[] = [],
): { readonly messages: BusMessage[]; readonly position: bigint } {
  const messages: BusMessage[] = [];
  let next = position;
  const dead = new DeadTransactions(aborted);
  for (const batch of batches) {
    const end = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n;
    if (!dead.claims(batch) && (batch.attributes & controlBatch) === 0) {
      for (const record of batch.records) {
        const offset = batch.firstOffset + BigInt(record.offsetDelta);
        if (offset < position) continue;
        const timestamp =
          (batch.attributes & logAppendTime) === 0 ? batch.firstTimestamp + record.timestampDelta : batch.maxTimestamp;
        messages.push({
          topic,
          partition,
          offset,
          key: record.key?.toString('utf8') ?? '',
          // A copy: the record is a view of the whole answer, which one slow message would keep in memory.
          value: new Uint8Array(record.value ?? []),
          headers: Object.fromEntries(record.headers.map(([name, value]) => [String(name ?? ''), String(value ?? '')])),
          timestamp: new Date(Number(timestamp)),
        });
      }
    }
    if (end > next) next = end;
  }
  return { messages, position: next };
}

export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

/**
 * Which batches belong to aborted transactions: those of the producer from the transaction's first offset to its abort marker
 * (Kafka protocol, KIP-98). The library's own filter takes only one transaction of each producer into account.
 */
class DeadTransactions {
  readonly #coming: AbortedTransaction[];
  readonly #open = new Set<bigint>();

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#coming = aborted.toSorted((a, b) => Number(a.firstOffset - b.firstOffset));
  }

  /** To be asked of each batch, in order. */
  claims({ attributes, producerId, firstOffset, lastOffsetDelta, records }: RecordsBatch): boolean {
    const end = firstOffset + BigInt(lastOffsetDelta);
    for (let [next] = this.#coming; next !== undefined && next.firstOffset <= end; [next] = this.#coming) {
      this.#open.add(next.producerId);
      this.#coming.shift();
    }
    if ((attributes & transactional) === 0 || !this.#open.has(producerId)) return false;
    if ((attributes & controlBatch) !== 0 && records[0]?.key?.readInt16BE(2) === abortKind)
      this.#open.delete(producerId);
    return true;
  }
}
