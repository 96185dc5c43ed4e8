import type { Finding } from '@sdp/shared/errors';
import type { LineCounter, Node, ParsedNode } from 'yaml';

/** Collects what is wrong with a YAML file, with line and column, so that all of it is reported at once. */
export class ConfigFindings {
  readonly #lines: LineCounter;
  readonly #findings: Finding[] = [];

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  /** @param at a node of the file, or an offset into it */
  add(at: Node | ParsedNode | number | null | undefined, message: string, field?: string): void {
    const offset = typeof at === 'number' ? at : (at?.range?.[0] ?? 0);
    const { line, col } = this.#lines.linePos(offset);
    this.#findings.push({ message, line, column: Math.max(1, col), ...(field === undefined ? {} : { field }) });
  }

  /** In the order of the file. */
  get all(): readonly Finding[] {
    return this.#findings.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  }
}
