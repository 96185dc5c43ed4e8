/** Columns named per record: more would repeat what the first ones say. */
const namedColumns = 3;

/** The columns with the largest shares, most contributing first; those under 1 % are left out. */
export function topContributions(
  contributions: Float32Array,
  columns: readonly { readonly name: string }[],
): { column: string; share: number }[] {
  let total = 0;
  for (const value of contributions) total += value;
  const top: { column: string; share: number }[] = [];
  const floor = Math.max(total * 0.01, Number.MIN_VALUE);
  let above = Number.POSITIVE_INFINITY;
  let last = -1;
  // A few selection passes beat sorting: there are few columns to name and many records.
  while (top.length < namedColumns) {
    let best = -1;
    for (let index = 0; index < contributions.length; index += 1) {
      const value = contributions[index] as number;
      const open = value < above || (value === above && index > last);
      if (open && value >= floor && (best < 0 || value > (contributions[best] as number))) best = index;
    }
    const column = columns[best];
    if (!column) break;
    above = contributions[best] as number;
    last = best;
    // Rounded down, so that shares never sum to more than 1.
    top.push({ column: column.name, share: Math.floor((above / total) * 1e4) / 1e4 });
  }
  return top;
}
