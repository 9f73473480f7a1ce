"""The table at the end, and docs/reports/reliability.md."""

import datetime
import statistics
import textwrap
from collections import Counter
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

COLUMNS = ("scenario", "runs", "acknowledged", "lost", "seen twice", "out of order", "status back",
           "recovery median / max", "verdict")

MEANING = """
Twenty users with one or two devices each send into private and group conversations over WebSocket and REST,
acknowledge, edit, react, look, hang up and come back, and repeat every message whose answer they did not get, while
the fault happens. Each records what it was told. After every restart and at the end an independent checker compares
that with what the server holds:

- *lost*: acknowledged by an answer, or shown to anybody, and no longer in the history, or changed; or never brought
  to a device that had not acknowledged it;
- *seen twice*: a message in two places, accepted as new twice, or sent to a device twice in a session or again
  after the device's confirmed acknowledgement; a change or a status told twice in a session;
- *out of order*: `seq` or `version` with a hole or a step back, in the history or in a session; sends of one socket
  out of their order;
- *status back*: a receipt that had been told is gone or smaller, or a session was told a lower status after a
  higher one.

Recovery is the time from the execution of the program until `/health/ready` answers 200.
""".strip()


def row(outcome):
    times = outcome.recoveries_ms
    recovery = f"{statistics.median(times):.0f} / {max(times):.0f} ms" if times else "–"
    counts = outcome.counts
    if outcome.skipped:
        return (outcome.title, "–", "–", "–", "–", "–", "–", "–", "skipped")
    return (outcome.title, f"{outcome.runs:,}", f"{outcome.acknowledged:,}", str(counts["lost"] + counts["changed"]),
            str(counts["twice"]), str(counts["order"]), str(counts["status_back"]), recovery, outcome.verdict)


def table(outcomes):
    rows = [COLUMNS, *(row(outcome) for outcome in outcomes)]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip() for cells in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def activity(outcomes):
    total = sum((outcome.activity for outcome in outcomes), Counter())
    return (f"Behind it: {total['frames']:,} message frames in {total['sessions']:,} WebSocket sessions, "
            f"{total['repeats']:,} repeats of sends ({total['duplicates']:,} answered as duplicates), "
            f"{total['acknowledgements']:,} acknowledgements by devices, {total['readings']:,} readings of histories "
            f"and {total['status histories']:,} of status histories.")


def wrapped(text):
    return textwrap.wrap(text, 118, subsequent_indent="  " if text.startswith("- ") else "", break_on_hyphens=False,
                         break_long_words=False)


def markdown(outcomes, scenarios, command, seed, seconds):
    passed = sum(outcome.verdict == "passed" for outcome in outcomes)
    failed = sum(outcome.verdict == "failed" for outcome in outcomes)
    lines = [
        "# Reliability", "",
        f"What `{command}` found on {datetime.date.today().isoformat()}, in {seconds / 60:.0f} minutes "
        f"with seed {seed}: **{passed} passed, {failed} failed**. This page is written by that command.", "",
        MEANING, "",
        "| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS),
        *("| " + " | ".join(row(outcome)) + " |" for outcome in outcomes), "",
        *wrapped(activity(outcomes)), "",
        "## What was done", "",
    ]
    for outcome in outcomes:
        lines += wrapped(f"- **{outcome.title}.** {scenarios[outcome.name].WHAT}")
        lines += [f"  Skipped: {outcome.skipped}."] if outcome.skipped else []
        lines += [f"  Noted: {note}." for note in outcome.notes[:5]]
    complaints = [(outcome, complaint) for outcome in outcomes for complaint in outcome.complaints[:5]]
    if complaints:
        lines += ["", "## What failed", ""]
        for outcome, complaint in complaints:
            lines += wrapped(f"- **{outcome.title}**: {complaint[:400]}")
    return "\n".join(lines).replace(f"{REPOSITORY}/", "") + "\n"
