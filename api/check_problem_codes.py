#!/usr/bin/env python3
"""Compares the problem codes of openapi.yaml with the server's table in src/base/error.cpp. Needs PyYAML.

Exits with 1 when a code stands in only one of them, when a response lists a code that does not exist or that belongs to
another status, or when its description names other codes than its `x-problem-codes`.
"""

import pathlib
import re
import sys

import export_openapi

TABLE = pathlib.Path(__file__).resolve().parent.parent / "src" / "base" / "error.cpp"
ROW = re.compile(r'\{k\w+,\s*"(?P<name>\w+)",\s*(?P<status>\d{3}),')


def statuses_by_code() -> dict[str, str]:
    """Without those of 2xx: they are answered as what they say, not as problems."""
    rows = ROW.finditer(TABLE.read_text(encoding="utf-8"))
    return {row["name"]: row["status"] for row in rows if not row["status"].startswith("2")}


def complaints_about_response(place: str, status: str, response: dict, table: dict[str, str]) -> list[str]:
    listed = response.get("x-problem-codes", [])
    found = [f"{place}: there is no code {code!r}" for code in listed if code not in table]
    found += [f"{place}: {code!r} has the status {table[code]}" for code in listed if table.get(code, status) != status]
    _, _, sentence = " ".join(response["description"].split()).partition("Problem codes:")
    named = set(re.findall(r"`(\w+)`", sentence))
    if named != set(listed):
        found.append(f"{place}: the description names {sorted(named)}, x-problem-codes {sorted(listed)}")
    return found


def main() -> int:
    document = export_openapi.load_document()
    table = statuses_by_code()
    described = document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    found = [f"{code!r} is in {TABLE.name} and not in the schema Problem" for code in table if code not in described]
    found += [f"{code!r} is in the schema Problem and not in {TABLE.name}" for code in described if code not in table]
    if not table:
        found.append(f"{TABLE.name} holds no table that this script can read")

    responses = document["components"]["responses"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            for status, response in operation["responses"].items():
                if "$ref" in response:
                    response = responses[response["$ref"].rpartition("/")[2]]
                found += complaints_about_response(f"{method.upper()} {path} {status}", status, response, table)

    for complaint in dict.fromkeys(found):
        print(complaint, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
