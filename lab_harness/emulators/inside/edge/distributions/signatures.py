"""Signatures of policies, as CloudFront takes them; public keys that it refuses.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-trusted-signers.html (2026): RSA with
2,048 bits or ECDSA with 256.
"""

import base64
import binascii
from typing import Any

from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.edge.settings import parsed, text

RSA_BITS = 2048
IN_URLS = str.maketrans("-_~", "+=/")  # what stands in a URL for what cannot


def install() -> None:
    """Make MiniStack refuse keys."""
    refuse({"cloudfront": {"_create_public_key": _refusal}})


def unescaped(value: str) -> bytes:
    """What a policy or a signature says; nothing where it is no base64."""
    try:
        return base64.b64decode(value.translate(IN_URLS), validate=True)
    except (binascii.Error, ValueError):
        return b""


def good(pem: str, signature: str, policy: bytes, hash: str) -> bool:
    """Whether a signature is this key's for the policy; `hash` is SHA1 if nothing is said."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding

    known = {"": hashes.SHA1, "SHA1": hashes.SHA1, "SHA256": hashes.SHA256}
    key = _key(pem)
    if key is None or hash not in known:
        return False
    how = (
        (ec.ECDSA(known[hash]()),)
        if isinstance(key, ec.EllipticCurvePublicKey)
        else (padding.PKCS1v15(), known[hash]())
    )
    try:
        key.verify(unescaped(signature), policy, *how)
    except InvalidSignature:
        return False
    return True


def _key(pem: str) -> Any:
    """The key in a PEM; None where it is none that CloudFront takes."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem.strip().encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    fits = isinstance(key, rsa.RSAPublicKey) and key.key_size == RSA_BITS
    return key if fits or (isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)) else None


def _refusal(body: bytes) -> Any:
    from ministack.services import cloudfront

    pem = text(parsed(body), "EncodedKey")
    if not pem or _key(pem) is not None:
        return None  # which MiniStack tells
    words = "The parameter EncodedKey is no public key of RSA with 2,048 bits or of ECDSA with 256, in PEM."
    return cloudfront._error("InvalidArgument", words, 400)
