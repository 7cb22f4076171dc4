"""Signs in by SRP, as AWS's SDKs for browsers do: the password itself is never sent.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
(2026), and RFC 5054 for the numbers.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime

# The prime of 3,072 bits of RFC 5054, and its generator.
PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
    "49286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D"
    "670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7D"
    "B3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
GENERATOR = 2
MULTIPLIER_TEXT = b"Caldera Derived Key\x01"


def padded(number):
    """A number's bytes, with a zero before those that would look like a negative one's."""
    found = number.to_bytes((number.bit_length() + 7) // 8 or 1, "big")
    return b"\0" + found if found[0] > 127 else found


def hashed(*parts):
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


class Proof:
    """The client's side of one sign-in."""

    def __init__(self):
        self._secret = secrets.randbelow(PRIME)
        self._public = pow(GENERATOR, self._secret, PRIME)

    @property
    def first(self):
        """What is sent first: SRP_A."""
        return format(self._public, "x")

    def answers(self, told, password, pool):
        """The answers to the challenge PASSWORD_VERIFIER, by its parameters, for the user pool of this id."""
        theirs, user, short = int(told["SRP_B"], 16), told["USER_ID_FOR_SRP"], pool.partition("_")[2]
        mixed = hashed(padded(self._public), padded(theirs))
        known = hashlib.sha256(f"{short}{user}:{password}".encode()).digest()
        private = hashed(padded(int(told["SALT"], 16)), known)
        multiplier = hashed(padded(PRIME), bytes([GENERATOR]))
        base = theirs - multiplier * pow(GENERATOR, private, PRIME)
        shared = padded(pow(base, self._secret + mixed * private, PRIME))
        key = hmac.digest(hmac.digest(padded(mixed), shared, "sha256"), MULTIPLIER_TEXT, "sha256")[:16]
        now = datetime.now(UTC)
        moment = f"{now:%a %b} {now.day} {now:%H:%M:%S} UTC {now.year}"
        block = told["SECRET_BLOCK"]
        message = f"{short}{user}".encode() + base64.b64decode(block) + moment.encode()
        return {
            "TIMESTAMP": moment,
            "USERNAME": user,
            "PASSWORD_CLAIM_SECRET_BLOCK": block,
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(hmac.digest(key, message, "sha256")).decode(),
        }
