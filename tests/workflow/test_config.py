"""The configuration: every key explained, unknown keys named, wrong values refused with what would be right."""

from __future__ import annotations

import itertools

import pytest
import yaml

from fringeworks.errors import ConfigurationError, MissingInputError, UnknownKeyError, UnknownNameError
from fringeworks.workflow.config import bytes_of, load_config, parse_config, resolved, template

MINIMAL = "inputs: {interferograms: {format: gamma, path: stack}}\n"


def test_template_is_valid_yaml_and_holds_the_defaults(tmp_path):
    values = yaml.safe_load(template())
    values["inputs"]["interferograms"]["path"] = "stack"
    written = parse_config(yaml.safe_dump(values), folder=tmp_path)
    assert written == parse_config(MINIMAL, folder=tmp_path)


def test_every_key_of_the_template_has_a_comment():
    lines = template().splitlines()
    for before, line in itertools.pairwise(lines):
        if ":" in line and not line.lstrip().startswith("#") and line.strip():
            assert before.lstrip().startswith("#"), line


def test_relative_paths_count_from_the_folder_of_the_file(tmp_path):
    (tmp_path / "run.yaml").write_text(MINIMAL)
    config = load_config(tmp_path / "run.yaml")
    assert config.inputs.interferograms.path == str(tmp_path / "stack")
    assert config.output.directory == str(tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sreies: {}", "did you mean 'series'"),
        (
            "series: {inversion: {weightin: 1}}",
            "unknown key 'series.inversion.weightin'.*did you mean 'weighting'",
        ),
        ("compute: {max_memroy: 8 GiB}", "did you mean 'max_memory'"),
        ("zzz: 1", "config new"),
    ],
)
def test_unknown_key_names_the_nearest(tmp_path, text, message):
    with pytest.raises(UnknownKeyError, match=message):
        parse_config(MINIMAL + text, folder=tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("products: {spacing_m: -3}", r"products.spacing_m = -3 m.*between 1 and inf"),
        ("products: {spacing_m: wide}", "products.spacing_m = 'wide'"),
        ("compute: {max_memory: lots}", "size 'lots'"),
        ("area: {bbox: [1, 2, 3]}", "area.bbox"),
        ("area: {bbox: [1, 2, 3, 4], wkt: POINT(1 2)}", "area has bbox and wkt"),
        ("series: 3", "expected: a section"),
        ("series: {inversion: {gaps: foo}}", r"series.inversion: gaps 'foo'.*one of bridge"),
        ("config_version: 99", "config_version 99"),
        ("products: {minimum_coherence: .nan}", "minimum_coherence = nan"),
    ],
)
def test_wrong_value_says_what_would_be_right(tmp_path, text, message):
    with pytest.raises(ConfigurationError, match=message):
        parse_config(MINIMAL + text, folder=tmp_path)


def test_not_yaml_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="not YAML"):
        parse_config("a: [", folder=tmp_path)


def test_images_take_one_pattern_or_many(tmp_path):
    one = parse_config("inputs: {slc: slc, dem: dem.tif}", folder=tmp_path)
    assert one.inputs.slc_patterns == (str(tmp_path / "slc"),)
    assert one.inputs.dem == str(tmp_path / "dem.tif")
    many = parse_config("inputs: {slc: [a.zip, /b/*.SAFE], dem: dem.tif}", folder=tmp_path)
    assert many.inputs.slc_patterns == (str(tmp_path / "a.zip"), "/b/*.SAFE")


def test_images_and_interferograms_exclude_each_other(tmp_path):
    with pytest.raises(ConfigurationError, match="one of them"):
        parse_config(MINIMAL.replace("{interf", "{slc: a.zip, interf"), folder=tmp_path)


@pytest.mark.parametrize("key", ["orbits: o", "dem: d.tif", "polarisation: VV", "swaths: [IW1]"])
def test_keys_of_images_need_images(tmp_path, key):
    with pytest.raises(ConfigurationError, match=r"goes with inputs\.slc"):
        parse_config(MINIMAL.replace("{interf", f"{{{key}, interf"), folder=tmp_path)


def test_off_is_a_word(tmp_path):
    """YAML 1.1 reads a bare off as false."""
    config = parse_config("inputs: {slc: a.zip}\ncoregistration: {diversity: off}", folder=tmp_path)
    assert config.coregistration.diversity == "off"


@pytest.mark.parametrize("text", ["method: ps", "products: {families: [egms]}"])
def test_unknown_method_or_family(tmp_path, text):
    with pytest.raises(UnknownNameError, match="expected: one of"):
        parse_config(MINIMAL + text, folder=tmp_path)


def test_missing_file(tmp_path):
    with pytest.raises(MissingInputError, match="config new"):
        load_config(tmp_path / "no.yaml")


@pytest.mark.parametrize(
    ("text", "size"),
    [("1 GiB", 2**30), ("500MB", 500_000_000), ("1.5 KiB", 1536), ("7", 7), ("2 tib", 2**41)],
)
def test_sizes(text, size):
    assert bytes_of(text) == size


def test_resolved_goes_round(tmp_path):
    config = parse_config(MINIMAL, folder=tmp_path)
    assert parse_config(yaml.safe_dump(resolved(config)), folder=tmp_path) == config
