/** Models worked out straight from their definitions, as a check on the code that is fast. Classes of records with equal keys. */
export function classesOf(keys: readonly string[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [record, key] of keys.entries()) groups.set(key, [...(groups.get(key) ?? []), record]);
  return [...groups.values()];
}

export function naiveEntropy(values: readonly string[]): number {
  return -shares(values)
    .values()
    .reduce((sum, share) => sum + share * Math.log(share), 0);
}

/** Half the sum of differences. */
export function naiveEqualDistance(values: readonly string[], all: readonly string[]): number {
  const [own, whole] = [shares(values), shares(all)];
  return whole.entries().reduce((sum, [value, share]) => sum + Math.abs((own.get(value) ?? 0) - share), 0) / 2;
}

/** Numbers; missing ones come first. */
export function naiveOrderedDistance(values: readonly string[], all: readonly string[]): number {
  const order = [...new Set(all)].sort((a, b) => (a === '' ? -1 : b === '' ? 1 : Number(a) - Number(b)));
  const [own, whole] = [shares(values), shares(all)];
  let [distance, carried] = [0, 0];
  for (const value of order) {
    carried += (own.get(value) ?? 0) - (whole.get(value) ?? 0);
    distance += Math.abs(carried);
  }
  return order.length > 1 ? distance / (order.length - 1) : 0;
}

function shares(values: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const value of values) found.set(value, (found.get(value) ?? 0) + 1 / values.length);
  return found;
}
