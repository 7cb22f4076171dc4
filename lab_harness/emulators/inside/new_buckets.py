"""A new bucket blocks public access, as on AWS since April 2023; MiniStack does so only where it checks permissions."""

from typing import Any

import wrapt


def install() -> None:
    """Make MiniStack's new buckets block public access. It takes effect when it imports S3."""
    wrapt.register_post_import_hook(_change_s3, "ministack.services.s3")


def _change_s3(s3: Any) -> None:
    @wrapt.patch_function_wrapper(s3, "_new_bucket_public_access_block")
    def block(_original: Any, _instance: Any, _args: Any, _kwargs: Any) -> dict[str, str]:
        return {"_public_access_block": s3._NEW_BUCKET_PUBLIC_ACCESS_BLOCK}
