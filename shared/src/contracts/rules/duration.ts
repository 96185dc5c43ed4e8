import { z } from 'zod';

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof units;

/** A length of time such as `90s`, `3m` or `1h`; gives milliseconds. */
export function durationSchema(minMs: number, maxMs: number) {
  return z
    .string()
    .regex(/^\d{1,9}(ms|s|m|h|d)$/, 'must be a number with ms, s, m, h or d, such as 90s or 3m')
    .transform((text) => {
      const unit = text.replace(/^\d+/, '') as Unit;
      return Number(text.slice(0, -unit.length)) * units[unit];
    })
    .refine((ms) => ms >= minMs && ms <= maxMs, `must be from ${durationText(minMs)} to ${durationText(maxMs)}`);
}

/** Milliseconds in the largest unit that takes them whole: 180000 is `3 min`. */
export function durationText(ms: number): string {
  const names: readonly (readonly [Unit, string])[] = [
    ['d', 'd'],
    ['h', 'h'],
    ['m', 'min'],
    ['s', 's'],
  ];
  for (const [unit, name] of names) if (ms > 0 && ms % units[unit] === 0) return `${ms / units[unit]} ${name}`;
  return `${ms} ms`;
}
