import type { Declaration } from '@sdp/shared/contracts';
import {
  type ColumnFinding,
  type ColumnScanner,
  createColumnScanner,
  type PiiKind,
  scanCell,
} from '@sdp/shared/detection';
import { type Finding, InputError } from '@sdp/shared/errors';
import type { ColumnDictionary, ParsedRecord } from './record-sink.ts';

const maxFindings = 100;

interface Slot {
  readonly scanner: ColumnScanner;
  readonly index: number;
}

/** Runs detection over every cell and every column name of an upload. */
export class Firewall {
  readonly #columns: ColumnDictionary;
  readonly #slots: Slot[] = [];
  readonly #scanners: { readonly scanner: ColumnScanner; readonly firstColumn: number }[] = [];

  constructor(columns: ColumnDictionary) {
    this.#columns = columns;
  }

  check({ texts, row }: ParsedRecord): void {
    const slots = this.#slots;
    if (slots.length < this.#columns.names.length) this.#addColumns();
    for (let i = 0; i < texts.length; i++) {
      const text = texts[i];
      if (text === undefined || text === '') continue;
      const { scanner, index } = slots[i] as Slot;
      scanner.scan(index, row, text);
    }
  }

  /**
   * Columns whose declaration as safe answers a find. Call it after the last record.
   *
   * @param declaration honoured only where the API key's policy allows
   * @throws {InputError} `raw-pii-found` with the kind, column and first row of everything else
   */
  verdict(declaration: Declaration | undefined, allowDeclaredSafe: boolean): string[] {
    const safe = new Set(allowDeclaredSafe ? declaration?.declared_safe : []);
    const refused: Finding[] = [];
    let detector: PiiKind | undefined;
    for (const { scanner, firstColumn } of this.#scanners) {
      for (const found of scanner.findings()) {
        const columnIndex = firstColumn + found.columnIndex;
        if (!found.proven && safe.has(this.#columns.names[columnIndex] ?? '')) continue;
        detector ??= found.kind;
        refused.push(describe(found, columnIndex));
      }
    }
    if (detector === undefined) return this.#columns.names.filter((name) => safe.has(name));
    throw new InputError('raw-pii-found', {
      details: { findings: refused.slice(0, maxFindings), count: refused.length, detector },
    });
  }

  /** Columns of NDJSON come up as they please: each new group gets a scanner of its own. */
  #addColumns(): void {
    const firstColumn = this.#slots.length;
    const names = this.#columns.names.slice(firstColumn);
    const scanner = createColumnScanner(names);
    this.#scanners.push({ scanner, firstColumn });
    for (const index of names.keys()) this.#slots.push({ scanner, index });
  }
}

function describe(found: ColumnFinding, columnIndex: number): Finding {
  const strength = found.proven ? '' : ' (by its form)';
  // A name that is itself a find is not repeated.
  if (found.row === 0)
    return { message: `${found.kind} in a column's name${strength}`, field: `column ${columnIndex + 1}` };
  const isNamed = scanCell(found.column) === undefined && !/^column \d+$/.test(found.column);
  return {
    message: `${found.kind}${strength}`,
    field: isNamed ? found.column : `column ${columnIndex + 1}`,
    row: found.row,
  };
}

/** What goes with the records is free text in places, and is stored: it is looked at too. @throws {InputError} `raw-pii-found` */
export function checkMetadata(metadata: Readonly<Record<string, unknown>>): void {
  for (const [field, value] of Object.entries(metadata)) {
    const kind = findIn(value);
    if (kind) {
      throw new InputError('raw-pii-found', {
        details: { findings: [{ message: `${kind} in the request's metadata`, field }], count: 1, detector: kind },
      });
    }
  }
}

function findIn(value: unknown): PiiKind | undefined {
  if (typeof value === 'string') return scanCell(value)?.kind;
  if (value === null || typeof value !== 'object') return undefined;
  for (const [name, each] of Object.entries(value)) {
    const kind = (Array.isArray(value) ? undefined : scanCell(name)?.kind) ?? findIn(each);
    if (kind) return kind;
  }
  return undefined;
}
