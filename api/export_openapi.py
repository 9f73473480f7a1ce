#!/usr/bin/env python3
"""Writes openapi.json from openapi.yaml, both beside this script. Needs PyYAML.

`--check` writes nothing and exits with 1 when openapi.json is not what would be written.
"""

import argparse
import json
import pathlib
import sys

import yaml

FOLDER = pathlib.Path(__file__).resolve().parent
SOURCE = FOLDER / "openapi.yaml"
TARGET = FOLDER / "openapi.json"
# Only there for YAML anchors.
NOT_EXPORTED = "x-shared"


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader, but a time stays the text that it is."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def refuse_repeated_keys(node: yaml.Node) -> None:
    """PyYAML would let the last one win in silence."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} stands twice", problem_mark=key.start_mark)
            seen.add(key.value)
            refuse_repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            refuse_repeated_keys(item)


def load_document() -> dict:
    loader = Loader(SOURCE.read_text(encoding="utf-8"))
    try:
        root = loader.get_single_node()
        refuse_repeated_keys(root)
        document = loader.construct_document(root)
    finally:
        loader.dispose()
    document.pop(NOT_EXPORTED, None)
    return document


def exported_text() -> str:
    return json.dumps(load_document(), ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only say whether openapi.json is current")
    arguments = parser.parse_args()
    try:
        text = exported_text()
    except yaml.YAMLError as error:
        print(f"{SOURCE.name} cannot be read: {error}", file=sys.stderr)
        return 1
    if not arguments.check:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
        print(f"api/{TARGET.name} is not current: run api/{pathlib.Path(__file__).name}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
