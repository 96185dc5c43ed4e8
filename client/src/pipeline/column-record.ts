import type { ColumnOptions, ManifestColumn } from '../manifest/index.ts';
import { type ColumnRule, namespaceOf } from './column-rule.ts';

/** What a manifest says of the columns: those of the output in its order, and the names of those left out. */
export function describeColumns(rules: readonly ColumnRule[]): {
  readonly columns: ManifestColumn[];
  readonly dropped: string[];
} {
  const columns: ManifestColumn[] = [];
  const dropped: string[] = [];
  for (const rule of rules) {
    if (rule.method === 'drop') {
      dropped.push(rule.name);
      continue;
    }
    const namespace = namespaceOf(rule);
    const options = optionsOf(rule);
    columns.push({
      name: rule.name,
      index: columns.length,
      method: rule.method,
      ...(namespace === undefined ? {} : { namespace }),
      ...(Object.keys(options).length === 0 ? {} : { options }),
    });
  }
  return { columns, dropped };
}

function optionsOf(_rule: ColumnRule): ColumnOptions {
  return {};
}
