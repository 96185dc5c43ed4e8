"""Makes envelope-vectors.json from docs/messaging.md alone, with another implementation of every primitive (`cryptography`).

    python3 shared/test/messaging/envelope/make-vectors.py > shared/test/messaging/envelope/envelope-vectors.json
"""

import hashlib
import hmac
import json
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ENCRYPTION_KEY = bytes(range(32))
MAC_KEY = bytes(range(100, 132))
SEED = bytes(range(200, 232))
ED25519 = Ed25519PrivateKey.from_private_bytes(SEED)
ALGORITHMS = {"hmac-sha256": 1, "ed25519": 2, "ed25519-merkle": 3}


def prefixed(*parts):
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def context_bytes(context):
    names = ["topic", "key", "schemaId", "eventId", "tenant", "replayOf"]
    return prefixed(*(context.get(name, "").encode() for name in names))


def body_of(message, algorithm, number):
    head = b"SDPE" + bytes([1, 1, ALGORITHMS[algorithm], 0]) + struct.pack(">Q", message["sealedAtMs"])
    for key_id in (message["keyId"], message["signingKeyId"]):
        head += bytes([len(key_id)]) + key_id.encode()
    nonce = bytes([number]) * 12
    aad = prefixed(b"sdp-envelope-v1", head) + context_bytes(message["context"])
    sealed = AESGCM(ENCRYPTION_KEY).encrypt(nonce, bytes.fromhex(message["plaintext"]), aad)
    return head + nonce + struct.pack(">I", len(sealed) - 16) + sealed


def signed_bytes(body, context):
    return prefixed(b"sdp-envelope-signature-v1", prefixed(body) + context_bytes(context))


def tree(leaves):
    """RFC 6962, 2.1, by its own recursive definition: the root and each leaf's path."""
    if len(leaves) == 1:
        return leaves[0], [[]]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, left_paths = tree(leaves[:split])
    right, right_paths = tree(leaves[split:])
    root = hashlib.sha256(b"\x01" + left + right).digest()
    return root, [path + [right] for path in left_paths] + [path + [left] for path in right_paths]


def message(number, signing_key_id, plaintext, **context):
    return {
        "sealedAtMs": 1_760_000_000_000 + number,
        "keyId": "enc-2026.1",
        "signingKeyId": signing_key_id,
        "plaintext": plaintext.hex(),
        "context": {
            "topic": "transaction.ingest",
            "key": f"tok_{number:032x}",
            "schemaId": "transaction.v1",
            "eventId": f"event-{number}",
            "tenant": "acme",
            **context,
        },
    }


def single(number, algorithm, plaintext, **context):
    made = message(number, "mac-1" if algorithm == "hmac-sha256" else "ed-1", plaintext, **context)
    body = body_of(made, algorithm, number)
    to_sign = signed_bytes(body, made["context"])
    if algorithm == "hmac-sha256":
        signature = hmac.new(MAC_KEY, to_sign, "sha256").digest()
    else:
        signature = ED25519.sign(to_sign)
    return {"algorithm": algorithm, **made, "envelope": (body + signature).hex()}


def batch(first, count):
    made = [message(first + i, "ed-1", f"message {i} of {count}".encode()) for i in range(count)]
    bodies = [body_of(one, "ed25519-merkle", first + i) for i, one in enumerate(made)]
    leaves = [
        hashlib.sha256(b"\x00" + signed_bytes(body, one["context"])).digest() for body, one in zip(bodies, made)
    ]
    root, paths = tree(leaves)
    signature = ED25519.sign(prefixed(b"sdp-envelope-batch-v1", str(count).encode(), root))
    return [
        {
            "algorithm": "ed25519-merkle",
            **one,
            "envelope": (
                body + struct.pack(">IIB", i, count, len(path)) + b"".join(path) + signature
            ).hex(),
        }
        for i, (one, body, path) in enumerate(zip(made, bodies, paths))
    ]


print(
    json.dumps(
        {
            "encryptionKey": ENCRYPTION_KEY.hex(),
            "macKey": MAC_KEY.hex(),
            "ed25519PublicKey": ED25519.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex(),
            "messages": [
                single(1, "hmac-sha256", b'{"amount":"12.50"}'),
                single(2, "hmac-sha256", b""),
                single(3, "hmac-sha256", bytes(range(256)) * 5, replayOf="event-1"),
                single(4, "ed25519", b'{"amount":"12.50"}'),
                single(5, "ed25519", "ключ и 日本".encode(), key="ключ 日本", tenant="ümlaut & co"),
                *batch(16, 1),
                *batch(32, 2),
                *batch(48, 7),
            ],
        },
        indent=2,
    )
)
