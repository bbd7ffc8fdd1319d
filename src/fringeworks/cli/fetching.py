"""Commands that talk to archives: find, get."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import platformdirs
import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from typer.core import TyperGroup

from fringeworks.catalog.archives.cache import FileCache
from fringeworks.catalog.archives.credentials import CredentialStore, system_keyring
from fringeworks.catalog.archives.desk import DEFAULT_PROVIDERS, PROVIDERS, Desk, Failure, Fetched, Found
from fringeworks.catalog.archives.protocol import SearchQuery
from fringeworks.catalog.archives.transport import Transport
from fringeworks.cli.archive_words import (
    area_of,
    bounds_of,
    burst_of,
    instant_of,
    one_of,
    orbit_need_of,
    platform_of,
    records_in,
)
from fringeworks.cli.show import as_json, err, out
from fringeworks.errors import RequestError
from fringeworks.model.identity import PassDirection, Polarisation
from fringeworks.workflow.config.schema import bytes_of

_ARCHIVES = ", ".join(PROVIDERS)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
To = Annotated[Path, typer.Option("--to", help="Folder that the files go to.")]
Offline = Annotated[bool, typer.Option("--offline", help="Ask no archive: cache and folders only.")]
Folders = Annotated[
    list[Path] | None,
    typer.Option(
        "--folder", help="A folder of your own to look into first; may be given again.", show_default=False
    ),
]
Cache = Annotated[
    Path | None,
    typer.Option(
        "--cache", help="Folder of the cache. Default: the user's cache folder.", envvar="FRINGEWORKS_CACHE"
    ),
]
Limit = Annotated[
    str,
    typer.Option(
        "--cache-limit", help="Most it may hold; 0 keeps nothing.", envvar="FRINGEWORKS_CACHE_LIMIT"
    ),
]
Providers = Annotated[
    list[str] | None,
    typer.Option(
        "--provider",
        help=f"Archive to ask ({_ARCHIVES}); may be given again. Default: {' , then '.join(DEFAULT_PROVIDERS)}.",
        show_default=False,
    ),
]
Box = Annotated[str, typer.Option("--bbox", help="WEST,SOUTH,EAST,NORTH in degrees.", show_default=False)]
_KEPT = "50 GiB"


class _ScenesFirst(TyperGroup):
    """A group whose first word may be a scene: ``get NAME`` means ``get scenes NAME``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put ``scenes`` in front where no command is named."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["scenes", *args]
        return super().parse_args(ctx, args)


getting = typer.Typer(
    cls=_ScenesFirst,
    no_args_is_help=True,
    help="Fetch scenes, bursts, orbits and elevation tiles: resumed, verified, kept in a cache.",
)


def find_command(
    *,
    bbox: Box = "",
    wkt: Annotated[str, typer.Option(help="Area as well-known text, in degrees.", show_default=False)] = "",
    start: Annotated[str, typer.Option(help="First day or instant (UTC).", show_default=False)] = "",
    end: Annotated[str, typer.Option(help="Last day or instant (UTC).", show_default=False)] = "",
    track: Annotated[int | None, typer.Option(help="Relative orbit.", show_default=False)] = None,
    direction: Annotated[str, typer.Option(help="ascending or descending.", show_default=False)] = "",
    platform: Annotated[
        list[str] | None, typer.Option(help="Satellite, such as S1A; may be given again.", show_default=False)
    ] = None,
    polarisation: Annotated[str, typer.Option(help="One that has to be there.", show_default=False)] = "",
    product: Annotated[str, typer.Option(help="slc for whole scenes, burst for single bursts.")] = "slc",
    burst: Annotated[str, typer.Option(help="One burst id, with --product burst.", show_default=False)] = "",
    provider: Providers = None,
    limit: Annotated[int, typer.Option(help="Most scenes to list.", min=1)] = 2000,
    json: Json = False,
) -> int:
    """Search archives for scenes or single bursts.

    Example: `fringeworks find --bbox 12,41.5,13,42.5 --start 2023-01-01 --end 2023-03-01 --track 117 --json`
    """
    query = SearchQuery(
        kind=one_of(product, ("slc", "burst"), "--product"),
        area=area_of(bbox, wkt),
        start=instant_of(start, "--start", last=False),
        end=instant_of(end, "--end", last=True),
        track=track,
        direction=PassDirection(one_of(direction.lower(), tuple(PassDirection), "--direction"))
        if direction
        else None,
        platforms=tuple(platform_of(p) for p in platform or ()),
        polarisation=Polarisation(one_of(polarisation.upper(), tuple(Polarisation), "--polarisation"))
        if polarisation
        else None,
        burst=burst_of(burst) if burst else None,
        limit=limit,
    )
    with _desk(offline=False, folders=None, cache=None, limit="0") as desk:
        found = desk.find(query, providers=tuple(provider or ()))
    for failure in found.failures:
        err().print(f"no answer from {failure.name}: {failure.error}", style="yellow", markup=False)
    for name in found.cut_short:
        err().print(
            f"{name}: the list ends at --limit {limit}; there may be more", style="yellow", markup=False
        )
    if json:
        as_json(found.as_dict())
    else:
        _show_found(found)
    return 0


