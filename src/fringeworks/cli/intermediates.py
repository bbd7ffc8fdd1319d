"""What `export --step` does: write what a step left, or list what can be written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fringeworks.cli.show import as_json, err, out
from fringeworks.errors import RequestError
from fringeworks.workflow.intermediates import StepLayer, export_intermediate, layers_of, open_intermediates


def list_layers(folder: Path, *, step: str, json: bool) -> None:
    """Print what can be written of a run, or of one step."""
    run = open_intermediates(folder)
    layers = layers_of(run, step)
    bursts = [b.name for b in run.layout.bursts] if run.has_layout else []
    days = [d.isoformat() for d in (run.layout.dates if run.has_layout else run.dates)]
    if json:
        as_json(
            {
                "layers": [layer.as_dict() for layer in layers],
                "dates": days,
                "pairs": list(run.pairs),
                "bursts": bursts,
            }
        )
        return
    console = out()
    widths = [
        max((len(text) for text in column), default=0)
        for column in zip(*(_cells(r) for r in layers), strict=True)
    ]
    for row in layers:
        if row.place != "values":
            cells = "  ".join(c.ljust(w) for c, w in zip(_cells(row), widths, strict=True))
            console.print(f"{cells}  {row.meaning}", markup=False)
    for name in dict.fromkeys(row.step for row in layers):
        numbers = [row.name for row in layers if row.step == name and row.place == "values"]
        if numbers:
            console.print(f"{name}  numbers, as JSON: {', '.join(numbers)}", markup=False)
    for name, values in (("dates", days), ("pairs", run.pairs), ("bursts", bursts)):
        if values:
            console.print(f"{name}: {' '.join(values)}", markup=False)


def _cells(layer: StepLayer) -> tuple[str, str, str, str]:
    by = " ".join(f"--{name}" for name in layer.by)
    return layer.step, layer.name, by, f"[{layer.unit}]"


def write_layer(
    folder: Path,
    to: Path | None,
    *,
    step: str,
    layer: str,
    choice: Mapping[str, str],
    parts: bool,
    json: bool,
) -> None:
    """Write one layer of one step."""
    if to is None:
        raise RequestError(
            f"--step {step} without --out", expected="--out FILE, or --list to see what there is"
        )
    run = open_intermediates(folder)
    written = export_intermediate(run, to, step=step, layer=layer, choice=choice, in_parts=parts)
    if json:
        as_json(written.as_dict())
        return
    tally = written.tally
    size = (
        f"{written.shape.rows} x {written.shape.cols}, {tally.used} of {tally.considered} pixels hold a value"
    )
    detail = ", ".join(str(v) for v in written.chosen.values())
    text = f"wrote {to}: {step} {written.layer.name} {detail} [{written.layer.unit}]"
    err().print(text if written.layer.place == "values" else f"{text}, {size}", markup=False)
