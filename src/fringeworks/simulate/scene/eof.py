"""Orbit files of a precise orbit (AUX_POEORB)."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.identity import Instant
from fringeworks.simulate.scene.facts import perturbed
from fringeworks.simulate.scene.layout import Layout, Overflight
from fringeworks.simulate.scene.markup import document, fields, node

Values = NDArray[np.float64]

_LEAP_SECONDS = 37
"""TAI minus UTC since 2017 [s]."""
_PLACE = "VECTORS"


def _compact(when: Instant) -> str:
    return when.whole_second.iso.replace("-", "").replace(":", "")


def orbit_file(layout: Layout, overflight: Overflight) -> tuple[str, bytes]:
    """Return name and content of the orbit file of a date, with the error that was asked for."""
    hours = layout.scenario.orbit_hours
    middle = overflight.epoch.whole_second
    lead = overflight.epoch.seconds_since(middle)
    count = round(2 * hours * 360) + 1
    time = np.asarray((np.arange(count) - count // 2) * 10.0, np.float64)
    position, velocity = perturbed(overflight, overflight.flown.orbit_error, time - lead)
    first, last = middle.plus(float(time[0])), middle.plus(float(time[-1]))
    created = Instant.parse((overflight.flown.day + timedelta(days=21)).isoformat() + "T08:00:00")
    platform = overflight.flown.platform
    name = f"{platform}_OPER_AUX_POEORB_OPOD_{_compact(created)}_V{_compact(first)}_{_compact(last)}"
    validity = {"Validity_Start": f"UTC={first.iso}", "Validity_Stop": f"UTC={last.iso}"}
    source = {
        "System": "OPOD",
        "Creator": "OPOD",
        "Creator_Version": "1.11.5",
        "Creation_Date": f"UTC={created.iso}",
    }
    fixed = node(
        "Fixed_Header",
        [
            *fields(
                {
                    "File_Name": name,
                    "File_Description": "Precise Orbit Ephemerides (POE) Orbit File",
                    "Notes": "",
                    "Mission": f"Sentinel-1{platform[-1]}",
                    "File_Class": "OPER",
                    "File_Type": "AUX_POEORB",
                }
            ),
            node("Validity_Period", fields(validity)),
            node("File_Version", "0001"),
            node("Source", fields(source)),
        ],
    )
    variable = node("Variable_Header", fields({"Ref_Frame": "EARTH_FIXED", "Time_Reference": "UTC"}))
    vectors = _vectors(middle, time, (position, velocity), overflight.absolute_orbit)
    listed = node("List_of_OSVs", _PLACE, {"count": str(count)})
    root = node(
        "Earth_Explorer_File",
        [node("Earth_Explorer_Header", [fixed, variable]), node("Data_Block", [listed], {"type": "xml"})],
    )
    return f"{name}.EOF", document(root).replace(_PLACE.encode(), vectors)


def _vectors(middle: Instant, time: Values, states: tuple[Values, Values], orbit: int) -> bytes:
    """Return the text of all vectors; spelled directly, since a day has thousands."""
    utc = np.datetime_as_string(middle.datetime64 + time.astype("timedelta64[s]"), unit="us")
    lead = np.timedelta64(_LEAP_SECONDS, "s")
    tai = np.datetime_as_string(middle.datetime64 + time.astype("timedelta64[s]") + lead, unit="us")
    found = []
    for k, numbers in enumerate(np.concatenate(states, axis=1)):
        lines = [
            f"<TAI>TAI={tai[k]}</TAI>",
            f"<UTC>UTC={utc[k]}</UTC>",
            f"<UT1>UT1={utc[k]}</UT1>",
            f"<Absolute_Orbit>+{orbit}</Absolute_Orbit>",
            *(f'<{axis} unit="m">{v:.6f}</{axis}>' for axis, v in zip("XYZ", numbers[:3], strict=True)),
            *(f'<V{axis} unit="m/s">{v:.6f}</V{axis}>' for axis, v in zip("XYZ", numbers[3:], strict=True)),
            "<Quality>NOMINAL</Quality>",
        ]
        found.append("\n      <OSV>\n        " + "\n        ".join(lines) + "\n      </OSV>")
    return ("".join(found) + "\n    ").encode()
