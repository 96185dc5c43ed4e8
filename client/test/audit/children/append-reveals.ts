/** Appends reveals and their outcomes until it is killed, or as often as argument 3 says; prints each line's number. */
import { createSecretKey } from 'node:crypto';
import { AuditLog } from '../../../src/audit/index.ts';

const [logPath = '', headFolder = '', times = 'Infinity'] = process.argv.slice(2);
const key = createSecretKey(Buffer.from(process.env['TEST_KEY'] ?? '', 'hex'));
const place = { logPath, headFolder, mode: 0o600 };
const log = new AuditLog({ place, vaultId: '0123456789abcdef0123456789abcdef', key });
for (let n = 0; n < Number(times); n++) {
  const { seq } = log.append({ event: 'reveal', command: 'test', operator: { user: 'test' }, host: 'test' });
  process.stdout.write(`${seq}\n`);
  log.append({ event: 'outcome', reveal: seq, status: 'released', cells: n });
}
