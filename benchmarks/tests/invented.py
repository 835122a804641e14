"""Records that nobody measured: every kind that there is, with made-up numbers, for tests of what is rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from benchmarks.assemble import assembled
from benchmarks.intervals import estimate
from benchmarks.models import fitted
from benchmarks.scenarios import SCENARIOS
from benchmarks.tiers import TITLES

if TYPE_CHECKING:
    from benchmarks.environment import Environment
    from benchmarks.records import GroupRecord, Record

SPREAD = 1.002
"""By which factor rounds differ; of two processes, intervals become ten times as wide."""

LABELS = {
    "flatstream": "FlatStream",
    "flatstream-xxh3_64": "FlatStream, xxh3_64",
    "flatstream-python": "FlatStream, pure Python",
    "flatstream-table": "FlatStream, table",
    "msgpack": "msgpack",
    "json": "json, a line each",
    "pickle": "pickle, protocol 5",
    "protobuf": "Protocol Buffers, delimited",
    "arrow": "Arrow IPC, a batch",
}


def row(name: str, ns: float | None, reference: float, **more: Any) -> dict[str, Any]:
    """A row that takes ``ns`` nanoseconds a message beside a reference; without a time, one that cannot."""
    made = {"name": name, "label": LABELS.get(name, name), "version": "1.2", "note": f"what {name} does", **more}
    if ns is None:
        return {"status": "cannot", **made}
    samples = [[round(ns / SPREAD, 3), round(ns, 3)], [round(ns * SPREAD, 3)]]
    return {
        "status": "measured",
        **made,
        "samples": samples,
        "beside": [[round(reference, 3)] * 2, [round(reference, 3)]],
    }


def group(name: str, tier: str, rows: list[dict[str, Any]], size: int = 32, messages: int = 100) -> dict[str, Any]:
    """A group of these rows, the first of which that is measured and no limit is the reference."""
    first = next(row["name"] for row in rows if row["status"] == "measured" and not row.get("limit"))
    reference = "msgpack" if any(row["name"] == "msgpack" and row["status"] == "measured" for row in rows) else first
    made = {"name": name, "tier": tier, "title": TITLES[tier], "messages": messages, "payload_bytes": size * messages}
    part = {**made, "reference": reference, "processes": 2, "rounds": 3, "floor": 1.0, "rows": rows, "bars": []}
    return cast("dict[str, Any]", assembled([cast("GroupRecord", part)]))


def record(scenario: str, title: str, groups: list[dict[str, Any]], facts: Environment, **kinds: Any) -> Record:
    """A record of one scenario."""
    method = {"quick": False, "processes": 2, "confidence": 0.95}
    made = {"suite": "flatstream-benchmarks", "version": 2, "scenario": scenario, "title": title, "environment": facts}
    return cast("Record", {**made, "method": method, "groups": groups, **kinds})


TIERS = ("F0", "F1", "F2", "R0", "R1", "R2", "R3", "R4", "R5", "cycle")


def tiers(scenario: str, facts: Environment, names: tuple[str, ...] = TIERS) -> Record:
    """Every contender in every tier; some cannot, and one is wrong."""
    groups = []
    for place, tier in enumerate(names):
        times = {
            name: None if (place + index) % 7 == 5 else 20.0 * (place + 1) * (1.9 * index + 1)
            for index, name in enumerate(LABELS)
        }
        reference = times["msgpack"] or next(filter(None, times.values()))
        rows = [row(name, took, reference) for name, took in times.items()]
        groups.append(group(tier, tier, [{**one, "wire_bytes": 100 * (32 + place)} for one in rows]))
    groups[0]["rows"][5] = {**row("json", None, 1.0), "status": "wrong", "note": "its output is not the one expected"}
    peaks = [
        {**row(name, None, 1.0), "tier": "F1", "status": "measured", "messages": 100, "samples": [peak, peak]}
        | {"peak_bytes": peak, "base_bytes": 30_000_000, "output_bytes": 3600}
        for name, peak in (("flatstream", 4_000_000), ("msgpack", 3_000_000))
    ]
    absent = {**row("arrow", None, 1.0), "tier": "F1", "status": "absent", "note": "no pyarrow here", "messages": 100}
    counted = [
        {**row("flatstream", None, 1.0), "tier": "F0", "status": "measured", "messages": [1000, 2000]}
        | {"samples": [5_000_000, 5_400_000], "a_message": 400.0},
        {**row("msgpack", None, 1.0), "tier": "F0", "status": "absent", "note": "no valgrind here"},
    ]
    return record(scenario, "A hundred events", groups, facts, memory=[*peaks, absent], instructions=counted)


def sweep(facts: Environment) -> Record:
    """Payloads from 16 bytes to 16 MiB beside memcpy, with models and where these cross."""
    costs = {
        "flatstream": ("FlatStream", 60.0, 0.03),
        "flatstream-xxh3_64": ("FlatStream, xxh3_64", 66.0, 0.08),
        "flatstream-python": ("FlatStream, pure Python", 250.0, 0.03),
        "whole-none": ("FlatStream, whole buffers, none", 9.0, 0.027),
        "whole-xxh3_64": ("FlatStream, whole buffers, xxh3_64", 15.0, 0.077),
        "msgpack": ("msgpack", 40.0, 0.06),
        "pickle-out-of-band": ("pickle 5, out of band", 110.0, 0.05),
        "arrow-batches": ("Arrow IPC, a batch each", 9000.0, 0.04),
        "memcpy": ("limit: memcpy", 5.0, 0.02),
        "raw-xxh3_64": ("limit: xxh3_64 alone", 20.0, 0.045),
    }
    groups = []
    for tier in ("F0", "R0"):
        for size in [4**power for power in range(2, 13)]:
            rows = [
                row(name, fixed + size * byte, 40.0 + size * 0.06, label=label, **_limit(label))
                for name, (label, fixed, byte) in costs.items()
            ]
            groups.append(group(f"{tier}-{size}", tier, rows, size))
    models, crossings = fitted(cast("list[GroupRecord]", groups))
    return record("sweep", "Payloads of 16 B to 16 MiB", groups, facts, models=models, crossovers=crossings)


def checksums(facts: Environment) -> Record:
    """Each checksum over payloads of some sizes, a message at a time and whole, beside the raw library."""
    costs = {"none": (60.0, 0.02), "crc16": (90.0, 0.1), "crc32": (90.0, 0.09), "xxh3_64": (70.0, 0.05)}
    groups = []
    for tier in ("F0", "R0"):
        for size in (32, 256, 4096, 65536, 1 << 20):
            rows = []
            for name, (fixed, byte) in costs.items():
                plain = name == "none"
                own = "flatstream" if plain else f"flatstream-{name}"
                label = "FlatStream" if plain else f"FlatStream, {name}"
                whole = f"FlatStream, whole buffers, {name}"
                rows.append(row(own, fixed + size * byte, 60.0 + size * 0.02, label=label))
                rows.append(row(f"whole-{name}", fixed / 8 + size * byte, 60.0 + size * 0.02, label=whole))
                if not plain:
                    raw = 20 + size * (byte - 0.02)
                    label = f"limit: {name} alone"
                    rows.append(row(f"raw-{name}", raw, 60.0 + size * 0.02, label=label, **_limit(label)))
            groups.append(group(f"{tier}-{size}", tier, rows, size))
    return record("chk", "Each checksum over 32 B to 1 MiB", groups, facts)


def _limit(label: str) -> dict[str, bool]:
    return {"limit": True} if label.startswith("limit") else {}


def policies(scenario: str, facts: Environment) -> Record:
    """Memory over time, and the groups beside it."""
    lines = []
    for name, keeps in (("none", True), ("adaptive", False)):
        points = [[1, 16384]]
        for burst in range(3):
            points.append([burst * 1101 + 1, 1 << 20])
            if not keeps:
                points.append([burst * 1101 + 6, 16384])
        lines.append(
            {"tier": "F1", "name": name, "label": f"policy {name}", "note": f"what {name} does", "points": points}
            | {"burst": [[burst * 1101 + 1, burst * 1101 + 1] for burst in range(3)]}
        )
    rows = [row("none", 900.0, 900.0), row("adaptive", 950.0, 900.0)]
    return record(scenario, "Large messages between small ones", [group("F1", "F1", rows)], facts, timelines=lines)


def scale(facts: Environment) -> Record:
    """From a thousand to a hundred million frames; one lane stops before that."""
    points = []
    for name, ns, label in (("reader", 80.0, "FlatStream, frame by frame"), ("scan", 2.0, "FlatStream, scan")):
        for power in range(3, 9):
            here = {"tier": "R0", "name": name, "label": label, "version": "1.2", "messages": 10**power}
            if power == 8 and name == "reader":
                points.append({**here, "status": "absent", "note": "takes more memory than there is"})
                continue
            took = ns * (1 + power / 20)
            samples = [took / SPREAD, took, took * SPREAD]
            found = estimate([[time] for time in samples])
            points.append(
                {**here, "status": "measured", "note": f"what {name} does", "samples": samples, "ns": found.median}
                | {"ns_low": found.low, "ns_high": found.high, "peak_bytes": 16 * 10**power + 1_000_000}
            )
    return record("scale", "From 1,000 to 100,000,000 frames", [], facts, scale=points)


def paths(facts: Environment) -> Record:
    """Ways to read, of both engines and of a peer."""
    rows = []
    for name, label in (("bytes-borrowed", "bytes, borrowed"), ("bytes-copied", "bytes, copied")):
        rows.append(row(f"native-{name}", 20.0, 24.0, label=f"FlatStream: {label}"))
        rows.append(row(name, 160.0, 24.0, label=f"FlatStream, pure Python: {label}"))
    rows.append(row("msgpack", 24.0, 24.0, label="msgpack: bytes"))
    return record("readpath", "Ways to read", [group("R0", "R0", rows)], facts)


def promises(facts: Environment) -> Record:
    """One promise that is kept, and one that is missed."""
    made = group("write", "F0", [row("quick", 50.0, 60.0), row("slow", 600.0, 60.0), row("msgpack", 60.0, 60.0)])
    made["bars"] = [
        {"name": each["name"], "label": each["label"], "reference": "msgpack", "bound": 4.0}
        | {key: each[key] for key in ("ratio", "ratio_low", "ratio_high")}
        | {"verdict": "met" if each["ratio"] <= 4 else "missed"}
        for each in made["rows"][:2]
    ]
    return record("bars", "Promises", [made], facts)


def every(facts: Environment) -> dict[str, Record]:
    """All of them, by scenario; of those that have nothing of their own, a few rows."""
    made = [tiers("tel-100k", facts), *(tiers(name, facts, ("F0", "R3")) for name in ("tel-100", "lob-msg"))]
    made += [sweep(facts), checksums(facts), policies("policy", facts), policies("mixed", facts)]
    made += [scale(facts), paths(facts), promises(facts)]
    found = {each["scenario"]: each for each in made}
    return {
        name: found.get(name) or tiers(name, facts, ("F0",))
        for name in [*SCENARIOS, *sorted(set(found) - set(SCENARIOS))]
    }
