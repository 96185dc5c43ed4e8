import { parseMasterKey } from '@sdp/shared/crypto';
import { createRecordAudit } from '../../src/audit/index.ts';
import { reencrypt } from '../../src/data-keys/index.ts';
import { createPool } from '../../src/database/index.ts';
import { createBatchRoots, openDataKeyRing } from '../../src/records/index.ts';

/** Re-encrypts until it is killed, and says on stdout when it has begun. */
const { dsn, masterKey, dieAfterBatches } = JSON.parse(process.argv[2] ?? '') as {
  readonly dsn: string;
  readonly masterKey: string;
  readonly dieAfterBatches: number;
};
const serverKey = parseMasterKey(masterKey);
const pool = createPool({ dsn, applicationName: 'doomed' });
const keyRing = await openDataKeyRing(pool, serverKey);
let batches = 0;
await reencrypt({
  ...{ pool, keyRing, roots: createBatchRoots(serverKey), recordAudit: createRecordAudit(serverKey), graceMs: 0 },
  actor: { kind: 'operator', id: 'test' },
  onBatch: () => {
    if (++batches === dieAfterBatches) process.kill(process.pid, 'SIGKILL');
  },
});
