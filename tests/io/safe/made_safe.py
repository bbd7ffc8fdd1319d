"""Small SAFE products made from scratch, with every value known, for tests of the reader.

Nothing of the reader is used: XML is written as text, rasters byte by byte, the orbit is integrated by SciPy.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp
from tests.io.safe.made_tiff import plain_tiff

MU, RADIUS, J2, EARTH_RATE = 3.986004418e14, 6378137.0, 1.0826362e-3, 7.2921150e-5
T_ORBIT = 12 * 86400 / 175
CLOCK = {"IW": (2.299849, 2.758273), "EW": (2.299970, 3.038376), "SM": (0.0, 1.0)}
TO_MIDDLE = {"IW1": 1.3712215, "IW2": 0.5390185, "IW3": -0.5390185, "EW3": 0.30615}


@cache
def orbit_after_node(duration: float = 900.0) -> tuple[np.ndarray, np.ndarray]:
    """Earth-fixed states every 10 s from an ascending node on, under the central field and J2: (time, (n, 6))."""

    def rate(_: float, y: np.ndarray) -> np.ndarray:
        r = np.linalg.norm(y[:3])
        s = y[2] / r
        k = 1.5 * J2 * MU * RADIUS**2 / r**4
        gravity = -MU / r**3 * y[:3] + k * ((5 * s * s - 1) * y[:3] / r - np.array([0.0, 0.0, 2 * s]))
        return np.concatenate([y[3:], gravity])

    a, inclination = 7.071e6, np.radians(98.18)
    speed = np.sqrt(MU / a)
    start = np.array([a, 0, 0, 0, speed * np.cos(inclination), speed * np.sin(inclination)])
    time = np.arange(-60.0, duration, 10.0)
    back = solve_ivp(rate, (0, -60), start, t_eval=[0, -10, -20, -30, -40, -50, -60], rtol=1e-11, atol=1e-6)
    ahead = solve_ivp(rate, (0, duration), start, t_eval=time[time >= 0], rtol=1e-11, atol=1e-6)
    states = np.hstack([back.y[:, :0:-1], ahead.y]).T
    angle = EARTH_RATE * time
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    fixed = states.copy()
    for block in (0, 3):
        fixed[:, block] = turn[0, 0] * states[:, block] + turn[0, 1] * states[:, block + 1]
        fixed[:, block + 1] = turn[1, 0] * states[:, block] + turn[1, 1] * states[:, block + 1]
    fixed[:, 3] += EARTH_RATE * fixed[:, 1]
    fixed[:, 4] -= EARTH_RATE * fixed[:, 0]
    return time, fixed


@dataclass
class Recipe:
    """What to make; every field may be changed."""

    platform: str = "S1A"
    mode: str = "IW"
    swaths: tuple[str, ...] = ("IW2",)
    polarisations: tuple[str, ...] = ("vv",)
    track: int = 71
    orbit: int = 46693
    number: int = 150_500
    n_bursts: int = 3
    lines: int = 24
    samples: int = 40
    version: str = "003.52"
    annotate_ids: bool = True
    old_forms: bool = False
    node_error: float = 0.0
    cog: bool = False
    node: datetime = datetime(2023, 1, 8, 13, 12, 46, 612135)
    seed: int = 7
    big_tiff: bool = False
    byte_order: str = "<"
    rows_per_strip: int = 1
    changes: dict[str, object] = field(default_factory=dict)

    @property
    def suffix(self) -> str:
        return "-cog" if self.cog else ""

    @property
    def first_since_node(self) -> float:
        """Sensing start of the first burst of IW2's cycle, centred in its beam cycle."""
        pre, beam = CLOCK[self.mode]
        middle = pre + (self.number - 0.5) * beam - (self.track - 1) * T_ORBIT
        return middle if self.mode != "SM" else 120.0

    def sensing(self, swath: str, k: int) -> datetime:
        since = self.first_since_node - TO_MIDDLE.get(swath, 0.0) + k * CLOCK[self.mode][1]
        return self.node + timedelta(seconds=since)

    def start(self, swath: str, k: int) -> datetime:
        return self.sensing(swath, k) - timedelta(seconds=1.0)

    @property
    def product_start(self) -> datetime:
        return min(self.start(s, 0) for s in self.swaths)

    @property
    def name(self) -> str:
        begin, end = self.product_start, self.product_start + timedelta(seconds=27)
        code = {"vv": "SV", "hh": "SH"}[self.polarisations[0]]
        code = code.replace("S", "D") if len(self.polarisations) > 1 else code
        mode = self.mode if self.mode != "SM" else self.swaths[0]
        stem = f"{self.platform}_{mode}_SLC__1S{code}_{begin:%Y%m%dT%H%M%S}_{end:%Y%m%dT%H%M%S}"
        return f"{stem}_{self.orbit:06d}_0598D3_E1B1{'_COG' if self.cog else ''}.SAFE"

    def file(self, kind: str, swath: str, polarisation: str) -> str:
        begin = self.start(swath, 0)
        image = 1 + self.swaths.index(swath)
        stem = (
            f"{self.platform}-{swath}-slc-{polarisation}-{begin:%Y%m%dt%H%M%S}-{begin:%Y%m%dt%H%M%S}-"
            f"{self.orbit:06d}-0598d3-{image:03d}{self.suffix}".lower()
        )
        return {
            "annotation": f"annotation/{stem}.xml",
            "calibration": f"annotation/calibration/calibration-{stem}.xml",
            "noise": f"annotation/calibration/noise-{stem}.xml",
            "rfi": f"annotation/rfi/rfi-{stem}.xml",
            "measurement": f"measurement/{stem}.tiff",
        }[kind]

    def pixels(self, swath: str) -> np.ndarray:
        """(line, sample, 2) int16."""
        rng = np.random.default_rng([self.seed, sum(map(ord, swath))])
        n = self.n_bursts if self.mode != "SM" else 1
        return rng.integers(-30000, 30000, (n * self.lines, self.samples, 2)).astype(np.int16)

    def valid(self) -> tuple[np.ndarray, np.ndarray]:
        first, last = np.full(self.lines, 3), np.full(self.lines, self.samples - 5)
        first[:2] = first[-3:] = last[:2] = last[-3:] = -1
        first[4] = 6
        return first, last


