import type { ColumnSample } from './column-sample.ts';
import { type ColumnClass, classOf } from './column-type.ts';
import { type Judgement, viewColumn } from './column-view.ts';
import type { Dictionary } from './dictionary.ts';
import { judgeColumn } from './judge-column.ts';
import { classifyInContext } from './table-context.ts';

export interface ClassifiedColumn extends Judgement {
  /** 0-based. */
  readonly index: number;
  readonly name?: string;
  readonly class: ColumnClass;
  /** Filled cells of the sample, and different values among them. */
  readonly filled: number;
  readonly distinct: number;
}

/**
 * Says of every column of a table what it holds. The columns' samples must be of the same rows: names that come back in
 * the e-mail address of their row, and the parts of an address, are known by their neighbours.
 *
 * @param thisYear the present year, for dates of birth
 */
export function classifyTable(
  columns: readonly ColumnSample[],
  dictionary: Dictionary,
  thisYear: number,
): ClassifiedColumn[] {
  const views = columns.map((column) => viewColumn(column, dictionary, thisYear));
  const judgements = classifyInContext(views, views.map(judgeColumn), thisYear);
  return judgements.map((judgement, index) => {
    const { name, facts } = views[index] as (typeof views)[number];
    return {
      index,
      ...(name === undefined ? {} : { name }),
      class: classOf(judgement.type),
      ...judgement,
      filled: facts.filled,
      distinct: facts.values.length,
    };
  });
}
