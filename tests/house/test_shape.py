"""Size and shape of the code: files, functions, nesting, names of modules."""

from __future__ import annotations

import ast

import pytest
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


@pytest.mark.parametrize("path", python_files(), ids=named)
def test_a_file_stays_below_its_limit(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_FILE_LINES, "split it by noun"


@pytest.mark.parametrize("path", package_files(), ids=named)
def test_functions_stay_small(path):
    long = {f"{f.name} ({body_lines(f)})" for f in functions(path) if body_lines(f) > MOST_BODY_LINES}
    assert not long, f"longer than {MOST_BODY_LINES} lines without docstring: {sorted(long)}"


@pytest.mark.parametrize("path", package_files(), ids=named)
def test_functions_stay_flat(path):
    # A compiled kernel walks its matrices index by index: one level more is theirs.
    deep = {f"{f.name} ({nesting(f)})" for f in functions(path) if nesting(f) > DEEPEST + int(is_compiled(f))}
    assert not deep, f"nested deeper than {DEEPEST}: {sorted(deep)}"


@pytest.mark.parametrize("path", package_files(), ids=named)
def test_a_module_is_named_by_a_noun_of_its_room(path):
    words = {part.removesuffix(".py") for part in path.parts[path.parts.index("fringeworks") + 1 :]}
    assert not words & BANNED_MODULES
    assert not any(word[-1].isdigit() for word in words if not word.startswith("iso")), (
        "split by noun, not number"
    )


@pytest.mark.parametrize("path", package_files(), ids=named)
def test_the_library_does_not_print(path):
    calls = {
        node.lineno
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"print", "input"}
    }
    assert not calls, f"print or input in lines {sorted(calls)}"


@pytest.mark.parametrize("path", package_files(), ids=named)
def test_nothing_is_left_unfinished(path):
    raised = [node.exc for node in ast.walk(tree_of(path)) if isinstance(node, ast.Raise) and node.exc]
    assert not any("NotImplementedError" in ast.unparse(error) for error in raised)
    text = path.read_text(encoding="utf-8")
    for word in ("TODO", "FIXME", "XXX:"):
        assert word not in text


@pytest.mark.parametrize("path", package_files(), ids=named)
def test_public_names_are_documented(path):
    tree = tree_of(path)
    bare = [] if ast.get_docstring(tree) else ["the module"]
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            bare += [] if ast.get_docstring(node) else [node.name]
            bare += [
                f"{node.name}.{f.name}" for f in node.body if isinstance(f, ast.FunctionDef) and _is_bare(f)
            ]
    bare += [f.name for f in tree.body if isinstance(f, ast.FunctionDef) and _is_bare(f)]
    assert not bare, f"without docstring: {bare}"


def _is_bare(node: ast.FunctionDef) -> bool:
    overload = any(isinstance(d, ast.Name) and d.id == "overload" for d in node.decorator_list)
    return not node.name.startswith("_") and not overload and ast.get_docstring(node) is None


@pytest.mark.parametrize("path", package_files(), ids=named)
def test_our_functions_take_no_bags_and_no_mutable_defaults(path):
    for node in functions(path):
        defaults = [d for d in (*node.args.defaults, *node.args.kw_defaults) if d is not None]
        assert not any(isinstance(d, ast.List | ast.Dict | ast.Set) for d in defaults), node.name
        assert node.args.kwarg is None or node.name.startswith("_"), f"**{node.args.kwarg.arg} in {node.name}"


@pytest.mark.parametrize("path", package_files(), ids=named)
def test_compiled_kernels_keep_nan(path):
    # Blanket fastmath, or the flags nnan and ninf, delete tests for NaN.
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.keyword) and node.arg == "fastmath":
            flags = {c.value for c in ast.walk(node.value) if isinstance(c, ast.Constant)}
            assert flags <= {"contract", "reassoc", "nsz", "arcp"}, f"line {node.value.lineno}: {flags}"
