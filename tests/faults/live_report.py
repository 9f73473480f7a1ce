"""docs/reports/failover.md."""

from checker import KINDS


def soak_violations(figures):
    return sum(int(value) for name, value in figures.items() if name.startswith("violations_"))


def soak_line(figures):
    return (f"{figures['acknowledged']:,.0f} acknowledged, {figures['repeated']:,.0f} repeated, {figures['refused']:,.0f} refused, "
            f"{figures['reconnects']:,.0f} reconnects, longest silence {figures['longest_silence']:.1f} s, "
            f"{soak_violations(figures)} violations")


def soak_table(outcomes, faults, given):
    """What `chat4all bench soak` found beside the people."""
    found = [(outcome.soak, fault) for outcome, fault in zip(outcomes, faults) if outcome.soak]
    if not found:
        return []
    columns = ("acknowledged", "repeated", "duplicates", "without_seq", "refused", "reconnects")
    lines = ["", "## The soak beside them", "",
             f"`chat4all bench soak --rate {given.soak_rate}` ran beside the people from before each fault until after it, over the same",
             "gateways. It sends again what was not answered, judges every frame, and reads every history at the end.", "",
             "| fault | acknowledged | sent again | duplicates | without `seq` | refused | connections lost | longest silence "
             "| connected again, p95 | p99 | violations |",
             "| --- |" + " --: |" * 10]
    for figures, fault in found:
        counts = " | ".join(f"{figures[name]:,.0f}" for name in columns)
        lines.append(f"| {fault.name} | {counts} | {figures['longest_silence']:.1f} s | {figures['connected_again_p95']:,.0f} ms | "
                     f"{figures['ack_p99']:,.0f} ms | {soak_violations(figures)} |")
    return lines


def verdict(outcome):
    return outcome.verdict + (", slower than aimed at" if outcome.missed_aims else "")


def remarks(outcome):
    """Lines below the table."""
    if outcome.skipped:
        return [f"skipped: {outcome.skipped}"]
    return outcome.missed_aims + outcome.notes + [text[:400] for text in outcome.complaints[:8]]


def markdown(outcomes, faults, command, given, seconds):
    people = sum(outcome.acknowledged for outcome in outcomes)
    soaked = sum(int(outcome.soak.get("acknowledged", 0)) for outcome in outcomes)
    wrong = sum(soak_violations(outcome.soak) for outcome in outcomes)
    totals = {kind: sum(outcome.counts[kind] for outcome in outcomes) for kind in KINDS}
    lines = [
        "# Failover", "",
        f"Written by `{command}` (seed {given.seed}, {seconds / 60:.0f} minutes): two gateways and three routers over three Kafka",
        "brokers, three Cassandra nodes, PostgreSQL, and Redis with a replica and three Sentinels, all on one machine with the",
        f"clients (20 people, their devices, {given.rate} messages a second). Each fault holds for some seconds under load; then",
        "every history is read and compared with everything that any client was ever told.", "",
        f"**{people + soaked:,} acknowledged messages; of the {people:,} of these people: "
        + ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in totals.items())
        + (f"; of the {soaked:,} of the soak: {wrong} violations" if soaked else "") + ".**", "",
        "*Longest silence*: the longest time, from the fault until after it was mended, in which no client anywhere got an",
        "acknowledgement. *Refused*: sends answered with 503, all of which clients sent again.", "",
        "| fault | acknowledged | lost | twice | order | status back | changed | refused | longest silence | verdict | |",
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --- | --- |",
    ]
    for outcome, fault in zip(outcomes, faults):
        silence = max(outcome.recoveries_ms, default=0) / 1000
        counts = " | ".join(str(outcome.counts[kind]) for kind in KINDS)
        picture = "failover/" + fault.name.replace(" + ", "-and-").replace(" ", "-") + ".svg"
        lines.append(f"| {fault.what} | {outcome.acknowledged:,} | {counts} | {outcome.refused} | {silence:.1f} s | "
                     f"{verdict(outcome)} | {f'[over time]({picture})' if outcome.pictured else ''} |")
    for outcome, fault in zip(outcomes, faults):
        if remarks(outcome):
            lines += ["", f"## {fault.name}", ""] + [f"- {text}" for text in remarks(outcome)]
    return "\n".join(lines + soak_table(outcomes, faults, given)) + "\n"
