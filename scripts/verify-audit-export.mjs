#!/usr/bin/env node
/**
 * Checks an export of the audit trail (`sdp-server audit export`) with nothing but the file and the public key of the server that
 * signed it. It uses no other part of SDP and needs no package: one file to read through and to keep.
 *
 *   node verify-audit-export.mjs EXPORT.ndjson --public-key KEY [--anchor HEADS.ndjson]
 *
 * Exit status: 0 everything is as it was signed; 1 it isn't; 2 it could not be checked.
 *
 * What is checked: every entry's hash, SHA-256(0x00 || entry); the chain, SHA-256(chain before || entry's hash), from 32 zero
 * bytes on; the Merkle tree over the entries (RFC 9162, 2.1.1); and that every head, of the export and of the anchor, is signed
 * (Ed25519) over just this tree and chain.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';

const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);

/** Roots of complete subtrees, largest first, each with its number of leaves. */
const peaks = [];

function append(leaf) {
  let hash = leaf;
  let count = 1;
  while (peaks.at(-1)?.count === count) {
    hash = sha256(nodePrefix, peaks.pop().hash, hash);
    count *= 2;
  }
  peaks.push({ hash, count });
}

function root() {
  if (peaks.length === 0) return sha256();
  return peaks.map(({ hash }) => hash).reduceRight((right, left) => sha256(nodePrefix, left, right));
}

function isSigned(head, key, keyId) {
  const statement = `sdp-audit-head-v1\n${head.keyId}\n${head.size}\n${head.root}\n${head.chain}\n${head.signedAt}\n`;
  return head.keyId === keyId && verify(null, Buffer.from(statement), key, Buffer.from(String(head.signature), 'hex'));
}

async function* linesOf(path) {
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    if (line !== '') yield line;
  }
}

function parseArguments(argv) {
  const options = { export: undefined, 'public-key': undefined, anchor: undefined };
  for (let i = 0; i < argv.length; i++) {
    const flag = /^--(public-key|anchor)$/.exec(argv[i])?.[1];
    if (flag) options[flag] = argv[++i];
    else if (argv[i].startsWith('--') || options.export !== undefined) return undefined;
    else options.export = argv[i];
  }
  return options.export !== undefined && options['public-key'] !== undefined ? options : undefined;
}

/** Stands for a finding: what is wrong, and the number of the first entry that it concerns. */
class Found extends Error {}

async function readAnchor(path) {
  const bySize = new Map();
  for await (const line of linesOf(path)) {
    let head;
    try {
      head = JSON.parse(line);
    } catch {
      continue; // A line that a crash has cut off.
    }
    bySize.set(head.size, [...(bySize.get(head.size) ?? []), head]);
  }
  return bySize;
}

async function check(options) {
  const raw = Buffer.from(options['public-key'], 'base64url');
  if (raw.length !== 32) throw new TypeError('the public key must be 32 bytes in URL-safe base64');
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]);
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const keyId = sha256(raw).toString('hex').slice(0, 16);
  const anchored = options.anchor === undefined ? new Map() : await readAnchor(options.anchor);

  let chain = Buffer.alloc(32);
  let entries = 0;
  let heads = 0;
  let good = 0;
  let gone = 0;
  let isEnded = false;
  let isFirst = true;
  const checkHead = (head, what) => {
    if (!isSigned(head, key, keyId)) throw new Found(`${what} over ${head.size} entries is not signed with this key`);
    if (head.size !== entries) throw new Found(`${what} over ${head.size} entries stands after ${entries}`);
    if (head.root !== root().toString('hex') || head.chain !== chain.toString('hex')) {
      throw new Found(
        `entries ${good} to ${entries - 1} are not those that ${what} of ${head.signedAt} was signed over`,
      );
    }
  };
  for await (const line of linesOf(options.export)) {
    const value = JSON.parse(line);
    if (isFirst) {
      if (value.format !== 'sdp-audit-export-v1') throw new TypeError('this is not an export of the audit trail');
      isFirst = false;
    } else if (isEnded) {
      throw new Found('something follows after the end of the export');
    } else if (value.end) {
      isEnded = true;
      if (value.end.entries !== entries || value.end.heads !== heads) throw new Found('the export was cut or added to');
    } else if (value.head) {
      checkHead(value.head, 'the head');
      heads++;
      good = entries;
    } else {
      if (value.seq !== entries) throw new Found(`entry ${entries} is missing: entry ${value.seq} stands in its place`);
      const leaf =
        typeof value.entry === 'string'
          ? sha256(leafPrefix, Buffer.from(value.entry))
          : Buffer.from(String(value.leaf), 'hex');
      if (typeof value.entry !== 'string') gone++;
      const next = sha256(chain, leaf);
      if (next.toString('hex') !== value.chain) {
        throw new Found(`entry ${entries} was edited, or exchanged for another: its hash does not continue the chain`);
      }
      chain = next;
      append(leaf);
      entries++;
      for (const head of anchored.get(entries) ?? []) checkHead(head, 'the anchored head');
      anchored.delete(entries);
    }
  }
  if (!isEnded) throw new Found(`the export ends after entry ${entries - 1}, without its last line`);
  if (good !== entries) throw new Found(`entries ${good} to ${entries - 1} are under no signed head`);
  for (const head of [...anchored.values()].flat()) {
    if (!isSigned(head, key, keyId)) throw new Found('an anchored head is not signed with this key');
    if (head.size > entries) {
      throw new Found(
        `the trail ends after ${entries} entries; a head over ${head.size} was anchored at ${head.signedAt}`,
      );
    }
  }
  if (gone > 0) throw new Found(`${gone} entries are given by their hashes alone: their rows are gone`);
  return { entries, heads };
}

const options = parseArguments(process.argv.slice(2));
if (!options || !existsSync(options.export) || (options.anchor !== undefined && !existsSync(options.anchor))) {
  process.stderr.write('usage: verify-audit-export.mjs EXPORT.ndjson --public-key KEY [--anchor HEADS.ndjson]\n');
  process.exitCode = 2;
} else {
  try {
    const { entries, heads } = await check(options);
    process.stdout.write(`intact: ${entries} entries under ${heads} signed heads\n`);
  } catch (error) {
    const isFinding = error instanceof Found;
    process.stderr.write(isFinding ? `NOT INTACT: ${error.message}\n` : `could not be checked: ${error.message}\n`);
    process.exitCode = isFinding ? 1 : 2;
  }
}
