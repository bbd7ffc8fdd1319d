import pytest
from tests.io.safe.made_safe import Recipe, contents, write_folder, write_zip

from fringeworks.errors import MissingInputError
from fringeworks.io.safe import open_safe
from fringeworks.model.identity import Polarisation, Swath


@pytest.fixture
def wide(tmp_path):
    recipe = Recipe(swaths=("IW1", "IW2", "IW3"), polarisations=("vv",))
    return recipe, open_safe(write_zip(tmp_path, recipe))


def test_what_is_listed_and_what_is_there(tmp_path):
    recipe = Recipe(swaths=("IW1", "IW2", "IW3"))
    files = contents(recipe)
    del files[recipe.file("annotation", "IW3", "vv")]
    product = open_safe(write_folder(tmp_path, recipe, files=files))
    assert [s for s, _ in product.listed] == [Swath.IW1, Swath.IW2, Swath.IW3]
    assert [s for s, _ in product.available] == [Swath.IW1, Swath.IW2]
    assert len(product.bursts()) == 6
    with pytest.raises(MissingInputError, match="is not in it"):
        product.acquisition(Swath.IW3, Polarisation.VV)


def test_bursts_are_chosen_by_sub_swath_and_polarisation(wide):
    _, product = wide
    assert len(product.bursts()) == 9
    assert {b.swath for b in product.bursts(swaths=[Swath.IW2, Swath.IW3])} == {Swath.IW2, Swath.IW3}
    assert len(product.bursts(polarisations=[Polarisation.VV])) == 9
    assert product.bursts(polarisations=[Polarisation.HH]) == ()
    both = product.bursts(swaths=iter([Swath.IW1, Swath.IW2]), polarisations=iter([Polarisation.VV]))
    assert len(both) == 6
    with pytest.raises(MissingInputError, match="expected: one of IW1 VV, IW2 VV, IW3 VV"):
        product.bursts(swaths=[Swath.IW1], polarisations=[Polarisation.VH])


def test_a_name_may_promise_more_than_the_manifest_holds(tmp_path):
    # single polarisation inside a product named as dual: the manifest is the law
    recipe = Recipe()
    folder = write_folder(tmp_path, recipe)
    renamed = folder.rename(folder.with_name(folder.name.replace("1SSV", "1SDV")))
    product = open_safe(renamed)
    assert product.listed == ((Swath.IW2, Polarisation.VV),)
    assert not any(f.level == "warning" for f in product.findings)


def test_everything_is_read_once(wide):
    _, product = wide
    assert product.acquisition(Swath.IW1, Polarisation.VV) is product.acquisition(Swath.IW1, Polarisation.VV)
    assert product.measurement(Swath.IW1, Polarisation.VV) is product.measurement(Swath.IW1, Polarisation.VV)
    assert product.name in repr(product)
    assert product.path.suffix == ".zip"


@pytest.mark.parametrize("platform", ["S1A", "S1B", "S1C", "S1D"])
def test_every_satellite_is_read(tmp_path, platform):
    # the orbit whose track is 71, by ESA's published offsets (S1C before its move)
    orbit = {"S1A": 73, "S1B": 27, "S1C": 172, "S1D": 42}[platform] + 70 + 175
    product = open_safe(write_folder(tmp_path, Recipe(platform=platform, orbit=orbit)))
    assert product.manifest.key.platform.name == platform
    assert [f.level for f in product.findings] == ["ok"]
    assert len(product.bursts()) == 3


@pytest.mark.parametrize("polarisations", [("vv",), ("hh",), ("vv", "vh"), ("hh", "hv")], ids="+".join)
def test_every_polarisation_is_read(tmp_path, polarisations):
    product = open_safe(write_folder(tmp_path, Recipe(polarisations=polarisations)))
    assert {p.value.lower() for _, p in product.available} == set(polarisations)
    assert len(product.bursts()) == 3 * len(polarisations)


def test_the_cloud_naming_is_read(tmp_path):
    recipe = Recipe(cog=True)
    product = open_safe(write_zip(tmp_path, recipe))
    assert product.name.endswith("_COG")
    burst = product.bursts()[2]
    assert (product.samples(burst, kind="int16")[:] == recipe.pixels("IW2")[48:]).all()
