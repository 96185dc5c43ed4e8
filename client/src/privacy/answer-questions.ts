import { createHmac, type KeyObject } from 'node:crypto';
import type { PrivateAggregate, PrivateAnswer, RandomSource } from '@sdp/shared/anonymization/privacy';
import { type ByteSource, type CsvOptions, readRows, resolveColumn } from '../csv/index.ts';
import type { Question } from './question.ts';
import type { QuestionSheet } from './question-sheet.ts';

/** Everything that was gathered of a table. Holds exact values: only {@link GatheredAnswers.release} may leave. */
export interface GatheredAnswers {
  /** Keyed digest (HMAC-SHA-256) of the table's text. */
  readonly file: string;
  release(random: RandomSource): readonly GroupAnswer[];
}

/** An answer about one group; '' where there are no groups. */
export interface GroupAnswer extends PrivateAnswer {
  readonly question: Question;
  readonly group: string;
}

/**
 * Reads a table once and gathers what all questions ask for. Of each person the first records count, as many as were
 * declared; records of groups that weren't declared don't count.
 */
export async function gatherAnswers(
  text: ByteSource,
  { questions, person, recordsPerPerson }: QuestionSheet,
  { key, csv, onRows }: { readonly key: KeyObject; readonly csv: CsvOptions; readonly onRows?: (rows: number) => void },
): Promise<GatheredAnswers> {
  const digest = createHmac('sha256', key).update('sdp-privacy-file-v1\0');
  const source = (async function* () {
    for await (const chunk of text) {
      digest.update(chunk);
      yield chunk;
    }
  })();
  let gatherers: readonly Gatherer[];
  try {
    const { header, batches } = await readRows(source, csv);
    const personOf = person === undefined ? undefined : resolveColumn(header, person);
    gatherers = questions.map((question) => new Gatherer(question, header));
    const seen = new Map<string, number>();
    for await (const { firstRow, rows } of batches) {
      for (const cells of rows) {
        if (personOf !== undefined) {
          const name = cells[personOf] as string;
          const records = (seen.get(name) ?? 0) + 1;
          if (records > recordsPerPerson) continue;
          seen.set(name, records);
        }
        for (const gatherer of gatherers) gatherer.add(cells);
      }
      onRows?.(firstRow + rows.length - 1);
    }
  } finally {
    // Also where a column isn't there and nothing was read.
    await source.return(undefined);
  }
  return {
    file: digest.digest('hex'),
    release: (random) => gatherers.flatMap((gatherer) => gatherer.release(random)),
  };
}

class Gatherer {
  readonly #question: Question;
  readonly #column: number | undefined;
  readonly #groupColumn: number | undefined;
  readonly #groups: ReadonlyMap<string, PrivateAggregate>;

  constructor(question: Question, header: readonly string[]) {
    const { column, groupBy, groups, plan } = question;
    this.#question = question;
    this.#column = column === undefined ? undefined : resolveColumn(header, column);
    this.#groupColumn = groupBy === undefined ? undefined : resolveColumn(header, groupBy);
    this.#groups = new Map(groups.map((group) => [group, plan.aggregate()]));
  }

  add(cells: readonly string[]): void {
    const group = this.#groupColumn === undefined ? '' : (cells[this.#groupColumn] as string);
    this.#groups.get(group)?.add(this.#column === undefined ? '' : (cells[this.#column] as string));
  }

  release(random: RandomSource): readonly GroupAnswer[] {
    return [...this.#groups].flatMap(([group, aggregate]) =>
      aggregate.release(random).map((answer) => ({ ...answer, question: this.#question, group })),
    );
  }
}
