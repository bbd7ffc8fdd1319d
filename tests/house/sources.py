"""The source files the house tests look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "fringeworks"
DOCS = ROOT / "docs"
MADE = {"_version.py"}


def package_files() -> list[Path]:
    """Return the Python files of the package, without those made by the build."""
    return sorted(path for path in PACKAGE.rglob("*.py") if path.name not in MADE)


def python_files() -> list[Path]:
    """Return the Python files of package, tests, tools, benchmarks and validation."""
    others = [
        path
        for name in ("tests", "tools", "benchmarks", "validation")
        for path in (ROOT / name).rglob("*.py")
    ]
    return package_files() + sorted(others)


def pages() -> list[Path]:
    """Return the pages a person reads."""
    top = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
    return [path for path in top if path.is_file()] + sorted(DOCS.rglob("*.md"))


def named(path: Path) -> str:
    """Return a path as a test's name shows it."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Iterate the functions of a file, inner ones too."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function's body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    if not body:
        return 0
    return (node.end_lineno or 0) - body[0].lineno + 1


def is_compiled(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether a function is compiled by Numba."""
    return any("njit" in text or text.endswith("kernel") for text in map(ast.unparse, node.decorator_list))


def nesting(node: ast.AST) -> int:
    """Return how deep loops, branches and blocks lie inside each other."""
    blocks = ast.If | ast.For | ast.While | ast.With | ast.Try | ast.Match
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, nesting(child) + int(isinstance(child, blocks) and not is_elif))
    return deepest
