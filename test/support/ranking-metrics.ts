/** Chance that a positive scores above a negative, ties counting half (Mann–Whitney). */
export function rocAuc(scores: ArrayLike<number>, positive: readonly boolean[]): number {
  const order = ascending(scores);
  let positives = 0;
  let rankSum = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && scores[order[end] as number] === scores[order[start] as number]) end += 1;
    for (const index of order.slice(start, end)) {
      if (!positive[index]) continue;
      positives += 1;
      rankSum += (start + end + 1) / 2;
    }
    start = end;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (order.length - positives));
}

/** Average precision: precision at each threshold, weighted by the recall it adds. */
export function prAuc(scores: ArrayLike<number>, positive: readonly boolean[]): number {
  const order = ascending(scores).reverse();
  const positives = positive.filter(Boolean).length;
  let found = 0;
  let area = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && scores[order[end] as number] === scores[order[start] as number]) end += 1;
    const added = order.slice(start, end).filter((index) => positive[index]).length;
    found += added;
    area += (added / positives) * (found / end);
    start = end;
  }
  return area;
}

function ascending(scores: ArrayLike<number>): number[] {
  const order = Array.from({ length: scores.length }, (_, index) => index);
  return order.sort((a, b) => (scores[a] as number) - (scores[b] as number));
}
