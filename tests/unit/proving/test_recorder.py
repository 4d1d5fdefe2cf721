"""Goal: what is taken down is in the order in which it was seen, and silence is no answer."""

from __future__ import annotations

import pytest

from services.proving.history import Get, Refused, Unknown
from services.proving.reading import read_failure
from services.proving.recorder import Recorder


def test_attempts_overlap_as_they_did():
    recorder = Recorder()
    first, second = Get(request_id="1"), Get(request_id="2")
    one = recorder.send(first)
    other = recorder.send(second)
    recorder.receive(other, Refused("RESOURCE_NOT_FOUND"))
    recorder.receive(one, Refused("RESOURCE_NOT_FOUND"))
    operations = recorder.operations()
    assert [operation.request for operation in operations] == [first, second]
    assert operations[0].sent < operations[1].sent < operations[1].ended < operations[0].ended


def test_an_attempt_that_never_ended_is_unknown_to_the_end():
    recorder = Recorder()
    recorder.send(Get(request_id="1"))
    done = recorder.send(Get(request_id="2"))
    recorder.receive(done, Refused("RESOURCE_NOT_FOUND"))
    silent, answered = recorder.operations()
    assert silent.reply == Unknown("UNFINISHED")
    assert silent.ended > answered.ended


@pytest.mark.parametrize(
    ("code", "reason", "reply"),
    [
        ("FAILED_PRECONDITION", "POLICY_NOT_COVERED", Refused("POLICY_NOT_COVERED")),
        ("UNAVAILABLE", "OUTCOME_PENDING", Unknown("OUTCOME_PENDING")),
        ("UNAVAILABLE", "", Unknown("UNAVAILABLE")),
        ("DEADLINE_EXCEEDED", "", Unknown("DEADLINE_EXCEEDED")),
        # Ours always names a reason: without one it is the connection's.
        ("INTERNAL", "INTERNAL", Unknown("INTERNAL")),
        ("INTERNAL", "", Unknown("TRANSPORT")),
        ("UNKNOWN", "", Unknown("TRANSPORT")),
        ("UNIMPLEMENTED", "", Refused("UNIMPLEMENTED")),
    ],
)
def test_a_failure_says_no_or_nothing(code, reason, reply):
    assert read_failure(code, reason) == reply


def test_an_exception_that_nobody_caught_is_a_defect():
    said = "Unexpected <class 'KeyError'>: 'x'"
    assert read_failure("UNKNOWN", "", details=said) == Unknown("UNKNOWN")
