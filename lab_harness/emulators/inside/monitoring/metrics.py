"""Protects AWS's own metrics: data for a namespace that begins with `AWS/` is refused, which MiniStack allows.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html (2026)
"""

from typing import Any

import wrapt

REASON = "The value AWS/ for parameter Namespace is invalid."


def install() -> None:
    """Make MiniStack refuse such data. This takes effect when it imports CloudWatch."""
    wrapt.register_post_import_hook(_change_cloudwatch, "ministack.services.cloudwatch")


def _change_cloudwatch(cloudwatch: Any) -> None:
    @wrapt.patch_function_wrapper(cloudwatch, "_put_metric_data")
    def put(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        params, decoded, is_cbor = args[:3]
        is_json = kwargs.get("is_json", args[3] if len(args) > 3 else False)
        namespace = decoded.get("Namespace", "") if is_cbor or is_json else cloudwatch._p(params, "Namespace")
        if str(namespace).startswith("AWS/"):
            return cloudwatch._error("InvalidParameterValue", REASON, 400, use_json=is_json, use_cbor=is_cbor)
        return original(*args, **kwargs)
