"""Resume by content: killed, cancelled or out of disk, the next run ends with the same bits as an undisturbed one."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from tests.workflow.conftest import write_config

from fringeworks.errors import CancelledError, OutputBusyError, OutputFolderError, UnknownStepError
from fringeworks.workflow.config import load_config
from fringeworks.workflow.events import Event
from fringeworks.workflow.plan import make_plan
from fringeworks.workflow.run import run
from fringeworks.workflow.stage import PROGRAM_BYTES
from fringeworks.workflow.status import explain, status

TINY = f"{PROGRAM_BYTES / 2**20 + 2:.0f} MiB"
"""So little memory that even the small scene is cut into several blocks."""


def digests(output: Path) -> dict[str, str]:
    """Return the digest of everything that is handed over: products, catalogue, report, pictures."""
    names = [p for p in output.rglob("*") if p.is_file() and "work" not in p.relative_to(output).parts]
    return {
        str(p.relative_to(output)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in names
        if p.name != "manifest.json"
    }


@pytest.fixture(scope="module")
def undisturbed(noisy_stack, tmp_path_factory) -> dict[str, str]:
    """Give the digests of an undisturbed run, cut into several blocks."""
    folder = tmp_path_factory.mktemp("undisturbed")
    outcome = run(load_config(write_config(folder, noisy_stack / "stack", compute={"max_memory": TINY})))
    return digests(outcome.output)


def start(config: Path, **kwargs) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "fringeworks", "run", str(config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        **kwargs,
    )


def kill_after(config: Path, output: Path, *, rng: np.random.Generator) -> None:
    """Start a run and kill it at a random moment after its first step has begun."""
    process = start(config)
    deadline = time.monotonic() + 120
    while not list((output / "work").glob("*/begun.json")) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(rng.uniform(0.0, 4.0))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize(
    "seed",
    [
        1,
        pytest.param(2, marks=pytest.mark.soak),
        *(pytest.param(n, marks=pytest.mark.soak) for n in range(3, 15)),
    ],
)
def test_killed_at_random_moments_the_products_are_the_same_bits(noisy_stack, tmp_path, undisturbed, seed):
    rng = np.random.default_rng(seed)
    config = write_config(tmp_path, noisy_stack / "stack", compute={"max_memory": TINY})
    for _ in range(2):
        kill_after(config, tmp_path / "out", rng=rng)
    run(load_config(config))
    assert digests(tmp_path / "out") == undisturbed


def test_cancelled_between_blocks_and_resumed(noisy_stack, tmp_path, undisturbed):
    config = load_config(write_config(tmp_path, noisy_stack / "stack", compute={"max_memory": TINY}))
    cancel = threading.Event()

    def stop_in_the_inversion(event: Event) -> None:
        if event.kind == "step_progress" and event.step == "invert" and event.done == 1:
            cancel.set()

    with pytest.raises(CancelledError, match=r"cancelled in step 'invert'.*run the same command again"):
        run(config, events=stop_in_the_inversion, cancel=cancel)
    states = {s["name"]: s for s in status(config)["steps"]}
    assert states["pairs"]["state"] == "done"
    assert states["invert"]["state"] == "interrupted"
    assert states["invert"]["blocks_done"] == 2
    assert "2 of" in explain(config, "invert")[0]["reasons"][0]
    run(config)
    assert digests(tmp_path / "out") == undisturbed


def test_full_disk_is_named_and_the_rest_goes_on_when_there_is_room(noisy_stack, tmp_path, undisturbed):
    config = write_config(tmp_path, noisy_stack / "stack", compute={"max_memory": TINY})

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    # kernels must come from the cache or memory, not from files that cannot be written any more
    process = start(
        config, preexec_fn=small_files, env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    )
    _, err = process.communicate(timeout=300)
    assert process.returncode == 4, err.decode()
    assert "FW3002" in err.decode()
    assert "no space left" in err.decode()
    run(load_config(config))
    assert digests(tmp_path / "out") == undisturbed


def test_nothing_changed_nothing_runs(noisy_stack, tmp_path):
    config = load_config(write_config(tmp_path, noisy_stack / "stack"))
    first = run(config)
    again = run(config)
    assert again.ran == ()
    assert again.skipped == first.ran
    assert all(
        row["reasons"] == ["finished, and nothing it depends on has changed"] for row in explain(config)
    )


def test_a_changed_parameter_runs_only_what_hangs_below_it(noisy_stack, tmp_path):
    path = write_config(tmp_path, noisy_stack / "stack")
    run(load_config(path), until="publish")
    changed = load_config(write_config(tmp_path, noisy_stack / "stack", reference={"pixel": [20, 20]}))
    states = {s.stage.name: s.state for s in make_plan(changed).steps}
    assert [n for n, state in states.items() if state == "done"] == ["import", "pairs", "invert"]
    reasons = {row["name"]: row["reasons"] for row in explain(changed)}
    assert any("parameter reference.pixel changed from [] to [20, 20]" in r for r in reasons["reference"])
    assert any("'reference', which it reads, is stale" in r for r in reasons["fit"])


def test_a_lost_product_is_written_again(noisy_stack, tmp_path):
    config = load_config(write_config(tmp_path, noisy_stack / "stack"))
    outcome = run(config, until="publish")
    (outcome.output / "products/standard/velocity.tif").unlink()
    assert any("velocity.tif is gone" in r for r in explain(config, "publish")[0]["reasons"])
    assert run(config, until="publish").ran == ("publish",)


def test_from_runs_a_step_again_and_all_after_it(noisy_stack, tmp_path):
    config = load_config(write_config(tmp_path, noisy_stack / "stack"))
    run(config, until="fit")
    assert run(config, forced_from="reference", until="fit").ran == ("reference", "fit")
    with pytest.raises(UnknownStepError, match="step 'polish'; expected: one of import, pairs"):
        run(config, forced_from="polish")


def test_another_configuration_in_the_same_folder_is_refused(noisy_stack, exact_stack, tmp_path):
    run(load_config(write_config(tmp_path, noisy_stack / "stack")), until="import")
    other = load_config(write_config(tmp_path, exact_stack / "stack"))
    with pytest.raises(
        OutputFolderError, match=r"a run of another configuration: inputs\.interferograms\.path was"
    ):
        run(other)


def test_two_runs_in_one_folder_do_not_meet(noisy_stack, tmp_path):
    config = load_config(write_config(tmp_path, noisy_stack / "stack"))
    seen: list[BaseException] = []

    def start_another(event: Event) -> None:
        if event.kind == "step_started" and event.step == "import":
            try:
                run(config, until="import")
            except OutputBusyError as error:
                seen.append(error)

    run(config, events=start_another, until="import")
    assert "in use by another run" in str(seen[0])


def test_a_changed_input_file_is_noticed(noisy_stack, tmp_path):
    import shutil

    shutil.copytree(noisy_stack / "stack", tmp_path / "stack")
    path = write_config(tmp_path / "run", tmp_path / "stack")
    run(load_config(path), until="import")
    raster = min((tmp_path / "stack").rglob("*_unw.tif"))
    content = bytearray(raster.read_bytes())
    content[-9] ^= 1
    raster.write_bytes(content)
    reasons = explain(load_config(path), "import")[0]["reasons"]
    assert reasons == [f"input {raster} has changed"]


def test_configuration_of_a_run_is_kept(noisy_stack, tmp_path):
    path = write_config(tmp_path, noisy_stack / "stack")
    run(load_config(path), until="import")
    kept = yaml.safe_load((tmp_path / "out" / "work" / "config.json").read_text())
    assert kept["inputs"]["interferograms"]["path"] == str(noisy_stack / "stack")
