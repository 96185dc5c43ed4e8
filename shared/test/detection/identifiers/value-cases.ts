import { readFileSync } from 'node:fs';
import { findIdentifiers } from '@sdp/shared/detection';
import { testDataPath } from '../../../../test/support/test-data.ts';

export const valueCasesPath = 'pii-presidio-recognizer-cases/cases.jsonl';

interface ValueCase {
  readonly text: string;
  readonly entities: readonly string[];
  readonly expected_len?: number;
  readonly expected_positions?: readonly (readonly [number, number])[];
}

/** What the cases call each kind. */
const kindsByEntity: Readonly<Record<string, readonly string[]>> = {
  ABA_ROUTING_NUMBER: ['us-aba-routing'],
  AU_ACN: ['au-acn'],
  AU_TFN: ['au-tfn'],
  CA_SIN: ['ca-sin'],
  MEDICAL_LICENSE: ['us-dea'],
  DE_BSNR: ['de-practice'],
  DE_HANDELSREGISTER: ['de-commercial-register'],
  DE_ID_CARD: ['de-id-card', 'de-passport'],
  DE_KFZ: ['de-vehicle-registration'],
  DE_LANR: ['de-physician'],
  DE_PASSPORT: ['de-passport', 'de-id-card'],
  DE_TAX_NUMBER: ['de-tax-number'],
  DE_VAT_ID: ['de-vat'],
  ES_NIF: ['es-dni'],
  IN_AADHAAR: ['in-aadhaar'],
  IN_GSTIN: ['in-gstin'],
  IN_PAN: ['in-pan'],
  IN_PASSPORT: ['in-passport'],
  IN_VEHICLE_REGISTRATION: ['in-vehicle-registration'],
  IN_VOTER: ['in-voter'],
  IT_FISCAL_CODE: ['it-codice-fiscale'],
  IT_PASSPORT: ['it-passport'],
  IT_VAT_CODE: ['it-partita-iva'],
  KR_DRIVER_LICENSE: ['kr-driver-license'],
  MAC_ADDRESS: ['mac-address'],
  PHONE_NUMBER: ['phone'],
  SG_NRIC_FIN: ['sg-nric'],
  UK_DRIVING_LICENCE: ['uk-driving-licence'],
  UK_NHS: ['uk-nhs'],
  UK_NINO: ['uk-nino'],
  UK_PASSPORT: ['uk-passport'],
  UK_VEHICLE_REGISTRATION: ['uk-vehicle-registration'],
  URL: ['url', 'personal-url'],
  US_BANK_NUMBER: ['us-bank-account'],
  US_SSN: ['us-ssn'],
  ZA_ID_NUMBER: ['za-id'],
};

/** Values of one entity: expected and found, expected only, found only. */
export interface Tally {
  readonly entity: string;
  readonly hits: number;
  readonly missed: readonly string[];
  readonly wrong: readonly string[];
}

/**
 * Runs each case with the kinds of its entity, as the recognizer that it was written for would run, or as a cell with all kinds: a case counts as
 * found when at least as many values as expected are found and cover the expected places.
 */
export function tallyValueCases(named = true): Tally[] {
  const tallies = new Map<string, { hits: number; missed: string[]; wrong: string[] }>();
  const lines = readFileSync(testDataPath(valueCasesPath), 'utf8').trim().split('\n');
  for (const line of lines) {
    const { text, entities, expected_len: expected, expected_positions: places } = JSON.parse(line) as ValueCase;
    const entity = entities[0] ?? '';
    const kinds = kindsByEntity[entity];
    if (kinds === undefined || expected === undefined) continue;
    const tally = tallies.get(entity) ?? { hits: 0, missed: [], wrong: [] };
    tallies.set(entity, tally);
    const found = findIdentifiers(text, named ? { kinds } : { cell: true }).filter(({ kind }) => kinds.includes(kind));
    if (expected === 0) {
      if (found.length > 0) tally.wrong.push(text);
      continue;
    }
    const placed = (places ?? []).every(([start, end]) =>
      found.some((finding) => finding.start <= start + 1 && finding.end >= end - 1 && finding.end <= end + 1),
    );
    if (found.length > 0 && placed) tally.hits += 1;
    else tally.missed.push(text);
  }
  return [...tallies].map(([entity, tally]) => ({ entity, ...tally }));
}
