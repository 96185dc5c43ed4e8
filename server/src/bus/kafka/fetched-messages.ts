import type { RecordsBatch } from '@platformatic/kafka';
import type { BusMessage } from '@sdp/shared/messaging';

const controlBatch = 0x20;
const logAppendTime = 0x08;

/**
 * The messages in what the broker sent, from `position` on: it sends whole batches, which may begin earlier. Control
 * records are left out but move the position.
 */
export function messagesOf(
  topic: string,
  partition: number,
  position: bigint,
  batches: readonly RecordsBatch[],
): { readonly messages: BusMessage[]; readonly position: bigint } {
  const messages: BusMessage[] = [];
  let next = position;
  for (const batch of batches) {
    const end = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n;
    if ((batch.attributes & controlBatch) === 0) {
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
