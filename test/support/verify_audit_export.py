"""An independent check of an export of the audit trail, for tests: shares no code with the product, Ed25519 included.

usage: verify_audit_export.py EXPORT PUBLIC_KEY; prints "intact N" or "broken at N".
"""

import base64
import hashlib
import json
import sys


def digest(data):
    return hashlib.sha256(data).digest()


# Ed25519 verification, RFC 8032, 5.1.7, with affine points.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + k, P - 2, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - k, P - 2, P) % P
    return x, y


def multiply(n, point):
    result = (0, 1)
    while n:
        if n & 1:
            result = add(result, point)
        point = add(point, point)
        n >>= 1
    return result


def decode(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        raise ValueError("not a point")
    return (P - x if x & 1 != sign else x), y


BASE = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(key, message, signature):
    s = int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    return s < L and multiply(s, BASE) == add(decode(signature[:32]), multiply(h, decode(key)))


def tree(leaves):
    """RFC 9162, 2.1.1, as it stands there."""
    if not leaves:
        return digest(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return digest(b"\x01" + tree(leaves[:k]) + tree(leaves[k:]))


def first_broken(path, key):
    chain, leaves, covered = bytes(32), [], 0
    with open(path, encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            value = json.loads(line)
            if "end" in value:
                return None if covered == len(leaves) == value["end"]["entries"] else covered
            if "head" in value:
                head = value["head"]
                fields = ("keyId", "size", "root", "chain", "signedAt")
                text = "sdp-audit-head-v1\n" + "".join(f"{head[name]}\n" for name in fields)
                fits = head["size"] == len(leaves) and head["root"] == tree(leaves).hex() and head["chain"] == chain.hex()
                if not fits or not is_signed(key, text.encode(), bytes.fromhex(head["signature"])):
                    return covered
                covered = len(leaves)
                continue
            leaf = digest(b"\x00" + value["entry"].encode()) if "entry" in value else bytes.fromhex(value["leaf"])
            chain = digest(chain + leaf)
            if value["seq"] != len(leaves) or value["chain"] != chain.hex():
                return len(leaves)
            leaves.append(leaf)
    return covered


broken = first_broken(sys.argv[1], base64.urlsafe_b64decode(sys.argv[2] + "="))
print("intact" if broken is None else f"broken at {broken}")
