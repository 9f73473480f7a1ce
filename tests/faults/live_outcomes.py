"""What faults did to a binary, kept on the disk: a run of all of them takes more than an hour, and may be gone on with."""

import dataclasses
import hashlib
import json
from collections import Counter

from context import Outcome


class Outcomes:
    """Of one binary under one load; what another binary or load did is not taken for its own."""

    def __init__(self, folder, binary, load):
        self.folder = folder
        self.about = {"binary": hashlib.sha256(binary.read_bytes()).hexdigest(), "load": load}

    def keep(self, outcome):
        self.folder.mkdir(parents=True, exist_ok=True)
        # asdict() would count the items of a Counter.
        fields = {field.name: getattr(outcome, field.name) for field in dataclasses.fields(outcome)}
        self._file(outcome.title).write_text(json.dumps(self.about | {"outcome": fields}), encoding="utf-8")

    def passed(self, title):
        """The outcome of this fault if it has passed before; else None."""
        try:
            kept = json.loads(self._file(title).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        outcome = Outcome(**kept.pop("outcome"))
        outcome.activity = Counter(outcome.activity)
        return outcome if kept == self.about and outcome.verdict == "passed" else None

    def _file(self, title):
        return self.folder / (title.replace(" ", "-") + ".json")
