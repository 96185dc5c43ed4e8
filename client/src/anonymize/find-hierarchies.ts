import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { type HierarchySpec, parseHierarchy } from '@sdp/shared/anonymization';
import { ConfigError } from '@sdp/shared/errors';
import type { ColumnRole } from './anonymize-plan.ts';

export type QuasiColumn = Extract<ColumnRole, { role: 'quasi' }>;

/** The files of a folder of hierarchies. */
export class HierarchyFolder {
  readonly #folder: string;
  readonly #files: readonly string[];

  private constructor(folder: string, files: readonly string[]) {
    this.#folder = folder;
    this.#files = files;
  }

  /** @throws {ConfigError} `config-unreadable` */
  static async open(folder: string): Promise<HierarchyFolder> {
    try {
      const entries = await readdir(folder);
      return new HierarchyFolder(folder, entries.filter((name) => /\.(csv|txt)$/i.test(name)).sort());
    } catch {
      throw new ConfigError('config-unreadable', {
        message: 'The folder of hierarchies cannot be read',
        details: { file: folder },
      });
    }
  }

  /**
   * `age.csv`, or a name that ends with `_hierarchy_age.csv` as in ARX's samples. Of several the one that begins with the
   * table's name: `adult_hierarchy_age.csv` for `adult.csv`.
   *
   * @throws {ConfigError} `config-invalid` where several fit
   */
  fileFor(column: string, table: string): string | undefined {
    const matches = this.#files.filter((file) => {
      const stem = file.slice(0, -extname(file).length);
      return stem === column || stem.endsWith(`hierarchy_${column}`);
    });
    if (matches.length < 2) return matches[0];
    const own = matches.filter((file) => file.startsWith(`${table}_hierarchy_`));
    if (own.length === 1) return own[0];
    throw new ConfigError('config-invalid', {
      message: `The folder of hierarchies has ${matches.length} files for one column`,
      remedy: 'Name the one to use in the configuration: hierarchy: FILE.csv',
      details: { column, file: this.#folder },
    });
  }

  /** @throws {ConfigError} `config-unreadable`, `hierarchy-invalid` */
  async read(file: string, column: string): Promise<HierarchySpec> {
    const path = join(this.#folder, file);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch {
      throw new ConfigError('config-unreadable', {
        message: 'A hierarchy was not found in the folder of hierarchies, or cannot be read',
        details: { column, file: path },
      });
    }
    return { kind: 'table', rows: parseHierarchy(text, column) };
  }
}

/** Where the hierarchy of a quasi-identifier comes from; `undefined` where nothing was said and no file is there. */
export async function hierarchySpec(
  column: string,
  { hierarchy, widths, units }: QuasiColumn,
  folder: HierarchyFolder | undefined,
  table: string,
): Promise<HierarchySpec | undefined> {
  if (hierarchy === undefined) {
    if (widths !== undefined) return { kind: 'intervals', widths };
    if (units !== undefined) return { kind: 'dates', units };
    const file = folder?.fileFor(column, table);
    return file === undefined ? undefined : folder?.read(file, column);
  }
  switch (hierarchy) {
    case 'intervals':
      return { kind: 'intervals', ...(widths === undefined ? {} : { widths }) };
    case 'dates':
      return { kind: 'dates', ...(units === undefined ? {} : { units }) };
    case 'auto':
    case 'mask':
    case 'suppress':
      return { kind: hierarchy };
    default:
      if (folder !== undefined) return folder.read(hierarchy, column);
      throw new ConfigError('config-invalid', {
        message: 'A hierarchy names a file, and there is no folder of hierarchies',
        remedy: 'Add --hierarchies FOLDER, or hierarchies: FOLDER to the configuration.',
        details: { column },
      });
  }
}
