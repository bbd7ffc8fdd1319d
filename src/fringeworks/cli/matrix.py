"""Dates x bursts as text: one sign for each burst, in the order of flight."""

from __future__ import annotations

from collections.abc import Sequence


def matrix_lines(
    *,
    title: str,
    heads: Sequence[str],
    rows: Sequence[tuple[Sequence[str], str]],
    swaths: Sequence[str],
    names: Sequence[str],
) -> list[str]:
    """Draw dates x bursts.

    Parameters
    ----------
    title : str
        What the signs mean.
    heads : sequence of str
        Heads of the columns before the bursts.
    rows : sequence of (sequence of str, str)
        For each date the cells under ``heads``, and one sign for each burst; a full stop is a missing one.
    swaths, names : sequence of str
        Sub-swath and name of each burst.
    """
    order = sorted(set(swaths))
    places = {s: [k for k, swath in enumerate(swaths) if swath == s] for s in order}
    table = [[*heads, *order, "missing"]]
    for cells, signs in rows:
        drawn = ["".join(signs[k] for k in places[s]) for s in order]
        table.append([*cells, *drawn, str(signs.count("."))])
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in table]
    for swath in order:
        first, last = (names[places[swath][k]] for k in (0, -1))
        lines.append(f"{swath}: {first} to {last}" if first != last else f"{swath}: {first}")
    return [title, *lines]
