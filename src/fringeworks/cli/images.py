"""What a plan says of the images it starts from: dates x bursts, reference date, baselines, looks, map."""

from __future__ import annotations

from rich.table import Table

from fringeworks.cli.matrix import matrix_lines
from fringeworks.cli.show import counted
from fringeworks.workflow.scenes import SceneStack
from fringeworks.workflow.scenes.account import BurstTable, baselines_of, burst_table, lost_days


def image_lines(scenes: SceneStack) -> list[str]:
    """Return the plan's words on the images, one text a line."""
    table = burst_table(scenes)
    rows, cols = scenes.grid.shape
    step = scenes.frame.grid
    unit = "degree" if abs(scenes.grid.y_step) < 0.5 else "m"
    swaths = ", ".join(s.value for s in scenes.frame.swaths())
    first = (
        f"{counted(len(scenes.dates), 'image')} of track {scenes.track} {scenes.pass_direction}, "
        f"{scenes.polarisation.value}, {counted(len(table.names), 'burst')} of {swaths}"
    )
    looks = (
        f"looks {scenes.looks.azimuth} x {scenes.looks.range} (lines x samples): {scenes.looked.rows} x "
        f"{scenes.looked.cols} cells of {step.shape.rows} lines by {step.shape.cols} samples"
    )
    ground = (
        f"map {rows} x {cols} pixels of {abs(scenes.grid.y_step):g} {unit}, {scenes.grid.crs}; ground between "
        f"{scenes.heights[0]:.0f} and {scenes.heights[1]:.0f} m above the ellipsoid"
    )
    reference = f"reference date {scenes.dates[scenes.reference].day}: {scenes.reference_reason}"
    return [first, *_matrix(scenes, table), reference, looks, ground]


def _matrix(scenes: SceneStack, table: BurstTable) -> list[str]:
    rows, baselines = [], baselines_of(scenes)
    for k, scene in enumerate(scenes.dates):
        cells = [
            scene.day.isoformat(),
            scene.platform,
            str(len(scene.products)),
            scene.orbit.source,
            "reference" if k == scenes.reference else f"{baselines[k]:+.0f} m",
            f"{scene.doppler:+.0f} Hz",
        ]
        signs = [
            "#" if used else "o" if held else "."
            for used, held in zip(table.used[k], table.held[k], strict=True)
        ]
        rows.append((cells, "".join(signs)))
    return matrix_lines(
        title="bursts by date (# used, o outside the area, . missing)",
        heads=("date", "platform", "slices", "orbit", "baseline", "Doppler"),
        rows=rows,
        swaths=table.swaths,
        names=table.names,
    )


def left_out_table(scenes: SceneStack) -> Table | None:
    """Return what of the images is not used, with the reasons; None where all is."""
    rows = [("date", day, why) for day, why in (*scenes.left_out, *lost_days(scenes))]
    rows += [("product", name, why) for name, why in scenes.missing]
    cells = burst_table(scenes).excluded
    reasons: dict[str, list[str]] = {}
    for day, burst, why in cells:
        reasons.setdefault(why, []).append(f"{day} {burst}")
    for why, names in reasons.items():
        shown = ", ".join(names[:3])
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        rows.append((counted(len(names), "burst"), f"{shown}{more}", why))
    if not rows:
        return None
    table = Table(title="Not used", title_justify="left")
    for column in ("what", "which", "why"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
