/** What a miner said of one line. */
export interface MinedLine {
  readonly group: number;
  /** Groups found to be this one while the line was read. */
  readonly absorbed: readonly number[];
}

/**
 * Grouping accuracy as Zhu et al. define it ("Tools and Benchmarks for Automated Log Parsing", ICSE-SEIP 2019): the share
 * of lines whose group holds exactly the lines of their true template.
 */
export function groupingAccuracy(lines: readonly MinedLine[], truth: readonly string[]): number {
  const into = new Map<number, number>();
  for (const { group, absorbed } of lines) for (const gone of absorbed) into.set(gone, group);
  const last = (group: number): number => {
    const next = into.get(group);
    return next === undefined ? group : last(next);
  };
  const groups = lines.map(({ group }) => last(group));
  const sizes = new Map<string, number>();
  const count = (key: string) => sizes.set(key, (sizes.get(key) ?? 0) + 1);
  for (const [line, group] of groups.entries()) {
    count(`group ${group}`);
    count(`true ${truth[line]}`);
    count(`both ${group} ${truth[line]}`);
  }
  const right = groups.filter((group, line) => {
    const both = sizes.get(`both ${group} ${truth[line]}`);
    return both === sizes.get(`group ${group}`) && both === sizes.get(`true ${truth[line]}`);
  });
  return right.length / lines.length;
}
