"""Size and shape of the code: files, functions, nesting, names of modules, docstrings."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.house.sources import (
    body_lines,
    functions,
    is_compiled,
    named,
    nesting,
    package_files,
    python_files,
    tree_of,
)

MOST_FILE_LINES = 400
MOST_BODY_LINES = 60
DEEPEST = 3
BANNED_MODULES = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "base", "core", "lib"}
SAFE_MATH = {"contract", "reassoc", "nsz", "arcp"}


def offenders(paths: list[Path], rule: Callable[[Path], Iterable[str]]) -> dict[str, list[str]]:
    """Return what breaks a rule, by file."""
    found = {named(path): sorted(rule(path)) for path in paths}
    return {name: what for name, what in found.items() if what}


def test_files_stay_below_their_limit():
    def rule(path):
        n_lines = len(path.read_text(encoding="utf-8").splitlines())
        return [f"{n_lines} lines"] if n_lines > MOST_FILE_LINES else []

    assert not offenders(python_files(), rule), f"more than {MOST_FILE_LINES} lines: split by noun"


def test_functions_stay_small():
    def rule(path):
        return {f"{f.name} ({body_lines(f)})" for f in functions(path) if body_lines(f) > MOST_BODY_LINES}

    assert not offenders(package_files(), rule), f"longer than {MOST_BODY_LINES} lines without docstring"


def test_functions_stay_flat():
    # A compiled kernel walks tiles of pixels and matrices index by index: two levels more are theirs.
    def rule(path):
        return {
            f"{f.name} ({nesting(f)})" for f in functions(path) if nesting(f) > DEEPEST + 2 * is_compiled(f)
        }

    assert not offenders(package_files(), rule), f"nested deeper than {DEEPEST}"


def test_modules_are_named_by_a_noun_of_their_room():
    def rule(path):
        words = {part.removesuffix(".py") for part in path.parts[path.parts.index("fringeworks") + 1 :]}
        return words & BANNED_MODULES

    assert not offenders(package_files(), rule)


def test_the_library_does_not_print():
    def rule(path):
        calls = [
            n for n in ast.walk(tree_of(path)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        ]
        return {f"line {n.lineno}" for n in calls if n.func.id in {"print", "input"}}

    assert not offenders(package_files(), rule)


def test_nothing_is_left_unfinished():
    def rule(path):
        text = path.read_text(encoding="utf-8")
        raised = [n.exc for n in ast.walk(tree_of(path)) if isinstance(n, ast.Raise) and n.exc]
        stubs = {"NotImplementedError" for error in raised if "NotImplementedError" in ast.unparse(error)}
        return stubs | {word for word in ("TODO", "FIXME", "XXX:") if re.search(rf"(?<![A-Z]){word}", text)}

    assert not offenders(package_files(), rule)


def test_public_names_are_documented():
    def rule(path):
        tree = tree_of(path)
        bare = [] if ast.get_docstring(tree) else ["the module"]
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                bare += [] if ast.get_docstring(node) else [node.name]
                bare += [
                    f"{node.name}.{f.name}"
                    for f in node.body
                    if isinstance(f, ast.FunctionDef) and _is_bare(f)
                ]
        return bare + [f.name for f in tree.body if isinstance(f, ast.FunctionDef) and _is_bare(f)]

    assert not offenders(package_files(), rule), "without docstring"


def _is_bare(node: ast.FunctionDef) -> bool:
    overload = any(isinstance(d, ast.Name) and d.id == "overload" for d in node.decorator_list)
    return not node.name.startswith("_") and not overload and ast.get_docstring(node) is None


def test_functions_take_no_bags_and_no_mutable_defaults():
    def rule(path):
        for node in functions(path):
            defaults = [d for d in (*node.args.defaults, *node.args.kw_defaults) if d is not None]
            if any(isinstance(d, ast.List | ast.Dict | ast.Set) for d in defaults):
                yield f"{node.name}: a default that can change"
            if node.args.kwarg is not None and not node.name.startswith("_"):
                yield f"{node.name}: **{node.args.kwarg.arg}"

    assert not offenders(package_files(), rule)


def test_compiled_kernels_keep_nan():
    # Blanket fastmath, or the flags nnan and ninf, delete tests for NaN.
    def rule(path):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.keyword) and node.arg == "fastmath":
                flags = {c.value for c in ast.walk(node.value) if isinstance(c, ast.Constant)}
                if not flags <= SAFE_MATH:
                    yield f"line {node.value.lineno}: {flags}"

    assert not offenders(package_files(), rule)
