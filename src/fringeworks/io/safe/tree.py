"""XML as it comes from outside: parsed without trust, read with a name for whatever is wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from lxml import etree
from numpy.typing import NDArray

from fringeworks.errors import DamagedFileError, OutOfRangeError, UnsafeInputError
from fringeworks.model.identity import Instant

MAX_XML_BYTES: Final = 64 * 2**20
"""Largest XML document that is parsed; real ones stay under 3 MiB."""

MAX_RECORDS: Final = 100_000
"""Largest number of records in one list."""

PRODUCT_HINT: Final = "fetch the product again; the file is damaged"
"""What to do about a bad document of a product; documents of other kinds bring their own."""

MAX_NUMBER: Final = 1e30
"""Largest magnitude of a number; the largest in real products, antenna patterns, reach 1e15."""


class Node:
    """One element of a parsed document; every reading either gives a sound value or says what is wrong.

    Parameters
    ----------
    element : lxml element
        The element.
    file : str
        Name of the document, for messages.
    hint : str
        What to do about a bad document.
    """

    __slots__ = ("_element", "file", "hint")

    def __init__(self, element: etree._Element, file: str, hint: str = PRODUCT_HINT) -> None:
        self._element = element
        self.file = file
        self.hint = hint

    @property
    def name(self) -> str:
        """Tag without its namespace."""
        return _local(self._element)

    def refuse(self, what: str, *, expected: str = "") -> DamagedFileError:
        """Make the error that says what is wrong in this document."""
        return DamagedFileError(f"{self.file}: {what}", expected=expected, hint=self.hint)

    def optional(self, path: str) -> Node | None:
        """Return the first element at a path of tags separated by ``/``, in any namespace, or None."""
        return next(self.every(path), None)

    def node(self, path: str) -> Node:
        """Return the first element at a path; an absent one is an error."""
        found = self.optional(path)
        if found is None:
            raise self.refuse(f"<{path}> is missing under <{self.name}>")
        return found

    def every(self, path: str) -> Iterator[Node]:
        """Iterate all elements at a path of tags separated by ``/``, in any namespace."""
        step, _, rest = path.partition("/")
        for child in self._element:
            if _local(child) == step:
                below = Node(child, self.file, self.hint)
                if rest:
                    yield from below.every(rest)
                else:
                    yield below

    def children(self) -> tuple[Node, ...]:
        """Return all elements directly below, in document order."""
        return tuple(Node(child, self.file, self.hint) for child in self._element)

    def descendants(self, name: str) -> Iterator[Node]:
        """Iterate all elements of a name at any depth, in document order."""
        for element in self._element.iter():
            if _local(element) == name:
                yield Node(element, self.file, self.hint)

    def records(self, path: str) -> tuple[Node, ...]:
        """Return the records of a list; the list's ``count`` attribute, if any, has to agree.

        Parameters
        ----------
        path : str
            Path of the records, the last tag being the record's: ``orbitList/orbit``.
        """
        parent_path, _, tag = path.rpartition("/")
        parent = self.node(parent_path)
        found = tuple(parent.every(tag))
        parent.check_count(len(found))
        return found

    def check_count(self, found: int) -> None:
        """Refuse a list whose ``count`` attribute disagrees with what it holds."""
        stated = self._element.get("count")
        if (stated is not None and stated.strip() != str(found)) or found > MAX_RECORDS:
            raise self.refuse(f"<{self.name}> holds {found} entries", expected=f"count {stated!s:.20}")

    def attribute(self, name: str) -> str:
        """Return an attribute, in any namespace, or an empty text."""
        for key, value in self._element.attrib.items():
            if str(key).rpartition("}")[2] == name:
                return str(value)
        return ""

    def own_text(self) -> str:
        """Return this element's text without surrounding white space."""
        return (self._element.text or "").strip()

    def text(self, path: str, *, default: str | None = None) -> str:
        """Return the text at a path; empty or absent text is an error unless a default is given."""
        found = self.optional(path)
        value = "" if found is None else found.own_text()
        if value:
            return value
        if default is None:
            raise self.refuse(f"<{path}> is missing or empty under <{self.name}>")
        return default

    def number(self, path: str, *, default: float | None = None) -> float:
        """Return the finite number at a path; where one is given, a default stands in for an absent element."""
        if default is not None and self.optional(path) is None:
            return default
        return self._number(self.text(path), path)

    def positive(self, path: str) -> float:
        """Return the finite number above zero at a path."""
        value = self.number(path)
        if value <= 0:
            raise self.refuse(f"<{path}> is {value}", expected="a number above zero")
        return value

    def integer(self, path: str) -> int:
        """Return the whole number at a path."""
        value = self.number(path)
        if value != int(value) or abs(value) > 2**53:
            raise self.refuse(f"<{path}> is {value}", expected="a whole number")
        return int(value)

    def flag(self, path: str) -> bool:
        """Return the truth value at a path."""
        text = self.text(path).lower()
        if text not in {"true", "false"}:
            raise self.refuse(f"<{path}> is {text:.40}", expected="true or false")
        return text == "true"

    def instant(self, path: str) -> Instant:
        """Return the UTC instant at a path."""
        text = self.text(path)
        try:
            return Instant.parse(text)
        except OutOfRangeError as error:
            raise self.refuse(f"<{path}> is {text!r:.40}", expected="a UTC instant") from error

    def numbers(self, path: str, *, length: int | None = None) -> NDArray[np.float64]:
        """Return the finite numbers at a path, separated by white space.

        Parameters
        ----------
        path : str
            Where.
        length : int, optional
            How many there have to be; the ``count`` attribute, if any, has to agree in any case.
        """
        found = self.node(path)
        words = found.own_text().split()
        found.check_count(len(words))
        if length is not None and len(words) != length:
            raise self.refuse(f"<{path}> holds {len(words)} numbers", expected=str(length))
        try:
            values = np.array(words, np.float64)
        except ValueError as error:
            raise self.refuse(f"<{path}> holds what is no number") from error
        if not (np.abs(values) < MAX_NUMBER).all():
            raise self.refuse(f"<{path}> holds numbers that are not finite or beyond all measure")
        return values

    def integers(self, path: str, *, length: int | None = None) -> NDArray[np.int32]:
        """Return the whole numbers at a path, separated by white space; ``length`` as in :meth:`numbers`."""
        values = self.numbers(path, length=length)
        if (values != np.rint(values)).any() or (np.abs(values) > 2**31 - 1).any():
            raise self.refuse(f"<{path}> holds what is no whole number")
        return values.astype(np.int32)

    def _number(self, text: str, path: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not abs(value) < MAX_NUMBER:
            raise self.refuse(f"<{path}> is {text!r:.40}", expected="a finite number of sane size")
        return value


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def parse_xml(data: bytes, *, file: str, root: str, hint: str = PRODUCT_HINT) -> Node:
    """Parse a document that may be hostile.

    No network, no entities, no document type, bounded depth and text; anything else is refused.

    Parameters
    ----------
    data : bytes
        The document.
    file : str
        Its name, for messages.
    root : str
        Name its root element has to have.
    hint : str
        What to do about a bad document.

    Raises
    ------
    UnsafeInputError
        It is too large or declares a document type (the door for entity expansion).
    DamagedFileError
        It is not well formed, or of another kind.
    """
    if len(data) > MAX_XML_BYTES:
        raise UnsafeInputError(
            f"{file}: an XML document of {len(data)} bytes", expected=f"at most {MAX_XML_BYTES}"
        )
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        element = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
            raise _doctype(file) from error
        raise DamagedFileError(f"{file}: {error}"[:300], expected="well-formed XML", hint=hint) from error
    if element.getroottree().docinfo.internalDTD is not None:
        raise _doctype(file)
    node = Node(element, file, hint)
    if node.name != root:
        raise DamagedFileError(f"{file}: a document <{node.name:.60}>", expected=f"<{root}>", hint=hint)
    return node


def _doctype(file: str) -> UnsafeInputError:
    return UnsafeInputError(
        f"{file}: the document declares a document type",
        expected="plain XML without one",
        hint="do not use this file; fetch it again from a source you trust",
    )
