"""HTML that the tests read: an element tree, if every element is closed where it should be."""

import re
from html.parser import HTMLParser
from xml.etree.ElementTree import TreeBuilder

PICTURE_ID = r"lab-[0-9a-f]{8}(-\d+)?-(title|desc)"  # no other picture has it
VOID = {"br", "hr", "img", "input", "link", "meta", "wbr"}  # they have no end tag
HOSTILE = """<img src=x onerror=alert(1)> "><script>alert(2)</script> ' onfocus='alert(3)' {{ 7 * 7 }} &amp;"""


class _Reader(HTMLParser):
    """Builds the tree; an AssertionError names what is not well-formed."""

    def __init__(self):
        super().__init__()
        self.tree = TreeBuilder()
        self.open = []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        self.tree.start(tag, {name: value or "" for name, value in attrs})
        self.open.append(tag)
        if tag in VOID:
            self.handle_endtag(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes nothing; open are {self.open}"
        self.tree.end(self.open.pop())

    def handle_data(self, data):
        self.tree.data(data)


def read_page(html):
    """A fragment of HTML as an element tree."""
    reader = _Reader()
    reader.feed(f"<body>{html}</body>")
    reader.close()
    assert not reader.open, f"never closed: {reader.open}"
    return reader.tree.close()


def words(element):
    """The texts of an element, or of HTML, in one line with a space between them."""
    if isinstance(element, str):
        element = read_page(re.sub("</?code>", "", element))  # it divides no words
    return " ".join(" ".join(element.itertext()).split())


def controls(html):
    """What of a page can be clicked, typed into or sent."""
    return [each for each in read_page(html).iter() if each.tag in CONTROLS or "data-do" in each.attrib]


CONTROLS = {"button", "input", "select", "textarea", "form"}


def assert_harmless(html):
    """Whatever texts a page shows, none of them has become an element, a script or an attribute."""
    for element in read_page(html).iter():
        assert element.tag not in ("img", "script", "iframe", "object", "embed", "link", "base"), element.tag
        for name, value in element.attrib.items():
            assert not name.startswith("on"), f"<{element.tag} {name}={value!r}>"
            assert not value.strip().lower().startswith("javascript:"), f"<{element.tag} {name}={value!r}>"
            own = element.tag in ("title", "desc") and re.fullmatch(PICTURE_ID, value)
            assert name != "id" or own, f"<{element.tag} id={value!r}>: two notebooks share a page"
