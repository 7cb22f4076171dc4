"""A distribution's settings as AWS tells them: whole, with what nobody has said at AWS's own defaults.

MiniStack tells what it was sent, so `GetDistributionConfig` had no `CacheBehaviors` where there are none, and a program
that is right on AWS failed here.
https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_GetDistributionConfig.html (2026)
"""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from lab_harness.emulators.inside import hooks

EMPTY: dict[str, Any] = {"Quantity": "0"}
OFF = {"Enabled": "false"}
READ = {"Quantity": "2", "Items": [("Method", "HEAD"), ("Method", "GET")]}
BEHAVIOR: dict[str, Any] = {
    "TrustedSigners": OFF | EMPTY,
    "TrustedKeyGroups": OFF | EMPTY,
    "AllowedMethods": READ | {"CachedMethods": READ},
    "SmoothStreaming": "false",
    "Compress": "false",
    "LambdaFunctionAssociations": EMPTY,
    "FunctionAssociations": EMPTY,
    "FieldLevelEncryptionId": "",
}
ORIGIN = {
    "OriginPath": "",
    "CustomHeaders": EMPTY,
    "ConnectionAttempts": "3",
    "ConnectionTimeout": "10",
    "OriginShield": OFF,
    "OriginAccessControlId": "",
}
CUSTOM = {
    "OriginSslProtocols": {"Quantity": "1", "Items": [("SslProtocol", "TLSv1.2")]},
    "OriginReadTimeout": "30",
    "OriginKeepaliveTimeout": "5",
}
CONFIG = {
    "Aliases": EMPTY,
    "DefaultRootObject": "",
    "CacheBehaviors": EMPTY,
    "CustomErrorResponses": EMPTY,
    "Logging": OFF | {"IncludeCookies": "false", "Bucket": "", "Prefix": ""},
    "PriceClass": "PriceClass_All",
    "ViewerCertificate": {
        "CloudFrontDefaultCertificate": "true", "SSLSupportMethod": "vip", "MinimumProtocolVersion": "TLSv1",
        "CertificateSource": "cloudfront",
    },
    "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": "0"}},
    "WebACLId": "",
    "HttpVersion": "http2",
    "IsIPV6Enabled": "false",
    "Staging": "false",
}  # fmt: skip
USUAL = {
    ".": CONFIG,
    "Origins/Items/Origin": ORIGIN,
    "Origins/Items/Origin/CustomOriginConfig": CUSTOM,
    "DefaultCacheBehavior": BEHAVIOR,
    "CacheBehaviors/Items/CacheBehavior": BEHAVIOR,
    ".//AllowedMethods": {"CachedMethods": READ},
}


def install() -> None:
    """Make MiniStack tell all of it."""
    hooks.change({"cloudfront": {"_ensure_distribution_config_sdk_compat": _complete}})


def _complete(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    answer = original(*args, **kwargs)
    for path, usual in USUAL.items():
        for element in args[0].iterfind(path):
            _fill(element, usual)
    return answer


def _fill(element: Element, usual: Mapping[str, Any]) -> None:
    """Give an element what it does not have."""
    for name, value in usual.items():
        if element.find(name) is None:
            _put(SubElement(element, name), value)


def _put(element: Element, value: Any) -> None:
    if isinstance(value, str):
        element.text = value
    for name, each in value.items() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _put(SubElement(element, name), each)
