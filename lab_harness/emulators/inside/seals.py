"""Seals what is saved with a digest: a file whose content was changed since is told from a good one, though it is JSON.

The digest is the last member of the file's JSON object, where MiniStack reads over it.
"""

import hashlib
import re

SEAL = re.compile(rb', "digest": "(?P<digest>[0-9a-f]{32})"\}')
LENGTH = len(', "digest": ""}') + 32


def digest(content: bytes) -> bytes:
    """What tells one content from another."""
    return hashlib.blake2b(content, digest_size=16).digest()


def sealed(text: bytes) -> bytes:
    """A JSON object's text with its seal."""
    return text[:-1] + b', "digest": "%s"}' % digest(text).hex().encode()


def unsealed(content: bytes) -> tuple[bytes, bool]:
    """The text without its seal, and whether it is what was sealed, as far as can be told: earlier versions did not."""
    seal = SEAL.fullmatch(content[-LENGTH:])
    if not seal:
        return content, True
    text = content[:-LENGTH] + b"}"
    return text, digest(text).hex().encode() == seal["digest"]
