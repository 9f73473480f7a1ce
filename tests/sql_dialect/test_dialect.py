"""The check of the SQL dialect: it passes what the store sends, and refuses each thing that CockroachDB lacks."""

import pytest

import dialect

DATA_REFUSED = {
    "advisory lock": ("SELECT pg_advisory_lock(1)", "pg_advisory_lock"),
    "advisory lock in a transaction": ("SELECT pg_try_advisory_xact_lock($1)", "pg_try_advisory_xact_lock"),
    "LISTEN": ("LISTEN changes", "ListenStmt"),
    "NOTIFY": ("NOTIFY changes, 'x'", "NotifyStmt"),
    "LOCK TABLE": ("LOCK TABLE users", "LockStmt"),
    "UPSERT": ("UPSERT INTO users (user_id) VALUES ($1)", "cannot parse"),
    "AS OF SYSTEM TIME": ("SELECT user_id FROM users AS OF SYSTEM TIME '-1s'", "cannot parse"),
    "MERGE": ("MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN DELETE", "MergeStmt"),
    "COPY": ("COPY users FROM STDIN", "CopyStmt"),
    "DO": ("DO $$ BEGIN NULL; END $$", "DoStmt"),
    "SET": ("SET search_path TO x", "VariableSetStmt"),
    "another setting": ("SELECT set_config('synchronous_commit', $1, false)", "synchronous_commit"),
    "another function": ("SELECT pg_sleep(1)", "pg_sleep"),
    "a function of a schema": ("SELECT pg_catalog.max(version) FROM schema_migrations", "pg_catalog.max"),
    "another isolation level": ("BEGIN ISOLATION LEVEL READ COMMITTED", "SERIALIZABLE"),
    "a deferrable transaction": ("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE", "SERIALIZABLE"),
    "no isolation level": ("BEGIN", "SERIALIZABLE"),
    "PREPARE TRANSACTION": ("PREPARE TRANSACTION 'x'", "TRANS_STMT_PREPARE"),
    "a savepoint": ("SAVEPOINT x", "TRANS_STMT_SAVEPOINT"),
    "SKIP LOCKED": ("SELECT user_id FROM users FOR UPDATE SKIP LOCKED", "FOR UPDATE"),
    "FOR SHARE": ("SELECT user_id FROM users FOR SHARE", "FOR UPDATE"),
    "FOR UPDATE OF": ("SELECT user_id FROM users FOR UPDATE OF users", "FOR UPDATE"),
    "an operator of our own": ("SELECT user_id FROM users WHERE user_id ~ $1", "operator ~"),
    "a cast to another type": ("SELECT $1::JSONB", "jsonb"),
    "a cast to money": ("SELECT $1::MONEY", "money"),
    "a table of a schema": ("SELECT user_id FROM public.users", "search_path"),
    "two statements": ("COMMIT; BEGIN", "2 statements"),
    "WITH": ("WITH x AS (DELETE FROM users RETURNING user_id) SELECT user_id FROM x", "CommonTableExpr"),
    "a window": ("SELECT max(version) OVER () FROM schema_migrations", "window"),
    "DDL among data": ("CREATE TABLE IF NOT EXISTS x (a TEXT)", "definition among"),
}

