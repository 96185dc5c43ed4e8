import { createDecipheriv, type ScryptOptions, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { Identity, Stanza } from 'age-encryption';

const label = 'age-encryption.org/v1/scrypt';
/** A gibibyte of memory and some seconds; `age` itself writes 18 and opens up to 22. */
const mostWorkFactor = 20;
const tagBytes = 16;

/**
 * Opens what `age -p` encrypted (the scrypt recipient of age-encryption.org/v1). Of our own because OpenSSL does in one
 * second what takes the library, in JavaScript, six.
 */
export class PassphraseIdentity implements Identity {
  readonly #passphrase: string;

  constructor(passphrase: string) {
    this.#passphrase = passphrase;
  }

  /** @returns the file's key; `null` for another passphrase, or a header that asks for too much work */
  async unwrapFileKey(stanzas: Stanza[]): Promise<Uint8Array | null> {
    const [stanza] = stanzas;
    const [kind, salt = '', factor = ''] = stanza?.args ?? [];
    if (stanza === undefined || stanzas.length !== 1 || kind !== 'scrypt') return null;
    const saltBytes = Buffer.from(salt, 'base64');
    const workFactor = /^[1-9]\d?$/.test(factor) ? Number(factor) : Number.POSITIVE_INFINITY;
    if (saltBytes.length !== 16 || workFactor > mostWorkFactor || stanza.body.length !== 16 + tagBytes) return null;
    const cost = { N: 2 ** workFactor, r: 8, p: 1, maxmem: 2 ** (workFactor + 11) };
    const key = await derive(this.#passphrase, Buffer.concat([Buffer.from(label), saltBytes]), 32, cost);
    try {
      const decipher = createDecipheriv('chacha20-poly1305', key, Buffer.alloc(12), { authTagLength: tagBytes });
      decipher.setAuthTag(stanza.body.subarray(-tagBytes));
      return Uint8Array.from(Buffer.concat([decipher.update(stanza.body.subarray(0, -tagBytes)), decipher.final()]));
    } catch {
      return null;
    } finally {
      key.fill(0);
    }
  }
}

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);
