export { type DateUnitName, dateUnitNames } from './date-units.ts';
export type { Generalization, GeneralizationLevel } from './generalization.ts';
export { generalizationOf, type HierarchySpec } from './hierarchy-spec.ts';
export type { HierarchyRows } from './hierarchy-table.ts';
export { parseHierarchy } from './parse-hierarchy.ts';
