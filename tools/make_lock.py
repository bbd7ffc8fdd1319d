"""Write requirements-lock.txt: the exact versions of the environment that the tests passed in.

Used as a list of constraints, so a line that another Python does not need costs nothing.
"""

from __future__ import annotations

from importlib.metadata import distributions
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "requirements-lock.txt"
NOT_OURS = {"fringeworks", "pip", "setuptools", "wheel"}
MARKERS = {
    "backports.tarfile": 'python_version < "3.12"',
    "jeepney": 'sys_platform == "linux"',
    "secretstorage": 'sys_platform == "linux"',
}
HEAD = """\
# Exact versions for development and for `make`: made by `make lock` from an environment that passed the tests.
# Users of the library are not bound to them: pyproject.toml gives the wide ranges.
"""


def main() -> None:
    """Write the lock of the running environment."""
    found = {dist.metadata["Name"]: dist.version for dist in distributions()}
    lines = []
    for name in sorted(found, key=str.lower):
        if name.lower() in NOT_OURS:
            continue
        marker = MARKERS.get(name.lower())
        lines.append(f"{name}=={found[name]}" + (f"; {marker}" if marker else ""))
    TARGET.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{TARGET.name}: {len(lines)} packages")


if __name__ == "__main__":
    main()
