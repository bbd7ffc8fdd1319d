"""Write the reference pages that are made from code, or check that they are up to date.

python tools/make_docs.py            write docs/reference/{layers,points,errors,config,cli}.md
python tools/make_docs.py --check    say which differ, exit 1 if any does
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"
HEAD = "<!-- Made from code by tools/make_docs.py: change the code, then run `make docs-pages`. -->\n\n"


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    clean = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    lines = [header, ["---"] * len(header), *clean]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def layers_page() -> str:
    """Return the page of layers and quality bits."""
    from fringeworks.model.layers import LAYERS, NOT_RECOMMENDED, QUALITY_MEANING

    rows = [
        [
            f"`{layer.name}`" + (f" ({layer.axis}, y, x)" if layer.axis else ""),
            layer.unit,
            f"{layer.dtype}, {layer.fill:g}" if layer.fill == layer.fill else f"{layer.dtype}, NaN",
            range_text(layer.valid_range),
            layer.sign or "–",
            f"**{layer.long_name.capitalize()}.** {layer.meaning}",
        ]
        for layer in LAYERS.values()
    ]
    bits = [
        [str(int(bit)), f"`{bit.name}`", "no" if bit & NOT_RECOMMENDED else "yes", meaning]
        for bit, meaning in QUALITY_MEANING.items()
    ]
    return f"""# Layers

Every raster that Fringeworks writes is one line of this table. The name is the file's stem and the key of the
asset in the catalogue; unit, sign and meaning are also written into the file. Rasters have the axes (y, x),
y downward; those with a third axis have one band for each date, or the bands east, north, up.

{table(["layer", "unit", "type, no data", "valid range", "sign", "meaning"], rows)}
A term with a date in its name (`step_20200101`, `postseismic_log_20200101`) is the layer without the date.

## Bits of `quality_flags`

The value of a pixel is the sum of the bits that hold for it; 0 means that nothing speaks against it.
`recommended_mask` is 0 where any bit with a "no" in the third column is set.

{table(["bit", "name", "still recommended", "meaning"], bits)}"""


def points_page() -> str:
    """Return the page of the columns of points."""
    from fringeworks.model.scatterers import COLUMNS

    rows = [[f"`{c.name}`", c.unit or "–", c.dtype, c.meaning] for c in COLUMNS]
    rows.append(
        ["`displacement`", "m", "list of float32", "Series, positive = toward the satellite; first date zero"]
    )
    rows.append(["`geometry`", "–", "binary", "Point of longitude and latitude (well-known binary)"])
    return f"""# Columns of points

`products/standard/points.parquet` is GeoParquet with one row for each scatterer. The file's metadata hold `dates`
(JSON list of ISO dates, one for each value of `displacement`), `units` (by column), `facts` (wavelength, reference,
digest of the configuration) and `points_version`.

{table(["column", "unit", "type", "meaning"], rows)}"""


def range_text(limits: tuple[float, float] | None) -> str:
    """Return a range as a person writes it."""
    if limits is None:
        return "–"
    low, high = limits
    if high == float("inf"):
        return f"≥ {low:g}"
    return f"{low:g} to {high:g}"


def errors_page() -> str:
    """Return the page of errors, numbers and exit codes."""
    from fringeworks import errors

    kinds = [
        k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, errors.FringeworksError)
    ]
    branches = [errors.RequestError, errors.InputRefusedError, errors.RunError, errors.CalculationError]
    parts = []
    for branch in branches:
        rows = [
            [f"FW{kind.code}", f"`{kind.__name__}`", first_line(kind), caught_as(kind)]
            for kind in sorted((k for k in kinds if issubclass(k, branch)), key=lambda k: k.code)
        ]
        title = f"## {branch.code // 1000}xxx: {branch.summary} (exit code {branch.exit_status})"
        parts.append(title + "\n\n" + table(["number", "error", "raised when", "also caught as"], rows))
    return f"""# Errors and exit codes

A message says what was found, what was expected and what to do, and begins with a number:

```text
[FW1002] unknown key 'series.modle'; expected: ...; what to do: did you mean 'model'?
```

The numbers are stable: scripts may rely on them, and on the exit codes of the command line.

| exit code | meaning |
| --- | --- |
| 0 | done; what quality tests rejected is in the manifest and is not an error |
| 2 | bad request: configuration or arguments |
| 3 | an input is refused |
| 4 | failed while running; the same command goes on where it stopped |
| 5 | finished, but an input that was asked for was missing or unreadable (0 with `--allow-missing`) |

