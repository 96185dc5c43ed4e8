const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `30s`, `5m`, `1h30m`, as Prometheus writes durations. @returns milliseconds; undefined for anything else */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(?:\d{1,6}(?:ms|[smhdw]))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+)(ms|[smhdw])/g))
    total += Number(number) * (units[unit ?? ''] ?? 0);
  return total;
}

/** The way back, in the largest units that fit. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0';
  let rest = milliseconds;
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const count = Math.floor(rest / (units[unit] ?? 1));
    if (count > 0) text += `${count}${unit}`;
    rest -= count * (units[unit] ?? 1);
  }
  return text;
}
