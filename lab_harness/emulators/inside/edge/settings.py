"""The settings of a distribution, or of what it uses, as CloudFront's API takes them: in XML."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element


def without_namespace(element: Element) -> Element:
    """An element whose tags, and those of all within, are AWS's names alone. It is changed in place."""
    from ministack.services import cloudfront

    found: Element = cloudfront._strip_namespace(element)
    return found


def parsed(body: bytes) -> Element | None:
    """A body without its namespace; None where it is no XML."""
    from ministack.services import cloudfront

    found: Element | None = cloudfront._parse_body(body)
    return None if found is None else without_namespace(found)


def config(body: bytes) -> Element | None:
    """A distribution's configuration, which may stand beside its tags; None where there is none."""
    root = parsed(body)
    return root.find("DistributionConfig") if root is not None and root.tag.endswith("WithTags") else root


def text(element: Element | None, path: str) -> str:
    """The text of what stands there in an element; empty where nothing does."""
    return (element.findtext(path) or "").strip() if element is not None else ""


def items(element: Element | None, path: str) -> Iterator[Element]:
    """The items of a list there in an element."""
    found = element.find(f"{path}/Items") if element is not None else None
    yield from found if found is not None else ()


def behaviors(body: bytes) -> Iterator[Element]:
    """The cache behaviors of a distribution, the default one first."""
    root = parsed(body)
    if root is not None:
        yield from root.iter("DefaultCacheBehavior")
        yield from root.iter("CacheBehavior")
