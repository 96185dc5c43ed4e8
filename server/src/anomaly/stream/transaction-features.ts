import { nameHash, type StateReader, type StateWriter, type StreamEvent } from '../../detectors/index.ts';
import { type EventFeature, type EventFeatures, hourOfDay, timeOf } from './event-features.ts';
import { RecencyTable } from './recency-table.ts';

const features: readonly EventFeature[] = [
  { name: 'amount' },
  // Once more as a logarithm, in which small amounts lie apart as large ones do.
  { name: 'amount' },
  { name: 'amount_to_usual_of_user' },
  { name: 'recent_transactions_of_user' },
  { name: 'hour_of_day', isDaily: true },
  { name: 'merchant_rarity' },
  { name: 'category_rarity' },
  { name: 'channel_rarity' },
  { name: 'country_rarity' },
];
const words = ['merchant', 'category', 'channel', 'country'] as const;
const firstWord = features.length - words.length;

/** After so many transactions what was counted counts half, so that what is rare follows the times. */
const halvedAfter = 16_384;
/** How fast a user's mean follows once it is known. */
const steadyWeight = 0.05;
/** Different merchants, categories, channels and countries that are counted. */
const mostWords = 8_192;

/** A transaction of a user counts half as recent after so long. */
const recentMs = 10 * 60_000;

// Of a user.
const [count, lastMs, logMean, recent] = [0, 1, 2, 3];

/** What is usual of transactions of one client and currency, of its users, and how often each word occurs. */
export class TransactionFeatures implements EventFeatures {
  readonly features = features;
  readonly #users: RecencyTable;
  readonly #words = new RecencyTable(1, mostWords);
  #counted = 0;

  constructor(mostUsers: number) {
    this.#users = new RecencyTable(4, mostUsers);
  }

  take(event: StreamEvent, into: Float32Array, from: number): void {
    const amount = event.amount ?? 0;
    const logAmount = Math.sign(amount) * Math.log2(1 + Math.abs(amount));
    const atMs = timeOf(event);
    into[from] = amount;
    into[from + 1] = logAmount;
    this.#takeUser(event.userId ?? '', logAmount, atMs, into, from + 2);
    into[from + 4] = hourOfDay(atMs);
    for (let word = 0; word < words.length; word += 1) {
      into[from + firstWord + word] = this.#rarity(event[words[word] as (typeof words)[number]] ?? '', word);
    }
    this.#counted += 1;
    if (this.#counted === halvedAfter) this.#halve();
  }

  write(writer: StateWriter): void {
    this.#users.write(writer);
    this.#words.write(writer);
    writer.number(this.#counted);
  }

  read(reader: StateReader): void {
    this.#users.read(reader);
    this.#words.read(reader);
    this.#counted = reader.number();
  }

  #takeUser(user: string, logAmount: number, atMs: number, into: Float32Array, from: number): void {
    const at = this.#users.at(1 + nameHash(user));
    const { numbers } = this.#users;
    const known = numbers[at + count] as number;
    const mean = numbers[at + logMean] as number;
    const sinceMs = Math.max(0, atMs - (numbers[at + lastMs] as number));
    into[from] = known === 0 ? Number.NaN : logAmount - mean;
    const lately = (numbers[at + recent] as number) * 2 ** (-sinceMs / recentMs);
    into[from + 1] = lately;
    numbers[at + recent] = lately + 1;
    numbers[at + count] = known + 1;
    numbers[at + lastMs] = known === 0 ? atMs : Math.max(atMs, numbers[at + lastMs] as number);
    numbers[at + logMean] = mean + (logAmount - mean) * Math.max(steadyWeight, 1 / (known + 1));
  }

  /** In bits, by what came before it. */
  #rarity(value: string, word: number): number {
    const at = this.#words.at(1 + nameHash(value, word + 1));
    const { numbers } = this.#words;
    const known = numbers[at] as number;
    numbers[at] = known + 1;
    return Math.log2((this.#counted + 1) / (known + 0.5));
  }

  #halve(): void {
    const { numbers } = this.#words;
    for (let at = 0; at < numbers.length; at += 1) numbers[at] = (numbers[at] as number) / 2;
    this.#counted /= 2;
  }
}