SCHEMA_REFUSED = {
    "an extension": ("CREATE EXTENSION IF NOT EXISTS btree_gist", "CreateExtensionStmt"),
    "an exclusion constraint": ("CREATE TABLE IF NOT EXISTS t (a TEXT, EXCLUDE USING gist (a WITH =))", "EXCLUSION"),
    "a deferrable constraint": (
        "CREATE TABLE IF NOT EXISTS t (a TEXT REFERENCES u (b) DEFERRABLE)", "CONSTR_ATTR_DEFERRABLE"),
    "a deferred table constraint": (
        "CREATE TABLE IF NOT EXISTS t (a TEXT, UNIQUE (a) DEFERRABLE INITIALLY DEFERRED)", "DEFERRABLE"),
    "SERIAL": ("CREATE TABLE IF NOT EXISTS t (a SERIAL)", "serial"),
    "BIGSERIAL": ("CREATE TABLE IF NOT EXISTS t (a BIGSERIAL)", "bigserial"),
    "an identity column": ("CREATE TABLE IF NOT EXISTS t (a BIGINT GENERATED ALWAYS AS IDENTITY)", "IDENTITY"),
    "an inline index": ("CREATE TABLE IF NOT EXISTS t (a TEXT, INDEX (a))", "cannot parse"),
    "STRING": ("CREATE TABLE IF NOT EXISTS t (a STRING)", "string"),
    "INTEGER, which has two widths": ("CREATE TABLE IF NOT EXISTS t (a INTEGER)", "int4"),
    "a table that may exist": ("CREATE TABLE t (a TEXT)", "IF NOT EXISTS"),
    "an index that may exist": ("CREATE INDEX i ON t (a)", "IF NOT EXISTS"),
    "a sequence that may exist": ("CREATE SEQUENCE s", "IF NOT EXISTS"),
    "CONCURRENTLY": ("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)", "CONCURRENTLY"),
    "a GiST index": ("CREATE INDEX IF NOT EXISTS i ON t USING gist (a)", "USING gist"),
    "an index on an expression": ("CREATE INDEX IF NOT EXISTS i ON t ((a + 1))", "expression"),
    "inheritance": ("CREATE TABLE IF NOT EXISTS t (a TEXT) INHERITS (u)", "inheritance"),
    "partitions": ("CREATE TABLE IF NOT EXISTS t (a BIGINT) PARTITION BY RANGE (a)", "PartitionElem"),
    "an unlogged table": ("CREATE UNLOGGED TABLE IF NOT EXISTS t (a TEXT)", "unlogged"),
    "a tablespace": ("CREATE TABLE IF NOT EXISTS t (a TEXT) TABLESPACE x", "TABLESPACE"),
    "a collation": ('CREATE TABLE IF NOT EXISTS t (a TEXT COLLATE "C")', "CollateClause|COLLATE"),
    "a trigger": ("CREATE TRIGGER t BEFORE UPDATE ON a EXECUTE FUNCTION f()", "CreateTrigStmt"),
    "a function": ("CREATE FUNCTION f() RETURNS BIGINT LANGUAGE SQL AS 'SELECT 1'", "CreateFunctionStmt"),
    "a rule": ("CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING", "RuleStmt"),
    "a domain": ("CREATE DOMAIN d AS TEXT", "CreateDomainStmt"),
    "data among definitions": ("INSERT INTO t (a) VALUES (1)", "data among"),
}


@pytest.mark.parametrize("name", DATA_REFUSED)
def test_a_statement_is_refused_for(name):
    sql, words = DATA_REFUSED[name]
    found = "\n".join(dialect.complaints(sql))
    assert any(word in found for word in words.split("|")), found


@pytest.mark.parametrize("name", SCHEMA_REFUSED)
def test_a_definition_is_refused_for(name):
    sql, words = SCHEMA_REFUSED[name]
    found = "\n".join(dialect.complaints(sql, definition=True))
    assert any(word in found for word in words.split("|")), found


def test_the_store_stays_within_the_dialect():
    assert list(dialect.all_complaints()) == []


def test_every_statement_of_the_store_is_found():
    assert len(dialect.statements_of(dialect.STATEMENTS)) > 30
    assert len(dialect.statements_of(dialect.SCHEMA)) > 15


def test_sql_in_another_file_is_found(tmp_path, monkeypatch):
    for path in (dialect.STATEMENTS, dialect.SCHEMA):
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "postgres_users.cpp").write_text('run("SELECT 1 FROM users");\n')
    monkeypatch.setattr(dialect, "FOLDER", tmp_path)
    monkeypatch.setattr(dialect, "STATEMENTS", tmp_path / dialect.STATEMENTS.name)
    monkeypatch.setattr(dialect, "SCHEMA", tmp_path / dialect.SCHEMA.name)
    assert [complaint.split(":")[0] for complaint in dialect.all_complaints()] == ["postgres_users.cpp"]
