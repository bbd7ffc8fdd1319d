"""Pages agree with the code: made pages, code blocks, configuration keys, commands, links."""

from __future__ import annotations

import re
import shlex

import pytest
import typer
import yaml
from tests.house.sources import DOCS, ROOT, named, pages
from tools.make_docs import PAGES, made_pages

from fringeworks import errors
from fringeworks.cli.app import app
from fringeworks.model.layers import LAYERS, Quality
from fringeworks.workflow.config.records import record_from
from fringeworks.workflow.config.schema import RunConfig

BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>[^>]+) -->\n+)?^(?P<pad> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=pad)```",
    re.MULTILINE | re.DOTALL,
)
LINK = re.compile(r"\]\((?P<target>[^)#:]+)(?:#[^)]*)?\)")


def blocks(language):
    for path in pages():
        for found in BLOCK.finditer(path.read_text(encoding="utf-8")):
            if found["language"] == language:
                pad = found["pad"]
                text = "".join(line.removeprefix(pad) for line in found["text"].splitlines(keepends=True))
                yield path, text, found["reason"]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_made_from_code_is_up_to_date(name):
    on_disk = (DOCS / "reference" / name).read_text(encoding="utf-8")
    assert on_disk == made_pages()[name], "run `make docs-pages`"


def test_every_error_layer_and_bit_is_on_its_page():
    error_page = (DOCS / "reference" / "errors.md").read_text(encoding="utf-8")
    kinds = [
        k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, errors.FringeworksError)
    ]
    numbers = [kind.code for kind in kinds]
    assert len(set(numbers)) == len(numbers)
    for kind in kinds:
        assert kind is errors.FringeworksError or f"| FW{kind.code} | `{kind.__name__}` |" in error_page
    layer_page = (DOCS / "reference" / "layers.md").read_text(encoding="utf-8")
    for name in (*LAYERS, *(bit.name for bit in Quality)):
        assert f"`{name}`" in layer_page


def test_numbers_that_pages_mention_exist():
    known = {
        k.code
        for k in vars(errors).values()
        if isinstance(k, type) and issubclass(k, errors.FringeworksError)
    }
    for path in pages():
        for number in re.findall(r"FW(\d{4})", path.read_text(encoding="utf-8")):
            assert int(number) in known, f"FW{number} in {named(path)}"


def python_pages():
    return sorted({path for path, _, _ in blocks("python")})


@pytest.mark.parametrize("path", python_pages(), ids=named)
def test_python_blocks_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    n_run = 0
    for page, text, reason in blocks("python"):
        if page == path and reason is None:
            exec(compile(text, named(path), "exec"), names)
            n_run += 1
    assert n_run or all(reason for page, _, reason in blocks("python") if page == path)


def yaml_blocks():
    return [pytest.param(text, id=f"{named(path)}-{k}") for k, (path, text, _) in enumerate(blocks("yaml"))]


@pytest.mark.parametrize("text", yaml_blocks())
def test_yaml_blocks_use_keys_that_exist(text):
    record_from(RunConfig, yaml.safe_load(text))


def command_lines():
    found = []
    for path, text, _ in blocks("bash"):
        for line in text.splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0].endswith("fringeworks"):
                found.append(pytest.param(words[1:], id=f"{named(path)}: {line}"))
    return found


@pytest.mark.parametrize("words", command_lines())
def test_commands_on_pages_exist_with_their_options(words):
    command = typer.main.get_command(app)
    options = {"--version", "--help"}
    for word in words:
        if word in {">", "|"}:
            break
        if hasattr(command, "commands") and not word.startswith("-"):
            assert word in command.commands, f"no command {word!r}"
            command = command.commands[word]
            options = {"--help", *(name for p in command.params for name in (*p.opts, *p.secondary_opts))}
        elif word.startswith("-"):
            assert word.split("=")[0] in options, f"no option {word!r}"


def test_make_targets_on_pages_exist():
    targets = set(
        re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    for path in pages():
        for target in re.findall(r"`make ([a-z][a-z-]*)", path.read_text(encoding="utf-8")):
            assert target in targets, f"make {target} in {named(path)}"


def test_links_lead_somewhere():
    for path in pages():
        for target in LINK.findall(path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{named(path)} links to {target}"


def test_every_page_is_in_the_table_of_contents():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for path in DOCS.rglob("*.md"):
        place = path.relative_to(DOCS).as_posix()
        assert place.startswith("changes/") or place in navigation, f"{place} is not in mkdocs.yml"


def test_fragments_are_named_by_their_kind():
    from tools.make_changelog import NAME

    for path in (DOCS / "changes").iterdir():
        assert path.name == "README.md" or NAME.fullmatch(path.name), path.name
        assert path.read_text(encoding="utf-8").strip()
