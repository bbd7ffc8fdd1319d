"""XML of the products: elements from names and values, numbers in the spelling of the real ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from lxml import etree
from numpy.typing import ArrayLike

Element = etree._Element  # noqa: SLF001 - the type of an element has no other name


def node(
    name: str, content: str | Element | Sequence[Element] = "", attributes: Mapping[str, str] | None = None
) -> Element:
    """Return an element with a text or with children."""
    made = etree.Element(name, dict(attributes or {}))
    if isinstance(content, str):
        made.text = content
    elif isinstance(content, Element):
        made.append(content)
    else:
        made.extend(content)
    return made


def fields(pairs: Mapping[str, str]) -> list[Element]:
    """Return an element with a text for each entry, in order."""
    return [node(name, text) for name, text in pairs.items()]


def counted(name: str, children: Sequence[Element]) -> Element:
    """Return a list element that says how many it holds."""
    return node(name, children, {"count": str(len(children))})


def vector(name: str, values: ArrayLike, spelling: str = "%.6e") -> Element:
    """Return an element with many numbers and their count."""
    numbers = np.ravel(np.asarray(values))
    return node(name, " ".join(spelling % v for v in numbers), {"count": str(numbers.size)})


def long(value: float) -> str:
    """Spell a number with sixteen digits."""
    return f"{value:.15e}"


def short(value: float) -> str:
    """Spell a number with seven digits."""
    return f"{value:.6e}"


def flag(value: object) -> str:
    """Spell a truth value."""
    return "true" if value else "false"


def document(root: Element) -> bytes:
    """Return a document's bytes, indented by two blanks."""
    etree.indent(root, space="  ")
    text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return text


def joined(*parts: Iterable[Element]) -> list[Element]:
    """Return the elements of several lists in order."""
    return [element for part in parts for element in part]
