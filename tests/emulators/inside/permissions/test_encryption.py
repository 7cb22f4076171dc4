"""Tests for KMS: ReEncrypt, with a permission on each of the two keys, aliases, and whose ciphertext is whose."""

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from tests.emulators.inside.permissions.authorization.test_calls import denied, user
from tests.roles import policy

CONTEXT = {"order": "1"}


@pytest.fixture
def clients(embedded):
    embedded.reset()
    return Clients(embedded, as_learner=True)


@pytest.fixture
def keys(clients):
    """The ARNs of two keys."""
    return [clients["kms"].create_key()["KeyMetadata"]["Arn"] for _ in "ab"]


def let(clients, *statements):
    given = policy(*({"Effect": "Allow", "Action": action, "Resource": key} for action, key in statements))
    clients["iam"].put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=given)


def test_ciphertext_is_encrypted_anew_with_another_key_and_context(clients, keys):
    kms, (old, new) = clients["kms"], keys
    blob = kms.encrypt(KeyId=old, Plaintext=b"secret", EncryptionContext=CONTEXT)["CiphertextBlob"]
    made = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=new, SourceEncryptionContext=CONTEXT)
    assert (made["SourceKeyId"], made["KeyId"]) == (old, new)
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == b"secret"
    with pytest.raises(ClientError, match="InvalidCiphertextException"):
        kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=new)
    with pytest.raises(ClientError, match="NotFoundException"):
        kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId="alias/none", SourceEncryptionContext=CONTEXT)


def test_it_takes_a_permission_on_each_key(clients, keys, embedded):
    old, new = keys
    blob = clients["kms"].encrypt(KeyId=old, Plaintext=b"secret")["CiphertextBlob"]
    hers = user(clients, embedded).client("kms", endpoint_url=embedded.endpoint)
    asked = {"CiphertextBlob": blob, "DestinationKeyId": new}
    assert f"kms:ReEncryptFrom on resource: {old} " in denied(hers.re_encrypt, **asked)[2]
    let(clients, ("kms:ReEncryptFrom", old))
    assert f"kms:ReEncryptTo on resource: {new} " in denied(hers.re_encrypt, **asked)[2]
    let(clients, ("kms:ReEncryptFrom", old), ("kms:ReEncryptTo", new))
    assert hers.re_encrypt(**asked)["KeyId"] == new
    let(clients, ("kms:ReEncryptTo", "*"))
    assert f"kms:ReEncryptFrom on resource: {old} " in denied(hers.re_encrypt, **asked)[2]


def test_alias_takes_a_permission_on_the_key_too(clients, keys, embedded):
    first, second = keys
    aliases = "arn:aws:kms:us-east-1:000000000000:alias/*"
    hers = user(clients, embedded).client("kms", endpoint_url=embedded.endpoint)
    let(clients, ("kms:*", aliases))
    assert (
        f"kms:CreateAlias on resource: {first} " in denied(hers.create_alias, AliasName="alias/a", TargetKeyId=first)[2]
    )
    let(clients, ("kms:*", aliases), ("kms:*", first))
    hers.create_alias(AliasName="alias/a", TargetKeyId=first)
    asked = {"AliasName": "alias/a", "TargetKeyId": second}
    assert f"kms:UpdateAlias on resource: {second} " in denied(hers.update_alias, **asked)[2]
    let(clients, ("kms:*", aliases))
    assert f"kms:DeleteAlias on resource: {first} " in denied(hers.delete_alias, AliasName="alias/a")[2]


def test_key_that_is_named_is_the_one_that_encrypted(clients, keys):
    kms, (old, new) = clients["kms"], keys
    blob = kms.encrypt(KeyId=old, Plaintext=b"secret")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, KeyId=old)["Plaintext"] == b"secret"
    with pytest.raises(ClientError, match="IncorrectKeyException"):
        kms.decrypt(CiphertextBlob=blob, KeyId=new)
    with pytest.raises(ClientError, match="IncorrectKeyException"):
        kms.re_encrypt(CiphertextBlob=blob, SourceKeyId=new, DestinationKeyId=new)
