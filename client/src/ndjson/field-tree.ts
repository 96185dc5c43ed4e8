import { InputError } from '@sdp/shared/errors';

/** Distinct names at all levels together that a file may have; more are a sign that keys hold data. */
const fieldLimit = 10_000;

/** A name inside an object of a table's rows: a field, an object with further ones, or now this, now that. */
export class FieldNode {
  /** Dotted, from the row's object; a dot or backslash in a name stands behind a backslash. */
  readonly path: string;
  /** Names of the members, in the order in which they were first met. */
  readonly children: FieldNode[] = [];
  /** The name's bytes as they were first met, quotes not included. */
  readonly spelling: Buffer;
  /** Index of the column, or -1 where it has no place in the header. */
  column = -1;
  /** Whether a value other than `null` and an object with members was met. */
  holdsValues = false;
  holdsNulls = false;
  /** Whether the member is to be left out. */
  dropped = false;
  /** Whether the column's values are to be replaced. */
  edited = false;
  /** Number of the object it was last met in, to find names that come twice; of the root: of the last object. */
  metIn = -1;
  readonly #byName = new Map<string, FieldNode>();
  readonly #budget: { left: number };

  constructor(path: string, spelling: Buffer, budget = { left: fieldLimit }) {
    this.path = path;
    this.spelling = spelling;
    this.#budget = budget;
  }

  /** @returns `undefined` where there is none of this name */
  child(name: string): FieldNode | undefined {
    return this.#byName.get(name);
  }

  /** @throws {InputError} `ndjson-invalid` when there are too many */
  add(name: string, spelling: Uint8Array): FieldNode {
    this.#budget.left -= 1;
    if (this.#budget.left < 0) {
      throw new InputError('ndjson-invalid', {
        message: `The objects have more than ${fieldLimit} different keys`,
        remedy: 'Keys that are data cannot be told from fields; put them into values first.',
      });
    }
    const step = name.replace(/[\\.]/g, '\\$&');
    const path = this.path === '' ? step : `${this.path}.${step}`;
    const node = new FieldNode(path, Buffer.from(spelling), this.#budget);
    this.#byName.set(name, node);
    this.children.push(node);
    return node;
  }

  /** The fields in the order in which they were met. What is only ever `null` beside objects is no field. */
  *fields(): Generator<FieldNode> {
    for (const node of this.children) {
      if (node.holdsValues || (node.holdsNulls && node.children.length === 0)) yield node;
      yield* node.fields();
    }
  }
}
