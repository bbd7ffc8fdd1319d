"""Read a run configuration: YAML, checks that need more than one key, and paths made absolute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

import yaml

from fringeworks.errors import ConfigurationError, MissingInputError, UnknownNameError
from fringeworks.workflow.config.presets import with_preset
from fringeworks.workflow.config.records import commented_yaml, plain, record_from
from fringeworks.workflow.config.schema import CONFIG_VERSION, RunConfig

METHODS: Final = ("sbas", "pair", "ds", "ps+ds")
"""Chains that are offered."""
_FAMILIES: Final = ("standard",)
_SLC_KEYS: Final = ("orbits", "dem", "polarisation", "swaths", "exclude_dates")

_HEADER = """\
# Fringeworks run configuration. Every key is shown with its default; delete what you do not change.
# Run it:  fringeworks run run.yaml      Look first:  fringeworks plan run.yaml
"""


def template() -> str:
    """Return the commented YAML that `fringeworks config new` prints."""
    return _HEADER + "\n" + "\n".join(commented_yaml(RunConfig))


def load_config(path: Path) -> RunConfig:
    """Read and check a configuration file; relative paths count from the file's folder.

    Raises
    ------
    MissingInputError
        The file is not there.
    ConfigurationError, UnknownKeyError, UnknownNameError
        It cannot be carried out as written.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MissingInputError(
            f"configuration {path} cannot be read: {error}",
            hint="`fringeworks config new > run.yaml` writes one",
        ) from error
    return parse_config(text, folder=path.resolve().parent)


def parse_config(text: str, *, folder: Path) -> RunConfig:
    """Parse the text of a configuration; relative paths count from ``folder``."""
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(
            f"the configuration is not YAML: {error}", hint="check indentation and quotes"
        ) from error
    if values is None:
        values = {}
    if not isinstance(values, Mapping):
        raise ConfigurationError(
            f"the configuration is {type(values).__name__}", expected="sections with keys"
        )
    return config_from(values, folder=folder)


def config_from(values: Mapping[str, Any], *, folder: Path) -> RunConfig:
    """Build a configuration from plain values; relative paths count from ``folder``."""
    version = values.get("config_version", CONFIG_VERSION)
    if isinstance(version, int) and version > CONFIG_VERSION:
        raise ConfigurationError(
            f"config_version {version}", expected=f"at most {CONFIG_VERSION}", hint="use a newer Fringeworks"
        )
    config = record_from(RunConfig, _with_words(with_preset(values)))
    _check(config)
    return _absolute(config, folder)


