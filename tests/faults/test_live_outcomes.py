import pytest

from context import Outcome
from live_outcomes import Outcomes


@pytest.fixture
def binary(tmp_path):
    path = tmp_path / "binary"
    path.write_bytes(b"one build")
    return path


def outcome(**more):
    return Outcome("kill-router1", "kill router1", acknowledged=5, recoveries_ms=[310.5], notes=["seen"], **more)


def test_what_has_passed_is_found_again(tmp_path, binary):
    Outcomes(tmp_path / "kept", binary, {"rate": 40}).keep(outcome())
    assert Outcomes(tmp_path / "kept", binary, {"rate": 40}).passed("kill router1") == outcome()


def test_what_failed_is_run_again(tmp_path, binary):
    kept = Outcomes(tmp_path, binary, {})
    kept.keep(outcome(complaints=["a message is missing"]))
    assert kept.passed("kill router1") is None
    assert kept.passed("kill router2") is None


def test_another_binary_or_load_begins_anew(tmp_path, binary):
    Outcomes(tmp_path / "kept", binary, {"rate": 40}).keep(outcome())
    assert Outcomes(tmp_path / "kept", binary, {"rate": 80}).passed("kill router1") is None
    binary.write_bytes(b"another build")
    assert Outcomes(tmp_path / "kept", binary, {"rate": 40}).passed("kill router1") is None


def test_a_damaged_file_is_no_outcome(tmp_path, binary):
    kept = Outcomes(tmp_path, binary, {})
    (tmp_path / "kill-router1.json").write_text('{"binary"')
    assert kept.passed("kill router1") is None
