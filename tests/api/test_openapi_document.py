"""The OpenAPI file by itself: no server is needed."""

import copy
import json
import pathlib
import subprocess
import sys

import jsonschema_rs
import openapi_spec_validator
import pytest

API = pathlib.Path(__file__).resolve().parents[2] / "api"
DOCUMENT = json.loads((API / "openapi.json").read_bytes())
ANY_REQUEST = {"400", "405", "408", "413", "414", "431", "503"}


def resolved(value: dict) -> dict:
    while "$ref" in value:
        found = DOCUMENT
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        value = found
    return value


def all_operations():
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield pytest.param(path, item, operation, id=f"{method.upper()} {path}")


OPERATIONS = list(all_operations())


def validator_of(schema: dict):
    root = {**copy.deepcopy(schema), "components": DOCUMENT["components"]}
    return jsonschema_rs.Draft202012Validator(root, validate_formats=True)


def examples_of(media: dict) -> list:
    return [example["value"] for example in media.get("examples", {}).values()] + (
        [media["example"]] if "example" in media else []
    )


def test_the_file_is_valid_openapi():
    openapi_spec_validator.validate(DOCUMENT)


def test_the_export_is_current():
    assert subprocess.run([sys.executable, API / "export_openapi.py", "--check"]).returncode == 0


def test_the_problem_codes_are_the_servers():
    assert subprocess.run([sys.executable, API / "check_problem_codes.py"]).returncode == 0


def test_operation_ids_are_unique():
    ids = [parameters.values[2]["operationId"] for parameters in OPERATIONS]
    assert len(ids) == len(set(ids))


def test_every_component_is_used():
    text = json.dumps(DOCUMENT)
    unused = [
        f"{kind}/{name}"
        for kind, entries in DOCUMENT["components"].items()
        if kind != "securitySchemes"
        for name in entries
        if f'"#/components/{kind}/{name}"' not in text
    ]
    assert unused == []


@pytest.mark.parametrize(("path", "item", "operation"), OPERATIONS)
def test_an_operation_says_all_that_a_caller_needs(path, item, operation):
    assert {"operationId", "summary", "tags", "security", "responses"} <= set(operation)
    statuses = set(operation["responses"])
    assert ANY_REQUEST <= statuses
    if operation["security"] and {} not in operation["security"]:
        assert {"401", "403", "422"} <= statuses
    if "requestBody" in operation:
        assert {"415", "422"} <= statuses
    if "{" in path:
        assert "404" in statuses
    parameters = [resolved(parameter) for parameter in item.get("parameters", []) + operation.get("parameters", [])]
    assert {p["name"] for p in parameters if p["in"] == "path"} == set(
        part.strip("{}") for part in path.split("/") if part.startswith("{")
    )


@pytest.mark.parametrize(("path", "item", "operation"), OPERATIONS)
def test_every_response_is_named_and_typed(path, item, operation):
    for status, response in operation["responses"].items():
        response = resolved(response)
        assert resolved(response["headers"]["X-Request-Id"])["required"]
        if status[0] in "45":
            assert "application/problem+json" in response["content"]
            assert response["x-problem-codes"]


@pytest.mark.parametrize(("path", "item", "operation"), OPERATIONS)
def test_requests_and_answers_have_examples_that_fit(path, item, operation):
    bodies = list(operation["requestBody"]["content"].values()) if "requestBody" in operation else []
    for status, response in operation["responses"].items():
        if status[0] == "2":
            bodies += resolved(response).get("content", {}).values()
    for media in bodies:
        examples = examples_of(media)
        assert examples
        for example in examples:
            validator_of(media["schema"]).validate(example)


def test_the_example_of_a_problem_fits():
    schema = DOCUMENT["components"]["schemas"]["Problem"]
    for example in schema["examples"]:
        validator_of(schema).validate(example)
