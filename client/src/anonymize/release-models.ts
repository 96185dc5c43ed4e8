import {
  distinctDiversity,
  type EncodedColumn,
  entropyDiversity,
  type PrivacyModel,
  tCloseness,
} from '@sdp/shared/anonymization';
import type { AnonymizeConfig, ColumnRole } from './anonymize-plan.ts';

/** What is asked of a sensitive column. */
export interface AskedProtection {
  readonly l: number | undefined;
  readonly diversity: 'distinct' | 'entropy';
  readonly t: number | undefined;
}

/** What a column's own entry says goes before what is said for all. */
export function askedOf(role: Extract<ColumnRole, { role: 'sensitive' }>, config: AnonymizeConfig): AskedProtection {
  return { l: role.l ?? config.l, diversity: role.l_model ?? config.l_model ?? 'distinct', t: role.t ?? config.t };
}

export function modelsOf(column: EncodedColumn, { l, diversity, t }: AskedProtection): PrivacyModel[] {
  return [
    ...(l === undefined ? [] : [diversity === 'entropy' ? entropyDiversity(column, l) : distinctDiversity(column, l)]),
    ...(t === undefined ? [] : [tCloseness(column, t)]),
  ];
}
