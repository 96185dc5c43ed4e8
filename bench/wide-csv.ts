import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

/** Columns of the file that are worth a token, in the order in which the benches take them. */
export const identifierColumns = [
  'customer_id',
  'email',
  'full_name',
  'account',
  'phone',
  'device',
  'passport',
  'address',
] as const;

/** A column of 16 digits and one of dates, for the methods that need such. */
export const digitsColumn = 'card_like';
export const dateColumn = 'opened';

/**
 * Writes a CSV file of identifiers and other columns, deterministically: about 125 bytes a row.
 *
 * @param distinct values per identifier column; `rows` makes every value its own
 * @param identifiers 4 or 8 of {@link identifierColumns}: each of the second four adds some 15 bytes a row
 */
export async function writeWideCsv(
  path: string,
  rows: number,
  distinct: number,
  identifiers: 4 | 8 = 4,
): Promise<void> {
  const file = createWriteStream(path, { highWaterMark: 1 << 20 });
  const more = identifiers === 8;
  let text = `customer_id,full_name,email,account,city,amount,opened,segment,balance,note,card_like${more ? ',phone,device,passport,address' : ''}\n`;
  for (let row = 0; row < rows; row++) {
    // An odd multiplier permutes the residues of a power of two only; going round in order is as good for a bench.
    const who = row % distinct;
    const mixed = Math.imul(who, 2654435761) >>> 0;
    text += `C${String(who).padStart(9, '0')},Person ${mixed.toString(36)} ${who},p${who}.${mixed % 97}@example.org,`;
    text += `AC-${String(mixed % 10_000).padStart(4, '0')}-${who},City ${row % 500},${(row * 37) % 100_000}.${row % 90},`;
    text += `2024-${String((row % 12) + 1).padStart(2, '0')}-11,segment ${row % 7},${(row * 13) % 50_000},note ${row % 1000},`;
    text += `${4_000_000_000_000_000 + who * 97}`;
    if (more)
      text += `,+1 202 ${String(who).padStart(8, '0')},d-${mixed.toString(16)}-${who},P${who}X,${who} Long Street`;
    text += '\n';
    if (text.length > 1 << 20) {
      if (!file.write(text)) await once(file, 'drain');
      text = '';
    }
  }
  file.end(text);
  await once(file, 'finish');
}
