import { hash } from 'node:crypto';

/** Root of the tree without leaves: SHA-256 of nothing (RFC 9162, 2.1.1). */
export const emptyRoot: Buffer = sha256(new Uint8Array(0));

const leafPrefix = Buffer.from([0]);
const node = Buffer.alloc(65, 1);

/** Hash of an entry as a leaf: SHA-256 of 0x00 and the entry, so that no entry passes for an inner node. */
export function leafHash(entry: Uint8Array): Buffer {
  return sha256(Buffer.concat([leafPrefix, entry]));
}

/** Hash of an inner node: SHA-256 of 0x01 and both children's hashes, 32 bytes each. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  node.set(left, 1);
  node.set(right, 33);
  return sha256(node);
}

/** By way of a string: Node 24 makes a Buffer of a digest at less than half that rate. */
function sha256(bytes: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
}
