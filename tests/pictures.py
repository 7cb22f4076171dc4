"""What holds of every picture, whatever it shows and whoever has named what is in it."""

import re
from xml.etree import ElementTree

from tests.pages import PICTURE_ID, assert_harmless, read_page

SVG = "{http://www.w3.org/2000/svg}"
TAGS = {"svg", "title", "desc", "rect", "path", "polygon", "text", "circle", "g"}
ATTRIBUTES = {
    "aria-describedby", "aria-labelledby", "cx", "cy", "d", "fill", "font-family", "font-size", "font-weight", "height",
    "id", "paint-order", "points", "r", "role", "rx", "stroke", "stroke-dasharray", "stroke-linecap", "stroke-linejoin",
    "stroke-width", "style", "text-anchor", "transform", "viewBox", "width", "x", "y",
}  # fmt: skip


def assert_stands_alone(picture):
    """As a file and in a page a picture is nothing but shapes and texts: no script, no address, no foreign element."""
    for svg in (picture.svg, picture.themed):
        assert re.findall(r"https?://[^\"]*", re.sub(">[^<]*<", "><", svg)) == ["http://www.w3.org/2000/svg"]
        for element in ElementTree.fromstring(svg.replace("\x02", "lab")).iter():
            assert element.tag.removeprefix(SVG) in TAGS
            assert element.attrib.keys() <= ATTRIBUTES
            assert not re.search(r"url\(|expression|@import|javascript:", " ".join(element.attrib.values()))
    for html in (picture.html(), picture._repr_mimebundle_()["text/html"]):
        assert_harmless(html)
        assert_named(html)


def assert_named(html):
    """The picture has a name and a description, and its ids are its own."""
    (svg,) = [each for each in read_page(html).iter() if each.tag == "svg"]
    ids = {each.get("id"): each for each in svg.iter() if each.get("id")}
    assert svg.get("role") == "img"
    assert [ids[svg.get(name)].tag for name in ("aria-labelledby", "aria-describedby")] == ["title", "desc"]
    assert len(ids) == 2
    assert all(re.fullmatch(PICTURE_ID, each) for each in ids)
    assert ids[svg.get("aria-labelledby")].text.strip()
