"""Orbit files of a precise orbit (AUX_POEORB)."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from fringeworks.model.identity import Instant
from fringeworks.simulate.scene.facts import perturbed
from fringeworks.simulate.scene.layout import Layout, Overflight
from fringeworks.simulate.scene.markup import document, fields, node

_LEAP_SECONDS = 37
"""TAI minus UTC since 2017 [s]."""


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
    vectors = []
    for seconds, place, speed in zip(time, position, velocity, strict=True):
        utc = middle.plus(float(seconds))
        vector = fields(
            {
                "TAI": f"TAI={utc.plus(_LEAP_SECONDS).iso}.000000",
                "UTC": f"UTC={utc.iso}.000000",
                "UT1": f"UT1={utc.iso}.000000",
                "Absolute_Orbit": f"+{overflight.absolute_orbit}",
            }
        )
        vector += [node(axis, f"{v:.6f}", {"unit": "m"}) for axis, v in zip("XYZ", place, strict=True)]
        vector += [
            node(f"V{axis}", f"{v:.6f}", {"unit": "m/s"}) for axis, v in zip("XYZ", speed, strict=True)
        ]
        vector.append(node("Quality", "NOMINAL"))
        vectors.append(node("OSV", vector))
    block = node("Data_Block", [node("List_of_OSVs", vectors, {"count": str(count)})], {"type": "xml"})
    root = node("Earth_Explorer_File", [node("Earth_Explorer_Header", [fixed, variable]), block])
    return f"{name}.EOF", document(root)
