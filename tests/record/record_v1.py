"""docs/record-format.md in Python, from the document alone: payloads, leaves, session chains.

A payload is a dict of the document's key numbers; values are int, bool, bytes, str, None, list and
dict. Suites by name: "sm3-sm2", "sha256-ed25519"."""
import hashlib
import hmac

SUITES = {"sm3-sm2": "sm3", "sha256-ed25519": "sha256"}
RESPONSES = 3
SESSION_TYPES = range(1, 13)


def digest(suite, data):
    return hashlib.new(SUITES[suite], data).digest()


def keyed(suite, secret, data):
    return hmac.new(secret, data, SUITES[suite]).digest()


def head(major, number):
    """The shortest head: deterministic CBOR has no other."""
    if number < 24:
        return bytes([major << 5 | number])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << (8 * size):
            return bytes([major << 5 | extra]) + number.to_bytes(size, "big")
    raise ValueError(number)


def encode(value):
    if value is None:
        return b"\xf6"
    if value is True or value is False:
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        raw = value.encode()
        return head(3, len(raw)) + raw
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(encode(v) for v in value)
    if isinstance(value, dict):
        entries = (encode(k) + encode(value[k]) for k in sorted(value))
        return head(5, len(value)) + b"".join(entries)
    raise TypeError(type(value))


def session_salt(suite, secret, seq):
    return keyed(suite, secret, b"mingfa/leaf-salt/v1" + seq.to_bytes(8, "big"))


def leaf(suite, kind, salt, payload):
    inner = digest(suite, salt + payload)
    return digest(suite, b"\x00" + kind.to_bytes(2, "big") + inner)


def chain_begin(suite, secret, uuid):
    return digest(suite, b"mingfa/session-chain/v1" + secret + uuid)


def chain_next(suite, before, seq, kind, recorded_ms, payload):
    numbers = seq.to_bytes(8, "big") + kind.to_bytes(2, "big") + recorded_ms.to_bytes(8, "big")
    return digest(suite, b"mingfa/session-event/v1" + before + numbers + payload)
