"""The one table of addresses: which public service answers what, and how to point elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fringeworks.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address of a public archive.

    Attributes
    ----------
    name : str
        Key in the table.
    url : str
        Default address, or address template.
    meaning : str
        What it answers.
    """

    name: str
    url: str
    meaning: str

    @property
    def variable(self) -> str:
        """Environment variable that overrides the address, for a mirror."""
        return f"FRINGEWORKS_{self.name.upper().replace('-', '_')}_URL"


_TABLE = (
    Endpoint("asf-search", "https://cmr.earthdata.nasa.gov", "scenes and bursts at ASF"),
    Endpoint("dataspace-stac", "https://stac.dataspace.copernicus.eu/v1", "scenes at Copernicus, by STAC"),
    Endpoint(
        "dataspace-odata",
        "https://catalogue.dataspace.copernicus.eu/odata/v1",
        "orbit files at Copernicus, by OData",
    ),
    Endpoint(
        "dataspace-download",
        "https://download.dataspace.copernicus.eu/odata/v1",
        "files at Copernicus, by product id",
    ),
    Endpoint(
        "dataspace-token",
        "https://identity.dataspace.copernicus.eu/auth/realms/CDSE/protocol/openid-connect/token",
        "access tokens of Copernicus",
    ),
    Endpoint(
        "opensearch",
        "https://peps.cnes.fr/resto/api/collections/S1/search.json",
        "scenes by OpenSearch (PEPS and its like)",
    ),
    Endpoint("asf-orbits", "https://s1-orbits.s3.amazonaws.com", "orbit files, a public bucket"),
    Endpoint(
        "dem-aws",
        "https://copernicus-dem-30m.s3.amazonaws.com/Copernicus_DSM_COG_10_{tile}_DEM/Copernicus_DSM_COG_10_{tile}_DEM.tif",
        "tiles of Copernicus GLO-30",
    ),
    Endpoint(
        "dem-opentopography",
        "https://opentopography.s3.sdsc.edu/raster/COP30/COP30_hh/Copernicus_DSM_10_{tile}_DEM.tif",
        "tiles of Copernicus GLO-30, a second source",
    ),
)

ENDPOINTS: Final[Mapping[str, Endpoint]] = MappingProxyType({e.name: e for e in _TABLE})
"""Every address that Fringeworks asks, by name."""


def address(name: str, environment: Mapping[str, str]) -> str:
    """Return an address: that of the environment, else the public one, without a slash at its end.

    Parameters
    ----------
    name : str
        Key of :data:`ENDPOINTS`.
    environment : mapping of str to str
        Environment variables.

    Raises
    ------
    ConfigurationError
        The override is no http or https address.
    """
    endpoint = ENDPOINTS[name]
    url = environment.get(endpoint.variable, "").strip() or endpoint.url
    if not url.startswith(("https://", "http://")):
        raise ConfigurationError(
            f"{endpoint.variable} = {url[:80]!r}",
            expected="an address that starts with https://",
            hint=f"correct or remove {endpoint.variable}",
        )
    return url.rstrip("/")