@getting.command("scenes")
def get_scenes(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names of scenes or bursts.", show_default=False)
    ] = None,
    *,
    listed: Annotated[
        Path | None,
        typer.Option("--from-find", help="Output of `find --json`; - reads stdin.", show_default=False),
    ] = None,
    to: To = Path(),
    provider: Providers = None,
    offline: Offline = False,
    folder: Folders = None,
    cache: Cache = None,
    cache_limit: Limit = _KEPT,
    json: Json = False,
) -> int:
    """Fetch scenes or single bursts, by name or from a list.

    Example: `fringeworks get S1A_IW_SLC__1SDV_20230201T135257_20230201T135302_047043_05C0C5_59D2 --to slc`
    """
    if bool(names) == (listed is not None):
        raise RequestError(
            "get with both names and --from-find" if names else "get without names",
            expected="names, or --from-find FILE",
        )
    with _desk(offline=offline, folders=folder, cache=cache, limit=cache_limit) as desk:
        if listed is None:
            return _report(desk.fetch_names(names or [], to, providers=tuple(provider or ())), json=json)
        records = [r for r in records_in(listed) if not provider or r.provider in provider]
        return _report(desk.fetch_records(records, to), json=json)


@getting.command("orbits")
def get_orbits(
    scenes: Annotated[list[str], typer.Argument(help="SAFE files, or names of scenes.", show_default=False)],
    *,
    to: To = Path("orbits"),
    offline: Offline = False,
    folder: Folders = None,
    cache: Cache = None,
    cache_limit: Limit = _KEPT,
    json: Json = False,
) -> int:
    """Fetch the orbit file of each scene: precise where there is one, else restituted.

    Example: `fringeworks get orbits slc/*.zip --to orbits`
    """
    needs = [orbit_need_of(s) for s in scenes]
    with _desk(offline=offline, folders=folder, cache=cache, limit=cache_limit) as desk:
        return _report(desk.fetch_orbits(needs, to), json=json)


@getting.command("dem")
def get_dem(
    *,
    bbox: Box,
    to: To = Path("dem"),
    margin: Annotated[float, typer.Option(help="Added on every side [degrees].", min=0.0, max=5.0)] = 0.05,
    offline: Offline = False,
    folder: Folders = None,
    cache: Cache = None,
    cache_limit: Limit = _KEPT,
    json: Json = False,
) -> int:
    """Fetch the tiles of Copernicus GLO-30 that an area touches; their heights count from EGM2008.

    Example: `fringeworks get dem --bbox 12,41.5,13,42.5 --to dem`
    """
    with _desk(offline=offline, folders=folder, cache=cache, limit=cache_limit) as desk:
        tiles = desk.fetch_dem(bounds_of(bbox), to, margin=margin)
    if json:
        as_json(tiles.as_dict())
    else:
        out().print(
            f"{len(tiles.delivered)} tiles in {to}, heights above EGM2008 (dem_datum: egm2008)", markup=False
        )
    if tiles.absent:
        err().print(f"no tile, so sea: {', '.join(tiles.absent)}", markup=False)
    return 0


# ---------------------------------------------------------------- the desk and its report


@contextmanager
def _desk(*, offline: bool, folders: list[Path] | None, cache: Path | None, limit: str) -> Iterator[Desk]:
    environment = dict(os.environ)
    transport = None if offline else Transport(CredentialStore(environment, keyring=system_keyring))
    root = cache or Path(platformdirs.user_cache_dir("fringeworks")) / "archives"
    show = _DownloadShow()
    try:
        with show.bars:
            yield Desk(
                transport,
                FileCache(root, limit_bytes=bytes_of(limit)),
                folders=tuple(folders or ()),
                environment=environment,
                progress=show,
            )
    finally:
        if transport is not None:
            transport.close()


class _DownloadShow:
    """Shows a bar for each file on stderr, where a terminal is attached."""

    def __init__(self) -> None:
        console = err()
        self.bars = Progress(
            "{task.description}",
            BarColumn(bar_width=30),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, name: str, done: int, total: int | None) -> None:
        if name not in self._tasks:
            self._tasks[name] = self.bars.add_task(name, total=total)
        self.bars.update(self._tasks[name], completed=done, total=total)


def _report(fetched: Fetched, *, json: bool) -> int:
    for failure in fetched.failures:
        err().print(f"not fetched: {failure.name}: {failure.error}", style="bold red", markup=False)
    if json:
        as_json(fetched.as_dict())
    else:
        for one in fetched.delivered:
            note = (
                f", resumed, verified by {one.verified}" if one.resumed else f", verified by {one.verified}"
            )
            out().print(f"{one.path} ({one.came_from}{note})", markup=False)
    if not fetched.failures:
        return 0
    return 5 if fetched.delivered else _status(fetched.failures)


def _status(failures: Sequence[Failure]) -> int:
    return failures[0].error.exit_status


def _show_found(found: Found) -> None:
    console = out()
    for r in found.records:
        size = f"{r.size / 1e9:6.2f} GB" if r.size else " " * 9
        track = f"T{r.track:03d}" if r.track else "T?  "
        direction = r.direction.value[:4] if r.direction else "?"
        line = f"{r.start.iso[:19]}  {track} {direction:<4}  {'+'.join(r.polarisations):<5}  {size}  {r.provider}  {r.name}"
        console.print(line, markup=False)
    total = sum(r.size or 0 for r in found.records)
    console.print(f"{len(found.records)} from {', '.join(found.providers)}, {total / 1e9:.1f} GB in all")


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("find")(find_command)
    app.add_typer(getting, name="get")
