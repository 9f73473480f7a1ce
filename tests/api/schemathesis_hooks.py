"""What schemathesis checks here besides its own checks, and which of its reports are no defect of this interface."""

import itertools
import json
import os
import re
import uuid

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase
from schemathesis.openapi.checks import RejectedPositiveData, UseAfterFree

ACTING_USER = "ana"

# A request can fit its schema and name what does not exist, or what the caller may not name.
REASONS_NO_SCHEMA_HOLDS = {
    "idempotency_key_reused",
    "invalid_cursor",
    "members_fixed",
    "unknown_user",
}
# Where a value of the right form can still be refused: it names something, or goes not with another parameter.
PLACES_NO_SCHEMA_HOLDS = {"/from", "/members", "/reply_to", "/to", "?before_seq", "?conversation_id", "?cursor", "?q"}


def problem_of(response) -> dict | None:
    content_type = (response.headers.get("content-type") or [""])[0]
    return json.loads(response.content) if content_type.startswith("application/problem+json") else None


def documented_response(case, status: int) -> dict | None:
    raw = case.operation.schema.raw_schema
    found = raw["paths"][case.operation.path][case.operation.method.lower()]["responses"].get(str(status))
    while found and "$ref" in found:
        found = raw["components"]["responses"][found["$ref"].rpartition("/")[2]]
    return found


def holds_a_number_beyond_64_bits(value) -> bool:
    if isinstance(value, dict):
        return any(holds_a_number_beyond_64_bits(item) for item in value.values())
    if isinstance(value, list):
        return any(holds_a_number_beyond_64_bits(item) for item in value)
    return isinstance(value, int) and not -(2**63) <= value < 2**64


@schemathesis.check
def problem_is_complete(context, response, case) -> None:
    """Every error is a problem document whose members agree with the response and with the OpenAPI file."""
    if response.status_code < 400:
        return
    problem = problem_of(response)
    if problem is None:
        if case.operation.path.startswith("/health"):
            return
        raise AssertionError("an error without a problem document")
    assert problem["status"] == response.status_code, "the problem's status differs from the response's"
    assert [problem["request_id"]] == response.headers.get("x-request-id"), "request_id differs from X-Request-Id"
    documented = documented_response(case, response.status_code)
    if documented is not None:
        codes = documented["x-problem-codes"]
        assert problem["code"] in codes, f"the code {problem['code']} is not among the documented {codes}"


@schemathesis.hook
def filter_failure(context, failure: Failure, case, response) -> bool:
    """False for a report that the contract explains."""
    if isinstance(failure, RejectedPositiveData) and response.status_code == 422:
        problem = problem_of(response)
        if problem["code"] in REASONS_NO_SCHEMA_HOLDS or holds_a_number_beyond_64_bits(case.body):
            return False
        places = {"/".join(error["pointer"].split("/")[:2]) for error in problem.get("errors", [])}
        return not places or not places <= PLACES_NO_SCHEMA_HOLDS
    if isinstance(failure, AcceptedNegativeData) and case.meta.phase.data.description == "Positive test case":
        # Nothing was made wrong; schemathesis measured the percent-encoded path.
        return False
    # A deleted message stays as a tombstone.
    return not (isinstance(failure, UseAfterFree) and case.operation.path.startswith("/v1/messages/"))


CONVERSATION_ID = os.environ["CHAT4ALL_TEST_CONVERSATION_ID"]
MESSAGE_IDS = os.environ["CHAT4ALL_TEST_MESSAGE_IDS"].split(",")  # the last one is deleted
OTHERS = ["bruno", "carla"]
USERS = [ACTING_USER, *OTHERS]
USER_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._~-]{1,64}")

calls = itertools.count()
choices = itertools.count()
fresh_keys = itertools.count()


def is_uuid(value) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def is_user(value) -> bool:
    return isinstance(value, str) and USER_ID.fullmatch(value) is not None


def existing(name: str, value, users=OTHERS):
    """What stands for `value` in a field of that name: something that exists, where `value` has the right form."""
    if name in {"conversation_id", "message_id", "reply_to"} and is_uuid(value):
        return CONVERSATION_ID if name == "conversation_id" else MESSAGE_IDS[next(choices) % len(MESSAGE_IDS)]
    if name == "from" and is_user(value):
        return ACTING_USER
    if name in {"user_id", "to"} and is_user(value):
        return users[next(choices) % len(users)]
    if name in {"members", "to"} and isinstance(value, list) and value and all(map(is_user, value)):
        return OTHERS[: len(value)]
    return value


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    """Three times in four, names things that exist: random names would be answered with 404 before anything else."""
    if case.meta is not None and case.meta.phase.name == TestPhase.STATEFUL and "Idempotency-Key" in case.headers:
        # A key used before would be answered with what was created then, and perhaps deleted since.
        case.headers["Idempotency-Key"] = f"stateful-{next(fresh_keys)}"
    removes = case.method == "DELETE" and "reactions" not in case.path
    if case.meta is None or case.meta.phase.name == TestPhase.EXAMPLES or removes or next(calls) % 4 == 3:
        return
    # Where the case is wrong on purpose it stays as it is, but for the parts of a body that have the right form; so do
    # the places that a stateful case filled in.
    if case.meta.phase.name != TestPhase.STATEFUL:
        # The acting user keeps its role in the conversation.
        users = OTHERS if case.path.startswith("/v1/conversations") else USERS
        named = case.path_parameters or {}
        if not case.meta.is_negative_at(ParameterLocation.PATH):
            case.path_parameters = {name: existing(name, value, users) for name, value in named.items()}
        query = case.query or {}
        if not case.meta.is_negative_at(ParameterLocation.QUERY):
            case.query = {name: existing(name, value) for name, value in query.items() if name != "cursor"}
    new_ids = {"message_id"} | ({"user_id"} if case.path == "/v1/users" else set())
    if isinstance(case.body, dict):
        case.body = {k: v if k in new_ids else existing(k, v) for k, v in case.body.items()}


@schemathesis.hook
def filter_case(context, case) -> bool:
    """Leaves standing what all other cases need."""
    if case.method != "DELETE":
        return True
    named = case.path_parameters or {}
    if case.path == "/v1/messages/{message_id}":
        return named.get("message_id") != MESSAGE_IDS[0]
    in_fixture = named.get("conversation_id") == CONVERSATION_ID
    if case.path == "/v1/conversations/{conversation_id}":
        return not in_fixture
    if case.path == "/v1/conversations/{conversation_id}/members/{user_id}":
        # Who leaves a conversation does not find it any more, which schemathesis would take for a fault.
        return named.get("user_id") != ACTING_USER and not (in_fixture and named.get("user_id") in USERS)
    return case.path != "/v1/users/{user_id}" or named.get("user_id") not in USERS
