/** AES in ECB mode without padding over whole 16-byte blocks, with the key inside; given in from outside. */
export type BlockEncryptor = (blocks: Uint8Array) => Uint8Array;