def iso(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.%f")


def numbers(values: object) -> str:
    return " ".join(repr(v) for v in np.asarray(values).tolist())


def manifest(r: Recipe) -> str:
    files = [
        r.file(kind, s, p)
        for s in r.swaths
        for p in r.polarisations
        for kind in ("annotation", "calibration", "noise", "rfi", "measurement")
    ]
    objects = "".join(
        f'<dataObject ID="d{k}"><byteStream size="1"><fileLocation locatorType="URL" href="./{f}"/></byteStream></dataObject>'
        for k, f in enumerate(files)
    )
    stop = r.product_start + timedelta(seconds=27)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<xfdu:XFDU xmlns:xfdu="urn:ccsds:schema:xfdu:1" xmlns:safe="http://www.esa.int/safe/sentinel-1.0" xmlns:s1="urn:s1"
 xmlns:s1sarl1="urn:s1sarl1" xmlns:gml="http://www.opengis.net/gml"><metadataSection>
<safe:platform><safe:familyName>SENTINEL-1</safe:familyName><safe:number>{r.platform[2]}</safe:number>
<safe:instrument><s1sarl1:instrumentMode><s1sarl1:mode>{r.mode}</s1sarl1:mode></s1sarl1:instrumentMode></safe:instrument></safe:platform>
<safe:processing><safe:facility><safe:software name="Sentinel-1 IPF" version="{r.version}"/></safe:facility></safe:processing>
<s1sarl1:standAloneProductInformation><s1sarl1:missionDataTakeID>366803</s1sarl1:missionDataTakeID>
<s1sarl1:productType>SLC</s1sarl1:productType></s1sarl1:standAloneProductInformation>
<safe:orbitReference><safe:orbitNumber type="start">{r.orbit}</safe:orbitNumber><safe:orbitNumber type="stop">{r.orbit}</safe:orbitNumber>
<safe:relativeOrbitNumber type="start">{r.track}</safe:relativeOrbitNumber><safe:relativeOrbitNumber type="stop">{r.track}</safe:relativeOrbitNumber>
<safe:extension><s1:orbitProperties><s1:pass>ASCENDING</s1:pass><s1:ascendingNodeTime>{iso(r.node)}</s1:ascendingNodeTime></s1:orbitProperties></safe:extension></safe:orbitReference>
<safe:acquisitionPeriod><safe:startTime>{iso(r.product_start)}</safe:startTime><safe:stopTime>{iso(stop)}</safe:stopTime></safe:acquisitionPeriod>
<safe:frameSet><safe:frame><safe:footPrint><gml:coordinates>30.1,-8.2 30.5,-10.8 32.2,-10.5 31.8,-7.8</gml:coordinates></safe:footPrint></safe:frame></safe:frameSet>
</metadataSection><dataObjectSection>{objects}</dataObjectSection></xfdu:XFDU>"""


def header(r: Recipe, swath: str, polarisation: str) -> str:
    begin = r.start(swath, 0)
    return (
        f"<adsHeader><missionId>{r.platform}</missionId><productType>SLC</productType>"
        f"<polarisation>{polarisation.upper()}</polarisation><mode>{r.mode}</mode><swath>{swath}</swath>"
        f"<startTime>{iso(begin)}</startTime><stopTime>{iso(begin + timedelta(seconds=25))}</stopTime>"
        f"<absoluteOrbitNumber>{r.orbit}</absoluteOrbitNumber><missionDataTakeId>366803</missionDataTakeId></adsHeader>"
    )


def orbit_list(r: Recipe) -> str:
    time, states = orbit_after_node()
    near = np.abs(time - r.first_since_node) < 90
    rows = "".join(
        f"<orbit><time>{iso(r.node + timedelta(seconds=float(t)))}</time><frame>Earth Fixed</frame>"
        f"<position><x>{s[0]:.9e}</x><y>{s[1]:.9e}</y><z>{s[2]:.9e}</z></position>"
        f"<velocity><x>{s[3]:.9e}</x><y>{s[4]:.9e}</y><z>{s[5]:.9e}</z></velocity></orbit>"
        for t, s in zip(time[near], states[near], strict=True)
    )
    return f'<orbitList count="{int(near.sum())}">{rows}</orbitList>'


def fm_list(r: Recipe, swath: str) -> str:
    rows = []
    for k in range(r.n_bursts):
        c = (-2173.8 - k, 3.99e5, -6.5e7)
        form = (
            "".join(f"<c{i}>{v!r}</c{i}>" for i, v in enumerate(c))
            if r.old_forms
            else f'<azimuthFmRatePolynomial count="3">{numbers(c)}</azimuthFmRatePolynomial>'
        )
        rows.append(
            f"<azimuthFmRate><azimuthTime>{iso(r.start(swath, k))}</azimuthTime><t0>5.6e-03</t0>{form}</azimuthFmRate>"
        )
    return f'<azimuthFmRateList count="{r.n_bursts}">{"".join(rows)}</azimuthFmRateList>'


def doppler_list(r: Recipe, swath: str) -> str:
    rows = "".join(
        f"<dcEstimate><azimuthTime>{iso(r.start(swath, k))}</azimuthTime><t0>5.4e-03</t0>"
        f'<geometryDcPolynomial count="3">{numbers((-3.3, 427.6, -5.5e4))}</geometryDcPolynomial>'
        f'<dataDcPolynomial count="3">{numbers((-3.1 + k, -7452.0, -9.6e5))}</dataDcPolynomial>'
        "<dataDcRmsError>3.8</dataDcRmsError><dataDcRmsErrorAboveThreshold>false</dataDcRmsErrorAboveThreshold></dcEstimate>"
        for k in range(r.n_bursts)
    )
    return f'<dopplerCentroid><dcEstimateList count="{r.n_bursts}">{rows}</dcEstimateList></dopplerCentroid>'


def burst_list(r: Recipe, swath: str) -> str:
    if r.mode == "SM":
        return '<swathTiming><linesPerBurst>0</linesPerBurst><samplesPerBurst>0</samplesPerBurst><burstList count="0"/></swathTiming>'
    first, last = r.valid()
    rows = []
    for k in range(r.n_bursts):
        start = r.start(swath, k)
        since = (start - r.node).total_seconds()
        number = f'<burstId absolute="1">{r.number + k}</burstId>' if r.annotate_ids else ""
        rows.append(
            f"<burst><azimuthTime>{iso(start)}</azimuthTime><azimuthAnxTime>{since:.9e}</azimuthAnxTime>"
            f"<sensingTime>{iso(r.sensing(swath, k))}</sensingTime><byteOffset>0</byteOffset>"
            f'<firstValidSample count="{r.lines}">{" ".join(map(str, first))}</firstValidSample>'
            f'<lastValidSample count="{r.lines}">{" ".join(map(str, last))}</lastValidSample>{number}</burst>'
        )
    return (
        f"<swathTiming><linesPerBurst>{r.lines}</linesPerBurst><samplesPerBurst>{r.samples}</samplesPerBurst>"
        f'<burstList count="{r.n_bursts}">{"".join(rows)}</burstList></swathTiming>'
    )


def tie_points(r: Recipe, swath: str) -> str:
    rows = []
    for i, line in enumerate((0, r.lines, r.lines * r.n_bursts - 1)):
        for j, pixel in enumerate((0, r.samples // 2, r.samples - 1)):
            rows.append(
                f"<geolocationGridPoint><azimuthTime>{iso(r.start(swath, 0) + timedelta(seconds=0.01 * i))}</azimuthTime>"
                f"<slantRangeTime>{5.67e-3 + 1e-6 * j!r}</slantRangeTime><line>{line}</line><pixel>{pixel}</pixel>"
                f"<latitude>{40 + 0.1 * i!r}</latitude><longitude>{10 + 0.2 * j!r}</longitude><height>{100.5 + i!r}</height>"
                f"<incidenceAngle>{36 + j!r}</incidenceAngle><elevationAngle>{32 + j!r}</elevationAngle></geolocationGridPoint>"
            )
    return f'<geolocationGrid><geolocationGridPointList count="9">{"".join(rows)}</geolocationGridPointList></geolocationGrid>'


def annotation(r: Recipe, swath: str, polarisation: str) -> str:
    total = r.lines * (r.n_bursts if r.mode != "SM" else 1)
    node = r.node + timedelta(seconds=r.node_error)
    return f"""<?xml version="1.0" encoding="UTF-8"?><product>{header(r, swath, polarisation)}
<generalAnnotation><productInformation><pass>Ascending</pass><platformHeading>-13.6</platformHeading>
<rangeSamplingRate>6.434523812571428e+07</rangeSamplingRate><radarFrequency>5.405000454334350e+09</radarFrequency>
<azimuthSteeringRate>{0.0 if r.mode == "SM" else 0.979863325}</azimuthSteeringRate></productInformation>
<downlinkInformationList count="1"><downlinkInformation><swath>{swath}</swath><firstLineSensingTime>{iso(r.sensing(swath, 0))}</firstLineSensingTime>
<prf>1451.627112193990</prf><downlinkValues><rank>8</rank><txPulseLength>6.2e-05</txPulseLength><txPulseRampRate>7.79e+11</txPulseRampRate>
</downlinkValues></downlinkInformation></downlinkInformationList>{orbit_list(r)}
<terrainHeightList count="1"><terrainHeight><azimuthTime>{iso(r.start(swath, 0))}</azimuthTime><value>266.8</value></terrainHeight></terrainHeightList>
{fm_list(r, swath)}</generalAnnotation>
<imageAnnotation><imageInformation><productFirstLineUtcTime>{iso(r.start(swath, 0))}</productFirstLineUtcTime>
<ascendingNodeTime>{iso(node)}</ascendingNodeTime><slantRangeTime>5.670473347889531e-03</slantRangeTime>
<azimuthTimeInterval>2.055556299999998e-03</azimuthTimeInterval><numberOfSamples>{r.samples}</numberOfSamples>
<numberOfLines>{total}</numberOfLines><incidenceAngleMidSwath>38.9</incidenceAngleMidSwath></imageInformation>
<processingInformation><dcMethod>Data Analysis</dcMethod><swathProcParamsList count="1"><swathProcParams><swath>{swath}</swath>
<rangeProcessing><windowType>Hamming</windowType><windowCoefficient>0.75</windowCoefficient><processingBandwidth>4.83e+07</processingBandwidth></rangeProcessing>
<azimuthProcessing><windowType>Hamming</windowType><windowCoefficient>0.70</windowCoefficient><processingBandwidth>313</processingBandwidth></azimuthProcessing>
</swathProcParams></swathProcParamsList><bistaticDelayCorrectionApplied>true</bistaticDelayCorrectionApplied></processingInformation></imageAnnotation>
{doppler_list(r, swath)}<antennaPattern><antennaPatternList count="0"/></antennaPattern>{burst_list(r, swath)}{tie_points(r, swath)}</product>"""


def calibration(r: Recipe, swath: str, polarisation: str) -> str:
    pixel = np.arange(0, r.samples + 10, 10)
    rows = "".join(
        f'<calibrationVector><line>{line}</line><pixel count="{pixel.size}">{numbers(pixel)}</pixel>'
        f'<sigmaNought count="{pixel.size}">{numbers(300 + 0.1 * pixel + 0.01 * line)}</sigmaNought>'
        f'<betaNought count="{pixel.size}">{numbers(np.full(pixel.size, 237.0))}</betaNought>'
        f'<gamma count="{pixel.size}">{numbers(270 + 0.2 * pixel)}</gamma>'
        f'<dn count="{pixel.size}">{numbers(np.full(pixel.size, 237.0))}</dn></calibrationVector>'
        for line in (-10, 30, 100)
    )
    return (
        f'<calibration>{header(r, swath, polarisation)}<calibrationVectorList count="3">{rows}'
        "</calibrationVectorList></calibration>"
    )


def noise(r: Recipe, swath: str, polarisation: str) -> str:
    pixel = np.arange(0, r.samples + 10, 10)
    if r.old_forms:
        rows = "".join(
            f'<noiseVector><line>{line}</line><pixel count="{pixel.size}">{numbers(pixel)}</pixel>'
            f'<noiseLut count="{pixel.size}">{numbers(8e-10 + 1e-12 * pixel)}</noiseLut></noiseVector>'
            for line in (0, 40)
        )
        return f'<noise>{header(r, swath, polarisation)}<noiseVectorList count="2">{rows}</noiseVectorList></noise>'
    rows = "".join(
        f'<noiseRangeVector><line>{line}</line><pixel count="{pixel.size}">{numbers(pixel)}</pixel>'
        f'<noiseRangeLut count="{pixel.size}">{numbers(400 + 1.0 * pixel + line)}</noiseRangeLut></noiseRangeVector>'
        for line in (0, 40)
    )
    along = np.arange(0, r.lines * r.n_bursts, 10)
    return (
        f'<noise>{header(r, swath, polarisation)}<noiseRangeVectorList count="2">{rows}</noiseRangeVectorList>'
        f'<noiseAzimuthVectorList count="1"><noiseAzimuthVector><swath>{swath}</swath><firstAzimuthLine>0</firstAzimuthLine>'
        f"<firstRangeSample>0</firstRangeSample><lastAzimuthLine>{r.lines * r.n_bursts - 1}</lastAzimuthLine>"
        f"<lastRangeSample>{r.samples - 1}</lastRangeSample>"
        f'<line count="{along.size}">{numbers(along)}</line><noiseAzimuthLut count="{along.size}">{numbers(1 + 0.01 * along)}'
        "</noiseAzimuthLut></noiseAzimuthVector></noiseAzimuthVectorList></noise>"
    )


def rfi(r: Recipe, swath: str, polarisation: str) -> str:
    return (
        f"<rfi>{header(r, swath, polarisation)}<rfiMitigationApplied>None</rfiMitigationApplied>"
        f'<rfiBurstReportList count="1"><rfiBurstReport><swath>{swath}</swath><azimuthTime>{iso(r.start(swath, 0))}</azimuthTime>'
        "<inBandOutBandPowerRatio>9.2</inBandOutBandPowerRatio></rfiBurstReport></rfiBurstReportList></rfi>"
    )


def tiff(r: Recipe, swath: str) -> bytes:
    """The raster of a sub-swath."""
    return plain_tiff(
        r.pixels(swath), byte_order=r.byte_order, rows_per_strip=r.rows_per_strip, big_tiff=r.big_tiff
    )


def contents(r: Recipe) -> dict[str, bytes]:
    """Every file of the product, by path below its root."""
    files: dict[str, bytes] = {"manifest.safe": manifest(r).encode()}
    for s in r.swaths:
        for p in r.polarisations:
            files[r.file("annotation", s, p)] = annotation(r, s, p).encode()
            files[r.file("calibration", s, p)] = calibration(r, s, p).encode()
            files[r.file("noise", s, p)] = noise(r, s, p).encode()
            files[r.file("rfi", s, p)] = rfi(r, s, p).encode()
            files[r.file("measurement", s, p)] = tiff(r, s)
    return files


def write_folder(folder: Path, r: Recipe, *, files: dict[str, bytes] | None = None) -> Path:
    root = folder / r.name
    for name, data in (contents(r) if files is None else files).items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return root


def write_zip(
    folder: Path, r: Recipe, *, files: dict[str, bytes] | None = None, method: int = zipfile.ZIP_DEFLATED
) -> Path:
    path = folder / r.name.replace(".SAFE", ".zip")
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in (contents(r) if files is None else files).items():
            archive.writestr(f"{r.name}/{name}", data)
    return path
