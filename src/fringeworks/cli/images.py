"""What a plan says of the images it starts from: dates x bursts, reference date, baselines, looks, map."""

from __future__ import annotations

from rich.table import Table

from fringeworks.cli.matrix import matrix_lines
from fringeworks.cli.show import counted
from fringeworks.workflow.scenes import SceneStack
from fringeworks.workflow.scenes.account import BurstTable, burst_table, lost_days


def image_lines(scenes: SceneStack) -> list[str]:
    """Return the plan's words on the images, one text a line."""
    table = burst_table(scenes)
    rows, cols = scenes.grid.shape
    step = scenes.frame.grid
    unit = "degree" if abs(scenes.grid.y_step) < 0.5 else "m"
    return [
        f"{counted(len(scenes.dates), 'image')} of track {scenes.track} {scenes.pass_direction}, {scenes.polarisation.value}, "
        f"{counted(len(table.names), 'burst')} of {', '.join(s.value for s in scenes.frame.swaths())}",
        *_matrix(scenes, table),
        f"reference date {scenes.dates[scenes.reference].day}: {scenes.reference_reason}",
        f"looks {scenes.looks.azimuth} x {scenes.looks.range} (lines x samples): {scenes.looked.rows} x {scenes.looked.cols} "
        f"cells of {step.shape.rows} lines by {step.shape.cols} samples",
        f"map {rows} x {cols} pixels of {abs(scenes.grid.y_step):g} {unit}, {scenes.grid.crs}; ground between "
        f"{scenes.heights[0]:.0f} and {scenes.heights[1]:.0f} m above the ellipsoid",
    ]


def _matrix(scenes: SceneStack, table: BurstTable) -> list[str]:
    rows = []
    for k, scene in enumerate(scenes.dates):
        cells = [
            scene.day.isoformat(),
            scene.platform,
            str(len(scene.products)),
            scene.orbit.source,
            "reference" if k == scenes.reference else f"{scene.baseline:+.0f} m",
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
