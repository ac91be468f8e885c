# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""The card as a table for people, JSON for machines and Markdown for the README."""

from __future__ import annotations

from .measure import Entry, Measured, paired
from .results import Line

HEADINGS = ("", "asked", "sessions", "p50 ms", "p99 ms", "requests/s", "of direct", "CPU s / 1,000", "backend", "MiB")


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _share(line: Line, entry: Entry) -> float | None:
    """Throughput as share of the row it is to be compared with."""
    base = entry.base or line.base or next((other for other in line.entries if other.name == "direct"
                              and other.sessions == entry.sessions and other.label == entry.label), None)
    if base is None or base is entry:
        return None
    return paired(base, entry, lambda first, second: second.rate / first.rate)


def row(line: Line, entry: Entry) -> list[str]:
    share = _share(line, entry)
    cpu = entry.median(lambda item: item.cpu_us)
    backend = entry.median(lambda item: item.backend_us)
    digits = 3 if (cpu or 0) < 10_000 else 1
    rate = entry.median(lambda item: item.rate)
    return [
        entry.label,
        entry.name + (" (!)" if entry.problem else ""),
        str(entry.sessions),
        _number(entry.median(lambda item: item.sample.p50_ms), 3),
        _number(entry.median(lambda item: item.sample.p99_ms), 2),
        _number(rate, 0 if (rate or 0) >= 100 else 1),
        "–" if share is None else f"{share * 100:.1f} %" if share >= 0.01 else f"{share * 100:.2f} %",
        _number(cpu / 1000 if cpu is not None else None, digits),
        _number(backend / 1000 if backend is not None else None, digits),
        _number(entry.median(lambda item: item.peak_mib), 0),
    ]


def _columns(rows: list[list[str]], numbers_from: int) -> list[str]:
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) if index < numbers_from else cell.rjust(width)
                      for index, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]


def text(lines: list[Line], about: dict) -> str:
    out = [f"vmcp performance card: {about['vmcp']} on {about['cpu']}, {about['cores']} cores, Linux {about['kernel']}",
           f"{about['rounds']} rounds of {about['seconds']} s, medians; wrk, the contenders and the backend share the "
           "cores", ""]
    for line in lines:
        out.append(f"{line.name}: {line.title}")
        if line.entries:
            rows = [list(HEADINGS)] + [row(line, entry) for entry in line.entries]
            out += ["  " + text for text in _columns(rows, 2)]
        out += [f"  {label}: {value}" for label, value in line.facts]
        out += [f"  (!) {entry.name} with {entry.sessions}: {entry.problem}" for entry in line.entries if entry.problem]
        if line.failure:
            out.append(f"  FAILED: {line.failure}")
        out.append("")
    rows = [["", "target", "wanted", "measured"]]
    rows += [["PASS" if target.passed else "FAIL", target.text, target.wanted_text, target.value_text]
             for line in lines for target in line.targets]
    rows += [["FAIL", f"{line.name}: {line.title}", "", "see above"] for line in lines if line.failure]
    if len(rows) > 1:
        out += _columns(rows, 2)
    out.append("")
    out.append(f"CPU used by others, worst timed run: {about['foreign_percent']:.0f} %"
               + (" (too noisy to judge by)" if about["foreign_percent"] > 10 else ""))
    return "\n".join(out)


def markdown(lines: list[Line], about: dict) -> str:
    out = ["<!-- Written by e2e/bench/run; do not edit. -->", ""]
    out += ["| | Target | Wanted | Measured |", "|---|---|---|---|"]
    for line in lines:
        out += [f"| {'✅' if target.passed else '❌'} | {target.text} | {target.wanted_text} | {target.value_text} |"
                for target in line.targets]
        if line.failure:
            out.append(f"| ❌ | {line.title} | | not measured |")
    for line in lines:
        out += ["", f"**{line.title}**", ""]
        if line.entries:
            out.append("| " + " | ".join(HEADINGS) + " |")
            out.append("|---|---|" + "---:|" * (len(HEADINGS) - 2))
            out += ["| " + " | ".join(row(line, entry)) + " |" for entry in line.entries]
            out.append("")
        out += [f"- {label}: {value}" for label, value in line.facts]
    out += ["", f"{about['vmcp']}, {about['date']}, {about['cpu']}, {about['cores']} cores shared by the load "
                f"generator (wrk {about['wrk']}, one thread), the contender and the backend; {about['rounds']} "
                f"interleaved rounds of {about['seconds']} s, medians. Peers: {about['peers']}. "
                "One command measures it all: `e2e/bench/run`.", ""]
    return "\n".join(out)


def _measured(item: Measured) -> dict:
    sample = item.sample
    return {
        "requests": sample.requests, "seconds": sample.seconds, "requests_per_second": round(sample.rate, 1),
        "p50_ms": sample.p50_ms, "p90_ms": sample.p90_ms, "p99_ms": sample.p99_ms, "worst_ms": sample.worst_ms,
        "bytes_per_answer": round(sample.bytes_per_answer, 1), "cpu_us_per_call": round(item.cpu_us, 2),
        "backend_cpu_us_per_call": None if item.backend_us is None else round(item.backend_us, 2),
        "peak_resident_mib": round(item.peak_mib, 1), "generator_cpu_share": round(
            sample.generator_cpu / sample.seconds, 3) if sample.seconds else None,
        "foreign_cpu_share": round(item.foreign, 3), "failures": sample.failures,
    }


def _entry(line: Line, entry: Entry) -> dict:
    share = _share(line, entry)
    return {
        "asked": entry.name, "label": entry.label, "sessions": entry.sessions,
        "requests_per_second": entry.median(lambda item: item.rate),
        "p50_ms": entry.median(lambda item: item.sample.p50_ms),
        "p99_ms": entry.median(lambda item: item.sample.p99_ms),
        "share_of_base": share,
        "cpu_seconds_per_1000_calls": entry.median(lambda item: item.cpu_us / 1000),
        "backend_cpu_seconds_per_1000_calls": entry.median(
            lambda item: None if item.backend_us is None else item.backend_us / 1000),
        "peak_resident_mib": entry.median(lambda item: item.peak_mib),
        "answers_checked": entry.checked, "answers_wrong": entry.wrong, "failed_requests": entry.failures,
        "problem": entry.problem, "rounds": [_measured(item) for item in entry.rounds],
    }


def machine(lines: list[Line], about: dict) -> dict:
    return {
        "about": about,
        "passed": all(target.passed for line in lines for target in line.targets)
        and not any(line.failure for line in lines),
        "targets": [{"line": line.name, "target": target.text, "wanted": target.wanted_text, "value": target.value,
                     "unit": target.unit.strip(), "passed": target.passed}
                    for line in lines for target in line.targets],
        "lines": [{"line": line.name, "title": line.title, "failure": line.failure, "facts": dict(line.facts),
                   "rows": [_entry(line, entry) for entry in line.entries]} for line in lines],
    }
