import { createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto';
import Sqlite from 'better-sqlite3';

/**
 * Reads a vault by `docs/vault-format.md` alone: it imports nothing of the product, so that a change of the format that
 * the page doesn't tell makes its test fail.
 */

type Part = string | number | Uint8Array;

function joined(...parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = part instanceof Uint8Array ? part : Buffer.from(String(part), 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

const derive = (key: Uint8Array, label: string, ...context: readonly string[]) =>
  Buffer.from(hkdfSync('sha256', key, new Uint8Array(0), joined('sdp-key-v1', label, ...context), 32));

const digest = (key: Uint8Array, ...parts: readonly Part[]) =>
  createHmac('sha256', key)
    .update(joined(...parts))
    .digest();

/** @throws unless key, associated data and every bit are right */
function open(key: Uint8Array, aad: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(aad).setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
}

interface ReadState {
  readonly masterFingerprints: readonly string[];
  readonly blockSet: string;
  readonly tombstones: { readonly count: number; readonly set: string };
  readonly namespaces: readonly {
    readonly id: number;
    readonly name: string;
    readonly kind: string;
    readonly canonical: string;
    readonly entries: number;
    readonly blocks: number;
    readonly expiry: { readonly daySet: string } | null;
  }[];
}

export interface ReadVault {
  readonly state: ReadState;
  /** Value of each `namespace token`, the token in hex. */
  readonly values: ReadonlyMap<string, string>;
  /** What doesn't fit; nothing, where the vault is whole. */
  readonly misfits: readonly string[];
}

/** @param masterKey as text */
export function readVault(path: string, masterKey: string): ReadVault {
  const db = new Sqlite(path, { readonly: true });
  const all = <T>(sql: string) => db.prepare(sql).raw().all() as T[];
  const misfits: string[] = [];
  const compare = (what: string, found: unknown, expected: unknown) => {
    if (found !== expected) misfits.push(what);
  };
  const master = Buffer.from(masterKey, 'base64url');
  const meta = new Map(all<[string, Buffer]>('SELECT name, value FROM vault_meta'));
  const id = meta.get('vault_id')?.toString() ?? '';
  const wrapping = derive(master, 'vault-kek-v1', id);
  const keys = all<[number, string, string, Buffer, Buffer]>('SELECT * FROM data_key').map(
    ([keyId, purpose, state, nonce, wrapped]) => ({
      ...{ keyId, purpose, state },
      key: open(wrapping, joined('sdp-vault-key-v1', id, 1, keyId, purpose), nonce, wrapped),
    }),
  );
  const active = (purpose: string) =>
    keys.find((each) => each.purpose === purpose && each.state === 'active')?.key ?? Buffer.alloc(0);
  const blob = meta.get('state') ?? Buffer.alloc(0);
  const stateAad = joined('sdp-vault-state-v1', id, db.pragma('user_version', { simple: true }) as number);
  const text = open(active('state'), stateAad, blob.subarray(0, 12), blob.subarray(12)).toString();
  const state = JSON.parse(text) as ReadState;
  const fingerprint = createHash('sha256').update('sdp-key-fingerprint-v1').update(master).digest('hex');
  compare('fingerprint', fingerprint, state.masterFingerprints[0]);
  compare('fingerprint in the open', meta.get('master_fingerprint')?.toString(), fingerprint);

  const setOf = (label: string, members: Iterable<readonly Part[]>) => {
    const sum = Buffer.alloc(32);
    const key = derive(active('state'), label);
    for (const member of members) {
      for (const [i, byte] of digest(key, `sdp-${label}`, joined(...member)).entries()) sum[i] = (sum[i] ?? 0) ^ byte;
    }
    return sum.toString('hex');
  };
  const values = new Map<string, string>();
  const blocks: [number, Buffer][] = [];
  for (const [blockId, namespaceId, keyId, count, nonce, sealed] of all<
    [number, number, number, number, Buffer, Buffer]
  >('SELECT * FROM vault_block')) {
    const namespace = state.namespaces.find((each) => each.id === namespaceId);
    const key = keys.find((each) => each.keyId === keyId)?.key ?? Buffer.alloc(0);
    const name = namespace?.name ?? '';
    const aad = joined('sdp-vault-block-v1', id, 1, name, keyId, blockId, count);
    blocks.push([blockId, sealed.subarray(-16)]);
    for (const [slot, token, value] of entriesOf(open(key, aad, nonce, sealed))) {
      const [row] = db
        .prepare('SELECT ref, tail FROM token_vault WHERE namespace_id = ? AND token = ?')
        .raw()
        .all(namespaceId, token) as [number, Buffer][];
      compare('reference', row?.[0], blockId * 128 + slot);
      if (namespace?.kind === 'token' && namespace.canonical === '') {
        const expected = digest(active('token'), 'sdp-token-v1', name, value);
        compare('token', token.toString('hex'), expected.toString('hex', 0, 16));
        compare('tail', row?.[1].toString('hex', 0, 4), expected.toString('hex', 16, 20));
      }
      values.set(`${name} ${token.toString('hex')}`, value.toString());
    }
  }
  compare('blocks', setOf('vault-block-set-v1', blocks), state.blockSet);
  const stones = all<[number, Buffer, number]>('SELECT * FROM tombstone');
  compare('tombstones', setOf('vault-tombstone-set-v1', stones), state.tombstones.set);
  compare('number of tombstones', stones.length, state.tombstones.count);
  const rows = all<[number, Buffer, Buffer]>('SELECT namespace_id, token, tail FROM token_vault');
  compare('rows', rows.length, values.size);
  for (const { id: namespaceId, entries, expiry } of state.namespaces) {
    const own = rows.filter(([each]) => each === namespaceId);
    compare('entries', own.length, entries);
    const days = own
      .filter(([, , tail]) => tail.length > 4)
      .map(([, token, tail]) => [token, tail.subarray(4)] as const);
    compare('days', setOf('vault-day-set-v1', days), expiry?.daySet ?? '00'.repeat(32));
  }
  db.close();
  return { state, values, misfits };
}

/** Slot, token and value of what isn't erased. */
function* entriesOf(plaintext: Buffer): Generator<[number, Buffer, Buffer]> {
  const count = plaintext[0] ?? 0;
  let at = 1 + 16 * count;
  const lengths = Array.from({ length: count }, () => {
    for (let length = 0, bits = 0; ; bits += 7) {
      const byte = plaintext[at++] ?? 0;
      length += (byte & 0x7f) * 2 ** bits;
      if (byte < 0x80) return length;
    }
  });
  for (const [slot, length] of lengths.entries()) {
    if (length > 0)
      yield [slot, plaintext.subarray(1 + 16 * slot, 17 + 16 * slot), plaintext.subarray(at, at + length)];
    at += length;
  }
}
