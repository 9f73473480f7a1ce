"""docs/reports/failover.md."""

from checker import KINDS


def markdown(outcomes, faults, command, given, seconds):
    acknowledged = sum(outcome.acknowledged for outcome in outcomes)
    totals = {kind: sum(outcome.counts[kind] for outcome in outcomes) for kind in KINDS}
    lines = [
        "# Failover", "",
        f"Written by `{command}` (seed {given.seed}, {seconds / 60:.0f} minutes): two gateways and three routers over three Kafka",
        "brokers, three Cassandra nodes, PostgreSQL, and Redis with a replica and three Sentinels, all on one machine with the",
        f"clients (20 people, their devices, {given.rate} messages a second). Each fault holds for some seconds under load; then",
        "every history is read and compared with everything that any client was ever told.", "",
        f"**{acknowledged:,} acknowledged messages; "
        + ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in totals.items()) + ".**", "",
        "*Longest silence*: the longest time, from the fault until after it was mended, in which no client anywhere got an",
        "acknowledgement. *Refused*: sends answered with 503, all of which clients sent again.", "",
        "| fault | acknowledged | lost | twice | order | status back | changed | refused | longest silence | verdict | |",
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --- | --- |",
    ]
    for outcome, fault in zip(outcomes, faults):
        silence = max(outcome.recoveries_ms, default=0) / 1000
        counts = " | ".join(str(outcome.counts[kind]) for kind in KINDS)
        picture = "failover/" + fault.name.replace(" + ", "-and-").replace(" ", "-") + ".svg"
        refused = outcome.notes[0] if outcome.notes else "-"
        lines.append(f"| {fault.what} | {outcome.acknowledged:,} | {counts} | {refused} | {silence:.1f} s | "
                     f"{outcome.verdict} | [over time]({picture}) |")
    for outcome, fault in zip(outcomes, faults):
        if outcome.complaints:
            lines += ["", f"## {fault.name}: what was wrong", ""] + [f"- {text[:400]}" for text in outcome.complaints[:8]]
    return "\n".join(lines) + "\n"
