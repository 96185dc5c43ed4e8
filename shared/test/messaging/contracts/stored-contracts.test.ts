import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  batchReceivedMessageSchema,
  transactionDecidedSchema,
  transactionEmbeddedSchema,
  transactionEnrichedSchema,
  transactionOutcomeKnownSchema,
  transactionReceivedSchema,
} from '@sdp/shared/contracts';
import {
  compatibilityFindings,
  type JsonSchema,
  type PayloadContract,
  parseSchemaId,
  schemaIdOf,
} from '@sdp/shared/messaging';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

/** Every contract of messages, in every version that is still read. A new one is added here. */
const contracts: readonly PayloadContract[] = [
  { name: 'batch.received', version: 1, schema: batchReceivedMessageSchema },
  { name: 'transaction.received', version: 1, schema: transactionReceivedSchema },
  { name: 'transaction.enriched', version: 1, schema: transactionEnrichedSchema },
  { name: 'transaction.outcome', version: 1, schema: transactionOutcomeKnownSchema },
  { name: 'transaction.embedded', version: 1, schema: transactionEmbeddedSchema },
  { name: 'transaction.decided', version: 1, schema: transactionDecidedSchema },
];

/** What lies in topics was written by these. With UPDATE_CONTRACTS=1 a new version is stored; a stored one is never changed. */
const folder = join(import.meta.dirname, 'stored');
const fileOf = (contract: PayloadContract) => join(folder, `${schemaIdOf(contract)}.json`);
const current = (contract: PayloadContract) => z.toJSONSchema(contract.schema) as JsonSchema;
const stored = readdirSync(folder).map((file) => ({
  id: parseSchemaId(file.replace(/\.json$/, '')),
  schema: JSON.parse(readFileSync(join(folder, file), 'utf8')) as JsonSchema,
}));

describe.each(contracts.map((contract) => ({ id: schemaIdOf(contract), contract })))('contract $id', ({ contract }) => {
  test('is stored, and is still what was stored', () => {
    const file = fileOf(contract);
    if (process.env['UPDATE_CONTRACTS'] === '1' && !existsSync(file)) {
      writeFileSync(file, `${JSON.stringify(current(contract), null, 2)}\n`);
    }
    expect(current(contract)).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  });

  test('reads all that its stored versions wrote', () => {
    for (const { id, schema } of stored) {
      if (id?.name !== contract.name || id.version > contract.version) continue;
      expect(compatibilityFindings(schema, current(contract)), schemaIdOf(id)).toEqual([]);
    }
  });
});
