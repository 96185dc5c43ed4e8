import type { Cell, RuleDefinition } from '@sdp/shared/contracts';
import { columnsOfRules } from '@sdp/shared/contracts';
import type { StreamEvent } from '../../../detectors/index.ts';
import type { ColumnProfile } from '../column-profile.ts';
import { numberFormOf } from '../column-selection.ts';
import { categoryOf, type NumberForm, readNumber } from '../read-cell.ts';
import { nameFor } from './column-conditions.ts';

interface ReadColumn {
  readonly index: number;
  readonly form: NumberForm;
  readonly text: string;
  readonly number: string;
}

/** Shows rows as events that have what rules look at, and nothing else, as attributes. */
export class RowReader {
  readonly #columns: readonly ReadColumn[];

  /** @param rules over columns that the batch has */
  constructor(
    rules: readonly RuleDefinition[],
    { columns, profiles }: { readonly columns: readonly string[]; readonly profiles: readonly ColumnProfile[] },
  ) {
    this.#columns = columnsOfRules(rules).map((name) => {
      const index = columns.indexOf(name);
      const form = numberFormOf(profiles[index] as ColumnProfile);
      return { index, form, text: nameFor('text', name), number: nameFor('number', name) };
    });
  }

  read(cells: readonly (Cell | undefined)[]): StreamEvent {
    const attributes: Record<string, string | number> = {};
    for (const { index, form, text, number } of this.#columns) {
      const cell = cells[index];
      const written = categoryOf(cell);
      if (written === '') continue;
      attributes[text] = written;
      const value = readNumber(cell, form);
      if (!Number.isNaN(value)) attributes[number] = value;
    }
    return { ...noEvent, attributes };
  }
}

/** What rules over rows don't ask for: rows have no sender, and their times are kept apart. */
const noEvent = {
  ...{ clientId: '', eventId: '', type: 'log' as const, atMs: 0, receivedAtMs: 0, tags: {} },
  place: { topic: '', partition: 0, offset: 0n, index: 0 },
};
