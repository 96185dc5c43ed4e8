import { type Report, ReportList } from './report-list.ts';
import { type SnapshotReader, type SnapshotWriter, snapshotInvalid } from './snapshot-bytes.ts';

/** Confirmed frauds of many terminals. Few terminals have any. */
export class KeyedReports {
  readonly #keys: Map<string, ReportList>;
  #horizonMs: number;

  constructor(keys: Map<string, ReportList> = new Map(), horizonMs = Number.NEGATIVE_INFINITY) {
    this.#keys = keys;
    this.#horizonMs = horizonMs;
  }

  get horizonMs(): number {
    return this.#horizonMs;
  }

  learn(key: string, id: number, knownMs: number, fraud: boolean): void {
    if (knownMs <= this.#horizonMs) return;
    let list = this.#keys.get(key);
    if (!list) {
      list = new ReportList();
      this.#keys.set(key, list);
    }
    list.learn(id, knownMs, fraud);
  }

  countBetween(key: string, fromMs: number, toMs: number): number {
    return this.#keys.get(key)?.countBetween(Math.max(fromMs, this.#horizonMs), toMs) ?? 0;
  }

  latestBetween(key: string, fromMs: number, toMs: number): number | undefined {
    return this.#keys.get(key)?.latestBetween(Math.max(fromMs, this.#horizonMs), toMs);
  }

  evict(untilMs: number): void {
    // Whole minutes, as each call looks at every list.
    const horizonMs = Math.floor(untilMs / 60_000) * 60_000;
    if (horizonMs <= this.#horizonMs) return;
    this.#horizonMs = horizonMs;
    for (const [key, list] of this.#keys) if (list.dropUntil(horizonMs)) this.#keys.delete(key);
  }

  entries(): IterableIterator<[string, ReportList]> {
    return this.#keys.entries();
  }
}

export function writeKeyedReports(writer: SnapshotWriter, keyed: KeyedReports): void {
  writer.number(keyed.horizonMs);
  const entries = [...keyed.entries()];
  writer.count(entries.length);
  for (const [key, list] of entries) {
    writer.text(key);
    const rows = [...list.reports].flatMap(([id, { fraud, sinceMs, latestMs }]) => [
      id,
      Number(fraud),
      sinceMs,
      latestMs,
    ]);
    writer.numbers(Float64Array.from(rows));
  }
}

/** @throws {IntegrityError} `record-tampered` */
export function readKeyedReports(reader: SnapshotReader): KeyedReports {
  const horizonMs = reader.horizon();
  const keys = new Map<string, ReportList>();
  for (let left = reader.count(); left > 0; left -= 1) {
    const key = reader.text();
    const reports = new Map<number, Report>();
    const rows = reader.numbers(4);
    for (let at = 0; at < rows.length; at += 4) {
      const [id, fraud, sinceMs, latestMs] = rows.subarray(at, at + 4) as unknown as [number, number, number, number];
      const isValid = Number.isSafeInteger(id) && (fraud === 0 || fraud === 1) && sinceMs <= latestMs;
      if (!isValid || !Number.isFinite(sinceMs) || !Number.isFinite(latestMs)) throw snapshotInvalid();
      reports.set(id, { fraud: fraud === 1, sinceMs, latestMs });
    }
    if (reports.size * 4 !== rows.length || reports.size === 0 || keys.has(key)) throw snapshotInvalid();
    keys.set(key, new ReportList(reports));
  }
  return new KeyedReports(keys, horizonMs);
}
