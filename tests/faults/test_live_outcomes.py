import tempfile
import unittest
from collections import Counter
from pathlib import Path

from context import Outcome
from live_outcomes import Outcomes


def outcome(**more):
    return Outcome("kill-router1", "kill router1", acknowledged=5, recoveries_ms=[310.5], notes=["seen"],
                   activity=Counter(sessions=3), **more)


class LiveOutcomesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.kept = Path(folder.name) / "kept"
        self.binary = Path(folder.name) / "binary"
        self.binary.write_bytes(b"one build")

    def outcomes(self, rate=40):
        return Outcomes(self.kept, self.binary, {"rate": rate})

    def test_what_has_passed_is_found_again(self):
        self.outcomes().keep(outcome())
        self.assertEqual(self.outcomes().passed("kill router1"), outcome())

    def test_what_failed_is_run_again(self):
        self.outcomes().keep(outcome(complaints=["a message is missing"]))
        self.assertIsNone(self.outcomes().passed("kill router1"))
        self.assertIsNone(self.outcomes().passed("kill router2"))

    def test_another_binary_or_load_begins_anew(self):
        self.outcomes().keep(outcome())
        self.assertIsNone(self.outcomes(rate=80).passed("kill router1"))
        self.binary.write_bytes(b"another build")
        self.assertIsNone(self.outcomes().passed("kill router1"))

    def test_a_damaged_file_is_no_outcome(self):
        self.outcomes().keep(outcome())
        (self.kept / "kill-router1.json").write_text('{"binary"')
        self.assertIsNone(self.outcomes().passed("kill router1"))


if __name__ == "__main__":
    unittest.main()
