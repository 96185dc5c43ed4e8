import type { Writable } from 'node:stream';
import { escapeControl } from './escape-control.ts';
import { formatNumber } from './format-table.ts';
import type { Progress } from './terminal.ts';
import { textWidth } from './text-width.ts';

const redrawMs = 100;
const eraseLine = '\r\u001b[K';

export interface ProgressLineOptions {
  readonly stream: Writable & { readonly columns?: number };
  readonly label: string;
  readonly total?: number;
  readonly unit?: string;
  readonly now: () => number;
}

/** A line that is redrawn in place: count, share, rate and the time that is left. */
export class ProgressLine implements Progress {
  readonly #options: ProgressLineOptions;
  readonly #startedAt: number;
  #label: string;
  #total: number | undefined;
  #done = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;

  constructor(options: ProgressLineOptions) {
    this.#options = options;
    this.#label = options.label;
    this.#total = options.total;
    this.#startedAt = options.now();
  }

  update(done: number, total?: number): void {
    this.#done = done;
    if (total !== undefined) this.#total = total;
    this.#draw();
  }

  label(text: string): void {
    this.#label = text;
    this.#drawnAt = Number.NEGATIVE_INFINITY;
    this.#draw();
  }

  stop(): void {
    this.#options.stream.write(eraseLine);
  }

  /** Clears the line so that something else can be printed; the next update draws it again. */
  clear(): void {
    this.#options.stream.write(eraseLine);
    this.#drawnAt = Number.NEGATIVE_INFINITY;
  }

  #draw(): void {
    const { stream, now } = this.#options;
    const time = now();
    if (time - this.#drawnAt < redrawMs) return;
    this.#drawnAt = time;
    // A terminal without a size says 0.
    const columns = stream.columns || 80;
    let text = escapeControl(
      progressText(this.#label, this.#done, (time - this.#startedAt) / 1000, {
        total: this.#total,
        unit: this.#options.unit,
      }),
    );
    while (textWidth(text) >= columns) text = text.slice(0, -1);
    stream.write(eraseLine + text);
  }
}

/** What the line says after `seconds`. */
export function progressText(
  label: string,
  done: number,
  seconds: number,
  { total, unit = '' }: { readonly total?: number | undefined; readonly unit?: string | undefined },
): string {
  const of = (count: number) => (unit === 'bytes' ? formatBytes(count) : formatNumber(Math.round(count)));
  const rate = seconds > 0 ? done / seconds : 0;
  const parts = [label];
  const suffix = unit === 'bytes' || unit === '' ? '' : ` ${unit}`;
  if (total !== undefined && total > 0) {
    const share = Math.min(1, done / total);
    parts.push(`${'█'.repeat(Math.round(share * 20)).padEnd(20, '░')} ${Math.floor(share * 100)}%`);
  }
  parts.push(of(done) + suffix);
  if (seconds >= 0.5 && rate > 0) {
    parts.push(`${of(rate)}${suffix}/s`);
    if (total !== undefined && total > done) parts.push(`${formatSeconds((total - done) / rate)} left`);
  }
  return parts.join('  ');
}

/** A size for people: 1.5 MB is 1,500,000 bytes. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
