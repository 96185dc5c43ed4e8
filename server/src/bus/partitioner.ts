/**
 * Partition of a key: murmur2 of its UTF-8 bytes, sign bit cleared, modulo the number of partitions. The same as Apache
 * Kafka's own clients use, so that both buses, and producers in other languages, agree.
 */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key, 'utf8')) & 0x7fff_ffff) % partitions;
}

/** MurmurHash2, 32 bits, with the seed of Kafka (`org.apache.kafka.common.utils.Utils.murmur2`; A. Appleby, public domain). */
export function murmur2(bytes: Uint8Array): number {
  const multiplier = 0x5bd1_e995;
  const whole = bytes.length - (bytes.length % 4);
  let hash = 0x9747_b28c ^ bytes.length;
  for (let i = 0; i < whole; i += 4) {
    let word =
      byteAt(bytes, i) | (byteAt(bytes, i + 1) << 8) | (byteAt(bytes, i + 2) << 16) | (byteAt(bytes, i + 3) << 24);
    word = Math.imul(word, multiplier);
    word ^= word >>> 24;
    hash = Math.imul(hash, multiplier) ^ Math.imul(word, multiplier);
  }
  if (bytes.length > whole) {
    for (let i = bytes.length - 1; i >= whole; i--) hash ^= byteAt(bytes, i) << (8 * (i - whole));
    hash = Math.imul(hash, multiplier);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, multiplier);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
