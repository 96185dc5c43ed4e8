import type { Transaction } from '@sdp/shared/contracts';
import type { Features } from './feature-event.ts';
import { featureSet } from './feature-set.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const nightEndsHour = 6;

type TransactionFacts = Pick<Transaction, 'amount' | 'occurred_at'>;
type Reader = (features: Readonly<Features>) => number;

/** How to get each feature out of what the stages worked out, in the order of the set; undefined: of the transaction itself. */
const readers: readonly (Reader | undefined)[] = featureSet.names.map(readerOf);
const positions = new Map(featureSet.names.map((name, index) => [name, index]));

/**
 * All features of {@link featureSet} in their order: those of the transaction itself, what the stages worked out, and
 * what follows from it. Without a card, its features are the customer's. What a stage left out is NaN: no model may take
 * it for a number.
 */
export function toVector(features: Readonly<Features>, transaction: TransactionFacts): Float32Array {
  const vector = new Float32Array(readers.length);
  for (const [index, read] of readers.entries()) if (read) vector[index] = read(features);
  const { msOfDay, weekday } = localTime(transaction.occurred_at);
  const turn = (2 * Math.PI * msOfDay) / dayMs;
  put(vector, 'amount', transaction.amount);
  put(vector, 'hour_sin', Math.sin(turn));
  put(vector, 'hour_cos', Math.cos(turn));
  put(vector, 'is_night', Number(msOfDay < nightEndsHour * hourMs));
  put(vector, 'is_weekend', Number(weekday === 0 || weekday === 6));
  return vector;
}

function put(vector: Float32Array, name: string, value: number): void {
  vector[positions.get(name) as number] = value;
}

function readerOf(name: string): Reader | undefined {
  if (!/^(customer|card|terminal)_/.test(name)) return undefined;
  const ofCard = /^card_(.+)$/.exec(name);
  if (ofCard) {
    const card = carried(name);
    const customer = carried(`customer_${ofCard[1]}`);
    return (features) => (features['card_count_5m'] === undefined ? customer(features) : card(features));
  }
  return carried(name);
}

function carried(name: string): Reader {
  const mean = /^(.+)_amount_mean_(.+)$/.exec(name);
  if (mean) return quotient(`${mean[1]}_amount_${mean[2]}`, `${mean[1]}_count_${mean[2]}`);
  const share = /^terminal_report_share_(.+)$/.exec(name);
  if (share) return quotient(`terminal_reports_${share[1]}`, `terminal_count_${share[1]}`);
  return (features) => features[name] ?? Number.NaN;
}

/** The transaction itself is in every count, so none is 0. */
function quotient(part: string, whole: string): Reader {
  return (features) => (features[part] ?? Number.NaN) / (features[whole] ?? Number.NaN);
}

/** Time of day and day of week where the sender's clock hangs: the offset that `occurred_at` carries. */
function localTime(occurredAt: string): { msOfDay: number; weekday: number } {
  const offset = /([+-])(\d{2}):?(\d{2})$/.exec(occurredAt);
  const offsetMs = offset ? (Number(offset[2]) * 60 + Number(offset[3])) * 60_000 * (offset[1] === '-' ? -1 : 1) : 0;
  const localMs = Date.parse(occurredAt) + offsetMs;
  const day = Math.floor(localMs / dayMs);
  return { msOfDay: localMs - day * dayMs, weekday: (((day + 4) % 7) + 7) % 7 };
}
