"""What MiniStack's KMS lacks: ReEncrypt, an alias that takes a permission on its key, and whose ciphertext is whose.

https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html and
https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html (2026)
"""

import base64
import json
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.permissions.asking import answers

Asked = Mapping[str, Any]
ID = 36  # bytes of the key's id, with which a ciphertext begins
# The members of Decrypt and Encrypt, by those of ReEncrypt.
FROM = {"CiphertextBlob": "CiphertextBlob", "SourceKeyId": "KeyId", "SourceEncryptionContext": "EncryptionContext",
        "SourceEncryptionAlgorithm": "EncryptionAlgorithm"}  # fmt: skip
TO = {"DestinationKeyId": "KeyId", "DestinationEncryptionContext": "EncryptionContext",
      "DestinationEncryptionAlgorithm": "EncryptionAlgorithm"}  # fmt: skip


def install() -> None:
    """Change MiniStack. This takes effect when it imports KMS."""
    hooks.change({"kms": {"handle_request": _request}})
    aliases = {
        f"_{verb.lower()}_alias": partial(_on_keys, f"kms:{verb}Alias") for verb in ("Create", "Update", "Delete")
    }
    refuse({"kms": {**aliases, "_decrypt": _of_another_key}})


async def _request(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    _, _, headers, body, _ = args
    if headers.get("x-amz-target", "").rpartition(".")[2] != "ReEncrypt":
        return await original(*args, **kwargs)
    return _reencrypt(json.loads(body))


def _reencrypt(asked: Asked) -> Any:
    from ministack.services import kms

    found = kms._resolve_key(str(asked.get("DestinationKeyId")))
    if found and (words := answers.caller("kms:ReEncryptTo", str(found["Arn"]))):
        return kms.error_response_json("AccessDeniedException", words, 400)
    opened = kms._decrypt(_renamed(asked, FROM))
    if opened[0] != HTTPStatus.OK:
        return opened
    plain = json.loads(opened[2])
    closed = kms._encrypt({**_renamed(asked, TO), "Plaintext": plain["Plaintext"]})
    if closed[0] != HTTPStatus.OK:
        return closed
    made = json.loads(closed[2])
    return kms.json_response(
        {
            "CiphertextBlob": made["CiphertextBlob"],
            "SourceKeyId": plain["KeyId"],
            "KeyId": made["KeyId"],
            "SourceEncryptionAlgorithm": plain["EncryptionAlgorithm"],
            "DestinationEncryptionAlgorithm": made["EncryptionAlgorithm"],
        }
    )


def _renamed(asked: Asked, names: Mapping[str, str]) -> dict[str, Any]:
    return {name: asked[member] for member, name in names.items() if asked.get(member)}


def _on_keys(action: str, asked: Asked) -> Any:
    """The refusal of an alias for, or from, a key on which the caller may not do this; MiniStack asks for the alias."""
    from ministack.services import kms

    keys = [kms._resolve_key(str(asked.get(name))) for name in ("AliasName", "TargetKeyId")]
    words = next(filter(None, (answers.caller(action, str(key["Arn"])) for key in keys if key)), "")
    return kms.error_response_json("AccessDeniedException", words, 400) if words else None


def _of_another_key(asked: Asked) -> Any:
    """The refusal of a symmetric key that is named, and is not the one with which the ciphertext was made."""
    from ministack.services import kms

    key = kms._resolve_key(str(asked.get("KeyId") or ""))
    try:
        begins = base64.b64decode(str(asked.get("CiphertextBlob") or ""))[:ID]
    except ValueError:
        return None
    if not key or "_symmetric_key" not in key or begins == str(key["KeyId"]).encode():
        return None
    words = "The key ID in the request does not identify a CMK that can perform this operation."
    return (
        kms.error_response_json("IncorrectKeyException", words, 400)
        if kms._resolve_key(begins.decode(errors="ignore"))
        else None
    )
