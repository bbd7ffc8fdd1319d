"""One word per idea: the words the glossary turns down are used nowhere."""

from __future__ import annotations

import io
import re
import tokenize

from tests.house.sources import DOCS, named, pages, python_files

GLOSSARY = DOCS / "reference" / "glossary.md"
LINE = re.compile(r"^\| (?P<word>[^|]+) \| (?P<meaning>[^|]+) \| (?P<turned_down>[^|]*) ?\|$")
# Keys and layouts of other programs' files keep their spelling; they stand in string literals, which are not looked at.


def turned_down() -> set[str]:
    rows = [LINE.match(line) for line in GLOSSARY.read_text(encoding="utf-8").splitlines()]
    cells = [row["turned_down"] for row in rows if row and row["word"].strip() not in {"word", "---"}]
    return {word.strip() for cell in cells for word in cell.split(",") if word.strip()}


def test_the_glossary_is_read():
    assert {"master", "slave", "igram"} <= turned_down()


def test_the_glossary_is_in_order_and_defines_each_word_once():
    rows = [LINE.match(line) for line in GLOSSARY.read_text(encoding="utf-8").splitlines()]
    words = [row["word"].strip() for row in rows if row and row["word"].strip() not in {"word", "---"}]
    assert words == sorted(words, key=str.lower)
    assert len(words) == len(set(words))


def test_names_in_code_use_the_words_of_the_house():
    bad = turned_down()
    # the door for SNAP's projects and graphs reads another program's words
    ours = [path for path in python_files() if "snap" not in path.parts]
    found = {named(path): sorted(words_in_code(path) & bad) for path in ours}
    assert not {name: words for name, words in found.items() if words}, "see docs/reference/glossary.md"


def words_in_code(path):
    words = set()
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.NAME:
            words |= set(token.string.lower().split("_"))
        if token.type == tokenize.COMMENT:
            words |= set(re.findall(r"[a-z]+", token.string.lower()))
    return words


def test_pages_use_the_words_of_the_house():
    bad, found = turned_down(), {}
    for path in pages():
        prose = re.sub(r"```.*?```|`[^`]*`", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        words = set(re.findall(r"[a-z]+", prose.lower())) & bad
        if words and path != GLOSSARY:
            found[named(path)] = sorted(words)
    assert not found, "see docs/reference/glossary.md"
