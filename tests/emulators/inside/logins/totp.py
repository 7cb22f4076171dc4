"""What an authenticator app shows: RFC 6238, six digits each half a minute."""

import base64
import hashlib
import hmac
import struct


def code(secret, moment):
    key = base64.b32decode(secret)
    mac = hmac.new(key, struct.pack(">Q", int(moment) // 30), hashlib.sha1).digest()
    place = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[place : place + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"
