/** Charges a tenth at a time until the budget is spent or it is killed; prints each charge. */
import { createSecretKey } from 'node:crypto';
import { parseDecimal, pureCost } from '@sdp/shared/anonymization/privacy';
import { SdpError } from '@sdp/shared/errors';
import { PrivacyLedger } from '../../../src/privacy/index.ts';

const [ledgerPath = '', headPath = '', epsilon = '0.1'] = process.argv.slice(2);
const key = createSecretKey(Buffer.from(process.env['TEST_KEY'] ?? '', 'hex'));
const ledger = new PrivacyLedger({ ledgerPath, headPath, vaultId: 'v', key, operator: { user: 'test' } });
const cost = pureCost(parseDecimal(epsilon) ?? (0n as never));
try {
  for (;;) {
    ledger.charge({ dataset: 'd', cost, questions: ['count'], file: 'f' });
    process.stdout.write('charged\n');
  }
} catch (error) {
  process.stdout.write(`${error instanceof SdpError ? error.code : 'unexpected'}\n`);
}
