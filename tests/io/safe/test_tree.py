import numpy as np
import pytest

from fringeworks.errors import DamagedFileError, UnsafeInputError
from fringeworks.io.safe.tree import MAX_XML_BYTES, parse_xml

TEXT = b"""<?xml version="1.0"?><a:root xmlns:a="urn:a"><!-- c --><list count="2"><item>1</item><item>2</item></list>
<short count="3"><item>1</item></short><flag>true</flag><n> 1.5e3 </n><bad>nan</bad><word>x</word><half>1.5</half>
<row count="3">1 2 3</row><wrong count="2">1 2 3</wrong><naned count="2">1 nan</naned><worded>1 x</worded>
<vast>1e308</vast><when>2023-01-08T13:52:56</when><empty/><deep><deeper><leaf k="v">7</leaf></deeper></deep></a:root>"""


@pytest.fixture
def root():
    return parse_xml(TEXT, file="f.xml", root="root")


def test_values_are_read_by_path_in_any_namespace(root):
    assert root.number("n") == 1500.0
    assert root.flag("flag") is True
    assert root.integer("deep/deeper/leaf") == 7
    assert root.node("deep/deeper/leaf").attribute("k") == "v"
    assert root.instant("when").iso == "2023-01-08T13:52:56"
    assert [n.own_text() for n in root.records("list/item")] == ["1", "2"]
    assert [n.own_text() for n in root.descendants("leaf")] == ["7"]
    np.testing.assert_array_equal(root.numbers("row", length=3), [1, 2, 3])
    assert root.integers("row").dtype == np.int32
    assert root.text("empty", default="d") == "d"
    assert root.number("none", default=2.0) == 2.0
    assert root.optional("none") is None


@pytest.mark.parametrize(
    ("read", "match"),
    [
        (lambda r: r.node("none/x"), "<none/x> is missing under <root>"),
        (lambda r: r.text("empty"), "missing or empty"),
        (lambda r: r.number("bad"), "expected: a finite number"),
        (lambda r: r.number("vast"), "expected: a finite number of sane size"),
        (lambda r: r.numbers("vast"), "beyond all measure"),
        (lambda r: r.number("word"), "expected: a finite number"),
        (lambda r: r.number("empty", default=1.0), "missing or empty"),
        (lambda r: r.integer("half"), "a whole number"),
        (lambda r: r.positive("deep/none"), "missing"),
        (lambda r: r.flag("word"), "true or false"),
        (lambda r: r.instant("word"), "a UTC instant"),
        (lambda r: r.records("short/item"), "<short> holds 1 entries; expected: count 3"),
        (lambda r: r.numbers("wrong"), "<wrong> holds 3 entries"),
        (lambda r: r.numbers("row", length=4), "holds 3 numbers; expected: 4"),
        (lambda r: r.numbers("naned"), "not finite"),
        (lambda r: r.numbers("worded"), "what is no number"),
        (lambda r: r.integers("half"), "no whole number"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(root, read, match):
    with pytest.raises(DamagedFileError, match=r"f\.xml: ") as caught:
        read(root)
    assert match in str(caught.value)


BOMB = b"""<!DOCTYPE root [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><root>&c;</root>"""
OUTSIDE = b'<!DOCTYPE root [<!ENTITY x SYSTEM "file:///etc/hostname">]><root>&x;</root>'
REMOTE = b'<!DOCTYPE root SYSTEM "http://127.0.0.1:9/x.dtd"><root/>'
UTF16 = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE root [<!ENTITY a "b">]><root>&a;</root>'.encode(
    "utf-16"
)


@pytest.mark.parametrize("text", [BOMB, OUTSIDE, REMOTE, UTF16, b"<!DOCTYPE root><root/>"])
def test_a_document_type_is_refused(text):
    with pytest.raises(UnsafeInputError, match="declares a document type"):
        parse_xml(text, file="f.xml", root="root")


@pytest.mark.parametrize("text", [b"", b"<root>", b"hello", b"\x00\x01", b"<root>&nbsp;</root>", b"<a/>" * 2])
def test_what_is_not_well_formed_is_damaged(text):
    with pytest.raises(DamagedFileError, match="well-formed XML"):
        parse_xml(text, file="f.xml", root="root")


def test_another_kind_of_document_is_damaged():
    with pytest.raises(DamagedFileError, match="expected: <product>"):
        parse_xml(b"<noise/>", file="f.xml", root="product")


def test_depth_and_size_are_bounded():
    deep = b"<root>" * 5000 + b"</root>" * 5000
    with pytest.raises(DamagedFileError, match="well-formed XML"):
        parse_xml(deep, file="f.xml", root="root")
    with pytest.raises(UnsafeInputError, match="expected: at most"):
        parse_xml(b" " * (MAX_XML_BYTES + 1), file="f.xml", root="root")