def _with_words(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give back the word that YAML takes for a truth value: ``diversity: off`` is read as false."""
    part = values.get("coregistration")
    if isinstance(part, Mapping) and part.get("diversity") is False:
        return {**values, "coregistration": {**part, "diversity": "off"}}
    return values


def offered_families() -> list[str]:
    """Return the product families that can be asked for: ours and those of installed plug-ins, by name."""
    return sorted({*_FAMILIES, *(e.name for e in entry_points(group="fringeworks.products"))})


def resolved(config: RunConfig) -> dict[str, Any]:
    """Return the configuration as plain values with every default filled in."""
    values: dict[str, Any] = plain(config)
    return values


def _check(config: RunConfig) -> None:
    for name in config.methods:
        if name not in METHODS:
            raise UnknownNameError(
                f"method {name!r}",
                expected=f"one of {', '.join(METHODS)}",
                hint="ps alone is not offered: ps+ds gives both kinds of points, told apart by their column kind",
            )
    _check_methods(config)
    _check_linked(config)
    for name in config.products.families:
        offered = offered_families()
        if name not in offered:
            raise UnknownNameError(f"product family {name!r}", expected=f"one of {', '.join(offered)}")
    if "standard" not in config.products.families:
        raise ConfigurationError(
            f"products.families = {list(config.products.families)}",
            expected="standard among them: the others build on it",
        )
    _check_inputs(config)
    area = plain(config.area)
    given = [key for key, value in area.items() if value]
    if len(given) > 1:
        raise ConfigurationError(f"area has {' and '.join(given)}", expected="one key at most")
    if config.area.bbox and len(config.area.bbox) != 4:
        raise ConfigurationError(
            f"area.bbox = {list(config.area.bbox)}", expected="[west, south, east, north] in degrees"
        )
    if config.memory_bytes <= 0:
        raise ConfigurationError(
            f"compute.max_memory = {config.compute.max_memory!r}", expected="more than nothing"
        )


def _check_methods(config: RunConfig) -> None:
    """Refuse methods that exclude each other, or need images where there are none."""
    methods = config.methods
    if not methods or len(set(methods)) < len(methods):
        raise ConfigurationError(f"method = {list(methods)}", expected="one or more methods, each once")
    if "pair" in methods and len(methods) > 1:
        raise ConfigurationError(f"method = {list(methods)}", expected="pair alone")
    if "ds" in methods and "ps+ds" in methods:
        raise ConfigurationError(
            f"method = {list(methods)}", expected="ds or ps+ds", hint="points of ps+ds hold those of ds"
        )
    linked = [m for m in methods if m in ("ds", "ps+ds")]
    if linked and not config.inputs.slc_patterns:
        raise ConfigurationError(
            f"method {linked[0]} with a stack of interferograms",
            expected="single-look complex images (inputs.slc)",
            hint="phases of scatterers cannot be linked from interferograms that were averaged and unwrapped",
        )


def _check_linked(config: RunConfig) -> None:
    """Refuse what interferograms of linked phases do not have."""
    if config.rasters_linked and config.pairs.extra_looks:
        raise ConfigurationError(
            f"pairs.extra_looks with method {' and '.join(config.methods)}",
            expected="it with sbas or pair: linked phases have one grid",
            hint="leave pairs.extra_looks out, or add sbas to method",
        )


def _check_inputs(config: RunConfig) -> None:
    inputs = config.inputs
    if inputs.slc_patterns and inputs.interferograms.path:
        raise ConfigurationError(
            "inputs holds slc and interferograms.path", expected="one of them", hint="leave the other one out"
        )
    if inputs.slc_patterns:
        if config.pairs.looks and len(config.pairs.looks) != 2:
            raise ConfigurationError(f"pairs.looks = {list(config.pairs.looks)}", expected="[azimuth, range]")
        twice = sorted(set(config.corrections.names) & set(config.corrections.before_filter))
        if twice and not config.corrections.give_back:
            raise ConfigurationError(
                f"{twice[0]!r} is in corrections.names and in corrections.before_filter",
                expected="one of them: it would be subtracted twice",
                hint="or set corrections.give_back to true",
            )
        for looks in config.pairs.extra_looks:
            if len(looks) != 2 or config.pairs.extra_looks.count(looks) > 1:
                raise ConfigurationError(
                    f"pairs.extra_looks = {[list(each) for each in config.pairs.extra_looks]}",
                    expected="a list of different [azimuth, range], such as [[2, 8], [8, 32]]",
                )
        return
    if not inputs.interferograms.path:
        raise ConfigurationError(
            "inputs.slc and inputs.interferograms.path are empty",
            expected="images, or the folder of a stack of interferograms",
            hint="set one of them, or try `fringeworks demo`",
        )
    if config.corrections.before_filter:
        raise ConfigurationError(
            "corrections.before_filter goes with inputs.slc; the interferograms given are filtered already",
            hint="use corrections.names, which are subtracted from the series",
        )
    for key in _SLC_KEYS:
        if getattr(inputs, key):
            raise ConfigurationError(
                f"inputs.{key} goes with inputs.slc; a stack of interferograms brings its own",
                hint=f"leave inputs.{key} out",
            )


def _absolute(config: RunConfig, folder: Path) -> RunConfig:
    def at(path: str) -> str:
        return str((folder / Path(path).expanduser()).resolve()) if path else ""

    stack = replace(config.inputs.interferograms, path=at(config.inputs.interferograms.path))
    area = replace(
        config.area, geojson=at(config.area.geojson), shp=at(config.area.shp), kml=at(config.area.kml)
    )
    return replace(
        config,
        inputs=replace(
            config.inputs,
            interferograms=stack,
            slc=tuple(_pattern_at(p, folder) for p in config.inputs.slc_patterns),
            orbits=at(config.inputs.orbits),
            dem=at(config.inputs.dem),
            water_mask=at(config.inputs.water_mask),
        ),
        area=area,
        output=replace(config.output, directory=at(config.output.directory)),
    )


def _pattern_at(pattern: str, folder: Path) -> str:
    """Make a path or pattern absolute without resolving what may hold wildcards."""
    path = Path(pattern).expanduser()
    return str(path if path.is_absolute() else folder.resolve() / path)
