"""Adds a digest to saved files, to detect changed content even if it is still valid JSON.

The digest is the last member of the file's JSON object; MiniStack ignores it.
"""

import hashlib
import re

SEAL = re.compile(rb', "digest": "(?P<digest>[0-9a-f]{32})"\}')
LENGTH = len(', "digest": ""}') + 32


def digest(content: bytes) -> bytes:
    """A digest of this content."""
    return hashlib.blake2b(content, digest_size=16).digest()


def sealed(text: bytes) -> bytes:
    """The text of a JSON object, with its digest."""
    return text[:-1] + b', "digest": "%s"}' % digest(text).hex().encode()


def unsealed(content: bytes) -> tuple[bytes, bool]:
    """The text without its digest, and whether the digest is right. Without a digest, from an earlier version: True."""
    seal = SEAL.fullmatch(content[-LENGTH:])
    if not seal:
        return content, True
    text = content[:-LENGTH] + b"}"
    return text, digest(text).hex().encode() == seal["digest"]
