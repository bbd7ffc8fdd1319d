"""Run the benchmarks or the validations, and write their table into docs/quality.

    python tools/measure.py bench       every benchmarks/NAME.py: speed, docs/quality/benchmarks.md
    python tools/measure.py validate    every validation/NAME.py: accuracy, docs/quality/accuracy.md

Each is run as ``python -m benchmarks.NAME --json`` and prints one JSON object on one line.  One that fails is
shown as failed, and the exit status is 1.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
NAMED = {  # the benchmarks that have a contract; other modules of the folder support them
    *("inversion_unweighted", "inversion_weighted", "inversion_gaps", "linking", "dispersion", "geocoding"),
    *("resampling", "goldstein", "unwrapping", "pair", "tides", "delay", "calibration", "egms_csv"),
    *("series_store", "service_load"),
}
BENCH_COLUMNS = (
    "size",
    "ours",
    "peer",
    "peer_name",
    "ratio",
    "share_of_ceiling",
    "peak_rss_mib",
    "accuracy_ours",
    "accuracy_peer",
)


@dataclass(frozen=True)
class Outcome:
    """What one module printed, or why it failed."""

    name: str
    values: dict[str, Any] | None
    failure: str = ""


def modules(folder: str) -> list[str]:
    """Return the names of the modules of a folder that measure something."""
    found = sorted(path.stem for path in (ROOT / folder).glob("*.py") if not path.stem.startswith("_"))
    return [name for name in found if folder != "benchmarks" or name in NAMED]


def run_one(folder: str, name: str) -> Outcome:
    """Run one module and read the last line it prints."""
    print(f"{folder}.{name} ...", flush=True)
    command = [sys.executable, "-m", f"{folder}.{name}", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        tail = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        print(f"  failed: {tail}")
        return Outcome(name, None, tail)
    print(f"  {lines[-1]}")
    return Outcome(name, json.loads(lines[-1]))


def cell(value: Any) -> str:
    """Return a value as a cell of a Markdown table."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {cell(inner)}" for key, inner in value.items())
    if isinstance(value, list) and any(isinstance(inner, dict | list) for inner in value):
        return f"{len(value)} entries"
    if isinstance(value, list):
        return ", ".join(cell(inner) for inner in value)
    return str(value).replace("|", "\\|")


def bench_table(outcomes: list[Outcome]) -> str:
    """Return speed as a table, one line for each benchmark."""
    lines = ["| name | " + " | ".join(BENCH_COLUMNS) + " |", "| --- " * (len(BENCH_COLUMNS) + 1) + "|"]
    for outcome in outcomes:
        if outcome.values is None:
            lines.append(
                f"| {outcome.name} | failed: {cell(outcome.failure)} |" + " |" * (len(BENCH_COLUMNS) - 1)
            )
        else:
            cells = [cell(outcome.values.get(column)) for column in BENCH_COLUMNS]
            lines.append(f"| {outcome.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def accuracy_table(outcomes: list[Outcome]) -> str:
    """Return accuracy as a table, one line for each validation."""
    lines = ["| name | tried on | figures |", "| --- | --- | --- |"]
    for outcome in outcomes:
        if outcome.values is None:
            lines.append(f"| {outcome.name} | | failed: {cell(outcome.failure)} |")
            continue
        rest = [(key, value) for key, value in outcome.values.items() if key not in {"name", "tried_on"}]
        figures = "<br>".join(f"{key}: {cell(value)}" for key, value in rest)
        lines.append(f"| {outcome.name} | {cell(outcome.values.get('tried_on'))} | {figures} |")
    return "\n".join(lines)


def machine() -> str:
    """Return a line on the machine that measured."""
    return f"Measured with Python {platform.python_version()} on {os.cpu_count()} processors ({platform.machine()})."


def main(what: str) -> int:
    """Run all and write the page."""
    folder, page = ("benchmarks", "benchmarks.md") if what == "bench" else ("validation", "accuracy.md")
    outcomes = [run_one(folder, name) for name in modules(folder)]
    if not outcomes:
        print(f"nothing to run in {folder}/")
        return 1
    table = bench_table(outcomes) if what == "bench" else accuracy_table(outcomes)
    path = ROOT / "docs" / "quality" / page
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{machine()}\n\n{table}\n{END}{after}", encoding="utf-8")
    print(f"docs/quality/{page}: written")
    return int(any(outcome.values is None for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "bench"))
