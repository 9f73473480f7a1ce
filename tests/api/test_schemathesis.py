"""Schemathesis over the running server: what /openapi.json promises is what the server does.

The environment can say CHAT4ALL_BINARY, CHAT4ALL_ADMIN_KEY, CHAT4ALL_API_TEST_SECONDS (120, about how long it fuzzes),
CHAT4ALL_API_TEST_SEED (1).
"""

import json
import os
import pathlib
import subprocess
import sys
import uuid
import urllib.request

FOLDER = pathlib.Path(__file__).resolve().parent
ACTING_USER = "ana"
# The phases before fuzzing take as long as they need; this only stops a run that hangs.
EXTRA_SECONDS = 900


def prepare_people_and_messages(server) -> dict[str, str]:
    """What the examples of the OpenAPI file speak of; answers the environment that the hooks read."""
    for user_id in (ACTING_USER, "bruno", "carla"):
        server.request("POST", "/v1/users", {"user_id": user_id})
    group = {"type": "group", "members": ["bruno", "carla"]}
    conversation_id = server.request("POST", "/v1/conversations", group, ACTING_USER)["conversation_id"]
    kept, deleted = str(uuid.uuid4()), str(uuid.uuid4())
    for message_id in (kept, deleted):
        message = {
            "message_id": message_id,
            "conversation_id": conversation_id,
            "payload": {"type": "text", "text": "Hello!"},
        }
        server.request("POST", "/v1/messages", message, ACTING_USER)
    server.request("DELETE", f"/v1/messages/{deleted}", act_as=ACTING_USER)
    return {
        "CHAT4ALL_TEST_CONVERSATION_ID": conversation_id,
        "CHAT4ALL_TEST_MESSAGE_IDS": f"{kept},{deleted}",
    }


def test_the_server_answers_the_exported_file(server):
    with urllib.request.urlopen(f"{server.url}/openapi.json", timeout=10) as response:
        assert json.loads(response.read()) == json.loads((FOLDER.parents[1] / "api" / "openapi.json").read_bytes())


def test_schemathesis_finds_nothing(server, tmp_path):
    seconds = int(os.environ.get("CHAT4ALL_API_TEST_SECONDS", "120"))
    command = [
        sys.executable, "-m", "schemathesis.cli", "--no-color", "run", f"{server.url}/openapi.json",
        "--header", f"Authorization: Bearer {server.admin_key}",
        "--header", f"X-Act-As: {ACTING_USER}",
        "--seed", os.environ.get("CHAT4ALL_API_TEST_SEED", "1"),
        "--max-time", str(seconds),
        "--continue-on-failure", "--no-shrink",
        "--generation-database", "none",
        # A NUL in a text is 422 by the contract, which JSON Schema cannot say of free-form objects.
        "--generation-allow-x00", "false",
        "--request-timeout", "10",
        "--warnings", "off",
    ]  # fmt: skip
    environment = {
        **os.environ,
        **prepare_people_and_messages(server),
        "SCHEMATHESIS_HOOKS": str(FOLDER / "schemathesis_hooks.py"),
    }
    run = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=seconds + EXTRA_SECONDS
    )
    print(run.stdout, run.stderr)
    assert run.returncode == 0, "schemathesis has something to report, see above"
    # A run whose key or user went lost on the way would have looked at nothing but refusals.
    assert server.request("GET", "/v1/keys")["items"]
    assert server.request("GET", "/v1/conversations", act_as=ACTING_USER)["items"]
