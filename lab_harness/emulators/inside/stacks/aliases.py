"""Refuses templates, and what they include, that use YAML's aliases, as CloudFormation does.

MiniStack reads them, and ten lines that name one another hold it up for ever.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html (2026)
"""

from typing import Any

import wrapt

NO_SNIPPET = "The specified S3 object's content should be valid Yaml/JSON"


def install() -> None:
    """Make MiniStack refuse them. This takes effect when it imports CloudFormation."""
    wrapt.register_post_import_hook(_change, "ministack.services.cloudformation.engine")


def _change(engine: Any) -> None:
    from lab_harness.emulators.inside import plain_yaml  # whose library takes a while to load

    engine.CfnLoader = type("CfnLoader", (plain_yaml.PlainLoader, engine.CfnLoader), {})
    wrapt.wrap_function_wrapper(engine, "_parse_snippet", _included)


def _included(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services.cloudformation import engine

    from lab_harness.emulators.inside import plain_yaml

    text = args[0].strip()
    if text.startswith("{"):
        return original(*args, **kwargs)
    try:
        return plain_yaml.read(text)
    except ValueError as error:
        raise engine._IncludeError(f"{engine._INCLUDE_ERROR}{NO_SNIPPET}") from error
