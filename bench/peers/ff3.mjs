#!/usr/bin/env node
// Replaces one column of digits by FF3-1 with the npm package ff3. Usage: ff3.mjs INPUT OUTPUT COLUMN
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { parse } from 'csv-parse';
import { stringify } from 'csv-stringify';
import FF3Cipher from 'ff3';

const [input, output, column] = process.argv.slice(2);
// Made for benches; protects nothing.
const cipher = new FF3Cipher('2DE79D232DF5585D68CE47882AE256D6', 'CBD09280979564');
await pipeline(
  createReadStream(input),
  parse({ columns: true }),
  async function* (rows) {
    for await (const row of rows) yield { ...row, [column]: cipher.encrypt(row[column]) };
  },
  stringify({ header: true }),
  createWriteStream(output),
);