{chr(10).join(parts)}"""


def first_line(thing: Any) -> str:
    """Return the first line of a docstring."""
    return (thing.__doc__ or "").strip().splitlines()[0]


def caught_as(kind: type) -> str:
    """Return the built-in exceptions that an error also is."""
    names = [
        base.__name__
        for base in kind.__mro__
        if base.__module__ == "builtins" and base not in {Exception, BaseException, object}
    ]
    return ", ".join(f"`{name}`" for name in names) or "–"


def config_page() -> str:
    """Return the page of every configuration key."""
    from fringeworks.workflow.config import RunConfig, template

    parts = [
        "# Configuration\n",
        "One YAML file describes a run. `fringeworks config new > run.yaml` writes it with every key, its meaning, unit,",
        "range and default; keys that keep their default can be deleted. An unknown key is an error that names the",
        "nearest known one. Relative paths count from the folder of the file.\n",
        *config_sections(RunConfig, ""),
        "## The file as `config new` writes it\n",
        "```yaml",
        template().rstrip(),
        "```",
    ]
    return "\n".join(parts) + "\n"


def config_sections(kind: type[Any], path: str) -> Iterator[str]:
    """Yield a heading and a table for each record of options, outermost first."""
    hints = get_type_hints(kind)
    plain = [f for f in fields(kind) if not is_dataclass(hints[f.name])]
    if plain:
        yield f"## `{path}`\n" if path else "## Top level\n"
        rows = [
            [
                f"`{f.name}`",
                type_text(hints[f.name]),
                str(f.metadata.get("unit") or "–"),
                option_range(f.metadata),
                f"`{yaml_text(f)}`",
                str(f.metadata.get("meaning", "")),
            ]
            for f in plain
        ]
        yield table(["key", "type", "unit", "range", "default", "meaning"], rows)
    for field in fields(kind):
        if is_dataclass(hints[field.name]):
            inner = f"{path}.{field.name}" if path else field.name
            yield from config_sections(hints[field.name], inner)


def yaml_text(field: Any) -> str:
    """Return an option's default as YAML writes it."""
    import yaml

    from fringeworks.workflow.config.records import default_of, plain

    text = yaml.safe_dump(plain(default_of(field)), default_flow_style=True, width=1000).strip()
    return text.removesuffix("...").strip()


def option_range(metadata: Any) -> str:
    """Return the range of an option."""
    low, high = metadata.get("minimum"), metadata.get("maximum")
    if low is None and high is None:
        return "–"
    if high is None:
        return f"≥ {low:g}"
    if low is None:
        return f"≤ {high:g}"
    return f"{low:g} to {high:g}"


def type_text(hint: Any) -> str:
    """Return a type in plain words."""
    arguments = get_args(hint)
    if not arguments:
        words = {
            "str": "text",
            "int": "whole number",
            "float": "number",
            "bool": "true or false",
            "NoneType": "nothing",
        }
        return words.get(getattr(hint, "__name__", ""), str(hint))
    if "Literal" in str(get_origin(hint)):
        return ", ".join(f"`{a}`" if a else "empty" for a in arguments)
    if get_origin(hint) in {list, tuple}:
        return f"list of {type_text(arguments[0])}"
    return " or ".join(type_text(a) for a in arguments)


def cli_page() -> str:
    """Return the page of commands and their options."""
    import typer

    from fringeworks.cli.app import app

    command = typer.main.get_command(app)
    parts = ["# Commands\n", help_text(command.help) + "\n"]
    for path, inner in commands(command, "fringeworks"):
        parts += [f"## `{path}`\n", help_text(inner.help) + "\n"]
        rows = [
            [parameter_name(p), help_text(getattr(p, "help", "") or "").replace("\n", " "), default_text(p)]
            for p in inner.params
            if p.name not in {"help", "install_completion", "show_completion"}
            and not getattr(p, "hidden", False)
        ]
        if rows:
            parts.append(table(["argument or option", "meaning", "default"], rows))
    return "\n".join(parts).rstrip() + "\n"


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, with the words that call it."""
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name in sorted(command.commands):
        if not command.commands[name].hidden:
            yield from commands(command.commands[name], f"{path} {name}")


def parameter_name(parameter: Any) -> str:
    """Return how a parameter is written on the command line."""
    if parameter.param_type_name == "argument":
        return f"`{(parameter.metavar or parameter.name).upper()}`"
    names = [*parameter.opts, *parameter.secondary_opts]
    return ", ".join(f"`{name}`" for name in names)


def default_text(parameter: Any) -> str:
    """Return a parameter's default, or that it is needed."""
    if parameter.required:
        return "needed"
    default = parameter.default
    if (
        default is None
        or default is False
        or default in ("", [], ())
        or "UNSET" in str(default)
        or callable(default)
    ):
        return "–"
    return f"`{default}`"


def help_text(text: str | None) -> str:
    """Return help without its indentation and form feeds."""
    return textwrap.dedent(text or "").replace("\b", "").replace("\f", "").strip()


PAGES: dict[str, Callable[[], str]] = {
    "layers.md": layers_page,
    "points.md": points_page,
    "errors.md": errors_page,
    "config.md": config_page,
    "cli.md": cli_page,
}


def made_pages() -> dict[str, str]:
    """Return the text of every page, by file name."""
    return {name: HEAD + page().rstrip() + "\n" for name, page in PAGES.items()}


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them."""
    stale = []
    for name, text in made_pages().items():
        path = REFERENCE / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
            print(f"docs/reference/{name}: written")
    if stale and "--check" in arguments:
        print(f"out of date: {', '.join(stale)}; run `make docs-pages`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
