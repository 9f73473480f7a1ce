#!/usr/bin/env python3
"""Checks that the SQL of PostgresMetadataStore stays within what PostgreSQL and CockroachDB share.

Reads every statement out of the two files that may hold SQL, parses it with PostgreSQL's own parser (pglast) and compares
the tree with what is allowed. It is a list of what may be used, not of what may not: something new is refused until
somebody has looked it up in CockroachDB's documentation and added it here. Prints what is wrong and exits with 1.
"""

import json
import pathlib
import re
import sys

from pglast.parser import ParseError, parse_sql_json

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "src/metadata_store/postgres"
STATEMENTS = FOLDER / "postgres_statements.h"
SCHEMA = FOLDER / "postgres_schema.cpp"
STATEMENT = re.compile(r'\{\s*"(?P<name>[a-z0-9_]+)",\s*R"sql\((?P<sql>.*?)\)sql"\s*\}', re.DOTALL)
SQL_ELSEWHERE = re.compile(
    r'"\s*(SELECT|INSERT|UPDATE|DELETE|UPSERT|WITH|CREATE|ALTER|DROP|TRUNCATE|BEGIN|COMMIT|SET|LOCK|LISTEN|NOTIFY|COPY)\s',
)

DATA = {"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "TransactionStmt"}
DEFINITIONS = {"CreateStmt", "IndexStmt", "CreateSeqStmt"}
PARTS = {
    "A_ArrayExpr", "A_Const", "A_Expr", "Boolean", "BoolExpr", "CaseExpr", "CaseWhen", "CoalesceExpr", "ColumnDef",
    "ColumnRef", "Constraint", "DefElem", "FuncCall", "IndexElem", "Integer", "JoinExpr", "List", "LockingClause",
    "NullTest", "ParamRef", "RangeVar", "ResTarget", "RowExpr", "SortBy", "String", "SubLink", "TypeCast",
}
TYPES = {"bool", "bytea", "int8", "text", "uuid"}
FUNCTIONS = {"max", "nextval", "set_config"}
SETTINGS = {"statement_timeout", "idle_in_transaction_session_timeout"}
CONSTRAINTS = {"CONSTR_NULL", "CONSTR_NOTNULL", "CONSTR_PRIMARY", "CONSTR_UNIQUE", "CONSTR_FOREIGN", "CONSTR_DEFAULT"}
TRANSACTIONS = {"TRANS_STMT_BEGIN", "TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK"}
OPERATORS = {"=", "<>", "<", ">", "<=", ">=", "+", "-"}
# Fields of allowed nodes that must be absent, or have this value.
FORBIDDEN_FIELDS = {
    "inhRelations": "table inheritance",
    "partspec": "PARTITION BY",
    "partbound": "PARTITION OF",
    "tablespacename": "TABLESPACE",
    "tableSpace": "TABLESPACE",
    "concurrent": "CONCURRENTLY",
    "excludeOpNames": "an exclusion constraint",
    "deferrable": "a DEFERRABLE constraint",
    "initdeferred": "a DEFERRABLE constraint",
    "collClause": "COLLATE",
    "usingClause": "DELETE … USING",
    "over": "a window function",
    "withClause": "WITH",
    "intoClause": "SELECT INTO",
    "distinctClause": "DISTINCT",
    "groupClause": "GROUP BY",
    "lockedRels": "FOR UPDATE OF",
    "opclass": "an operator class",
}


def fields(value):
    """Every (key, value) below `value`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner)


def names(nodes) -> list[str]:
    return [node["String"]["sval"] for node in nodes if "String" in node]


def complaints_of_node(kind: str, node: dict, definition: bool):
    if kind == "FuncCall":
        function = names(node["funcname"])
        if len(function) != 1 or function[0] not in FUNCTIONS:
            yield f"the function {'.'.join(function)} (allowed: {', '.join(sorted(FUNCTIONS))})"
        elif function == ["set_config"]:
            setting = node["args"][0].get("A_Const", {}).get("sval", {}).get("sval")
            if setting not in SETTINGS:
                yield f"the setting {setting}"
    elif kind == "Constraint" and node["contype"] not in CONSTRAINTS:
        yield f"the constraint {node['contype']}"
    elif kind == "TransactionStmt":
        if node["kind"] not in TRANSACTIONS:
            yield f"the transaction statement {node['kind']}"
        levels = [option["DefElem"]["arg"]["A_Const"]["sval"]["sval"] for option in node.get("options", [])
                  if option["DefElem"]["defname"] == "transaction_isolation"]
        if node["kind"] == "TRANS_STMT_BEGIN" and (levels != ["serializable"] or len(node["options"]) != 1):
            yield "a transaction that is not plain ISOLATION LEVEL SERIALIZABLE"
    elif kind == "IndexStmt":
        if node.get("accessMethod", "btree") != "btree":
            yield f"an index USING {node['accessMethod']}"
        if "idxname" not in node:
            yield "an index without a name"
    elif kind == "IndexElem" and "name" not in node:
        yield "an index on an expression"
    elif kind == "LockingClause":
        if node["strength"] != "LCS_FORUPDATE" or node.get("waitPolicy") != "LockWaitBlock" or "lockedRels" in node:
            yield "a row lock that is not a plain FOR UPDATE"
    elif kind == "A_Expr":
        operator = names(node.get("name", []))
        if len(operator) != 1 or operator[0] not in OPERATORS:
            yield f"the operator {' '.join(operator)}"
    if kind in DEFINITIONS and not node.get("if_not_exists"):
        yield "a definition without IF NOT EXISTS"
    if kind in DEFINITIONS and not definition:
        yield "a definition among the statements of the store"
    if kind in DATA and definition:
        yield "data among the definitions"
    if kind == "CreateSeqStmt" and node.get("options"):
        yield "options of a sequence"
    if kind == "CreateStmt" and node.get("options"):
        yield "storage parameters"


def complaints(sql: str, definition: bool = False):
    """What is wrong with one statement; `definition`: it belongs to the schema."""
    try:
        tree = json.loads(parse_sql_json(sql))
    except ParseError as error:
        yield f"PostgreSQL cannot parse it: {error.args[0]}"
        return
    if len(tree["stmts"]) != 1:
        yield f"{len(tree['stmts'])} statements in one text"
        return
    for key, value in fields(tree["stmts"][0]["stmt"]):
        if key[0].isupper():
            if key not in DATA | DEFINITIONS | PARTS:
                yield f"{key} is not in the list of what both databases have"
            else:
                yield from complaints_of_node(key, value, definition)
        elif key == "typeName":
            name = [part for part in names(value["names"]) if part != "pg_catalog"]
            if len(name) != 1 or name[0] not in TYPES:
                yield f"the type {'.'.join(name)} (allowed: {', '.join(sorted(TYPES))})"
        elif key == "relpersistence" and value != "p":
            yield "a temporary or unlogged table"
        elif key == "catalogname" or key == "schemaname":
            yield "a table named with its schema: search_path decides"
        elif key in FORBIDDEN_FIELDS and value:
            yield FORBIDDEN_FIELDS[key]


def statements_of(path: pathlib.Path):
    text = path.read_text(encoding="utf-8")
    found = [(match["name"], match["sql"]) for match in STATEMENT.finditer(text)]
    if len(found) != text.count('R"sql('):
        raise SystemExit(f"{path.name}: a statement is not written as {{\"name\", R\"sql(…)sql\"}}")
    return found


def all_complaints():
    seen = set()
    for path, definition in ((STATEMENTS, False), (SCHEMA, True)):
        for name, sql in statements_of(path):
            for complaint in complaints(sql, definition):
                yield f"{path.name}: {name}: {complaint}"
            if (path, name) in seen:
                yield f"{path.name}: {name}: two statements have this name"
            seen.add((path, name))
    for path in sorted(FOLDER.iterdir()):
        tests = path.stem.endswith("_test") or path.stem == "postgres_live_server"
        if path in (STATEMENTS, SCHEMA) or path.suffix not in {".h", ".cpp"} or tests:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if SQL_ELSEWHERE.search(line) or 'R"sql(' in line:
                yield f"{path.name}:{number}: SQL belongs into {STATEMENTS.name}: {line.strip()}"


def main() -> int:
    found = list(all_complaints())
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
