"""§10: the command line, its exit codes and the configuration."""

import os
import re
import socket

import pytest

from chat import Caller
from checks import eventually, ok, problem
from server import command, free_port

KEY = re.compile(r"^key: (c4a_\S+)$", re.M)
CLIENT = re.compile(r"^client_id: (\S+)$", re.M)


@pytest.fixture(autouse=True)
def a_folder_of_its_own(tmp_path, make_server):
    """Commands run in an empty directory, so that `./data` and `chat4all.toml` are never somebody's."""
    before = os.getcwd()
    os.chdir(tmp_path)
    yield
    os.chdir(before)


def one_sentence(result, *words):
    """The command failed with code 1, and says on standard error what to do, without a trace or a dump."""
    assert result.returncode == 1, (result.returncode, result.stdout, result.stderr)
    for word in words:
        assert str(word) in result.stderr, f"{word!r} is not in {result.stderr!r}"
    assert "terminate called" not in result.stderr and "Sanitizer" not in result.stderr
    return result


def test_no_arguments_show_help_as_wrong_usage():
    result = command()
    assert result.returncode == 2
    assert "serve" in result.stdout + result.stderr


@pytest.mark.parametrize("arguments", [["no-such-command"], ["serve", "--no-such-flag"], ["serve", "--listen"],
                                       ["config"],
                                       ["config", "no-such"], ["key"], ["key", "create"], ["user", "add"],
                                       ["token", "issue"],
                                       ["serve", "unexpected"]])
def test_wrong_usage_is_2(arguments):
    result = command(*arguments)
    assert result.returncode == 2, (result.stdout, result.stderr)
    assert result.stderr


def test_version_and_a_good_configuration_are_0(tmp_path):
    assert command("version").stdout.strip()
    assert command("version").returncode == 0
    assert command("config", "check").returncode == 0
    (tmp_path / "good.toml").write_text('[limits]\nsends_per_second_per_user = 7\n[server]\nlisten = "127.0.0.1:9"\n')
    assert command("config", "check", "--config", tmp_path / "good.toml").returncode == 0


def test_the_configuration_is_printed_flag_over_environment_over_file(tmp_path):
    content = "[limits]\nsends_per_second_per_user = 71\nlogins_per_minute = 72\nbody_bytes = 7300\n"
    (tmp_path / "c.toml").write_text(content)
    printed = command("config", "print", "--config", tmp_path / "c.toml", "--data", tmp_path / "by-flag", settings={
        "limits.logins_per_minute": 82, "server.data": str(tmp_path / "by-environment")})
    assert printed.returncode == 0, printed.stderr
    assert "71" in printed.stdout and "82" in printed.stdout and "7300" in printed.stdout
    assert "by-flag" in printed.stdout and "by-environment" not in printed.stdout
    assert not re.search(r"logins_per_minute\W+72", printed.stdout)


def test_the_environment_overrules_the_file_and_the_flag_both(make_server, tmp_path):
    by_file, by_environment, by_flag = free_port(), free_port(), free_port()
    (tmp_path / "c.toml").write_text(f'[server]\nlisten = "127.0.0.1:{by_file}"\n')
    server = make_server({"server.listen": f"127.0.0.1:{by_environment}"}, config=tmp_path / "c.toml")
    server.port = by_flag
    server.start()
    for port in (by_file, by_environment):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()


def test_the_file_in_the_working_directory_is_taken(tmp_path):
    (tmp_path / "chat4all.toml").write_text("[limits]\nno_such_limit = 5\n")
    one_sentence(command("config", "check", cwd=tmp_path), "no_such_limit")


@pytest.mark.parametrize("content, word", [
    ("[limits]\n\nno_such_limit = 5\n", "no_such_limit"), ("[no_such_section]\nx = 1\n", "no_such_section"),
    ('[limits]\n\nbody_bytes = "many"\n', "body_bytes"), ("[limits]\n\nbody_bytes = -1\n", "body_bytes"),
    ("[limits]\n\nsends_per_second_per_user = 1.5\n", "sends_per_second_per_user"),
    ('[log]\n\nengine = "carrier-pigeon"\n', "carrier-pigeon"), ('[server]\n\nlisten = "nowhere"\n', "listen"),
    ('[server]\n\nlisten = "127.0.0.1:99999"\n', "listen"), ("[auth]\n\nopen_registration = 5\n", "open_registration")])
def test_an_unknown_key_or_a_bad_value_stops_with_line_and_reason(tmp_path, content, word):
    (tmp_path / "bad.toml").write_text(content)
    for arguments in (["config", "check"], ["serve", "--data", tmp_path / "data"]):
        result = one_sentence(command(*arguments, "--config", tmp_path / "bad.toml"), word)
        lines = content.splitlines()
        places = {1 + next(n for n, line in enumerate(lines) if word in line), len(lines)}
        assert any(re.search(rf"\b{place}\b", result.stderr) for place in places), f"no line in {result.stderr!r}"
    assert not (tmp_path / "data").exists() or not any((tmp_path / "data").iterdir())


@pytest.mark.parametrize("content", ["[limits\n", "x = \n", "[a]\n[a]\n", "\x00", "limits = 5\n"])
def test_a_file_that_is_no_configuration_stops_the_start(tmp_path, content):
    (tmp_path / "bad.toml").write_text(content)
    one_sentence(command("serve", "--config", tmp_path / "bad.toml", "--data", tmp_path / "data"))


@pytest.mark.parametrize("key, value", [("limits.no_such_key", "1"), ("limits.body_bytes", "many"),
                                        ("metadata.engine", "abacus"), ("server.listen", "nowhere")])
def test_the_environment_is_checked_too(key, value):
    one_sentence(command("config", "check", settings={key: value}),
                 key.rsplit(".", 1)[-1] if key != "metadata.engine" else "abacus")


def test_an_unreadable_file_stops_the_start(tmp_path):
    one_sentence(command("config", "check", "--config", tmp_path / "absent.toml"), "absent.toml")
    one_sentence(command("serve", "--config", tmp_path), tmp_path.name)


def test_a_port_in_use_stops_the_start(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        one_sentence(command("serve", "--listen", f"127.0.0.1:{port}", "--data", tmp_path / "data"), port)


def test_a_port_of_another_server_is_in_use_too(make_server, tmp_path):
    server = make_server().start()
    one_sentence(command("serve", "--listen", f"127.0.0.1:{server.port}", "--data", tmp_path / "data"), server.port)


@pytest.mark.embedded("several processes share what the distributed engines keep")
def test_a_data_directory_in_use_stops_the_start(make_server):
    server = make_server().start()
    one_sentence(command("serve", "--listen", f"127.0.0.1:{free_port()}", "--data", server.data), server.data)
    assert server.http.get(server.url + "/health/ready").status_code == 200


def test_a_data_directory_that_cannot_be_made_stops_the_start(tmp_path):
    (tmp_path / "file").write_text("not a directory")
    one_sentence(command("serve", "--listen", f"127.0.0.1:{free_port()}", "--data", tmp_path / "file" / "data"))


def made_by_command(server):
    """A user, a token and two keys by the command line; the outputs judged, the credentials answered."""
    user = server.command("user", "add", "ada", "--display-name", "Ada")
    assert user.returncode == 0, user.stderr
    again = server.command("user", "add", "ada")
    assert again.returncode == 1 and "ada" in again.stderr
    bad = server.command("user", "add", "not a user id")
    assert bad.returncode in (1, 2) and bad.stderr
    token = server.command("token", "issue", "ada")
    assert token.returncode == 0 and re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token.stdout.strip()), token
    assert server.command("token", "issue", "nobody-of-that-name").returncode == 1
    key = server.command("key", "create", "--name", "backend", "--scopes", "messages,users")
    assert key.returncode == 0 and CLIENT.search(key.stdout) and KEY.search(key.stdout), key
    assert server.command("key", "create", "--name", "x", "--scopes", "no_such_scope").returncode in (1, 2)
    return token.stdout.strip(), CLIENT.search(key.stdout)[1], KEY.search(key.stdout)[1]


def usable(server, token, client_id, key):
    caller = Caller(server, token)
    assert ok(caller.get("/v1/users/ada"))["display_name"] == "Ada"
    assert ok(caller.get("/v1/conversations"))["items"] == []
    ok(Caller(server, key).post("/v1/users", {"user_id": "by-key"}), 201)
    problem(Caller(server, key).get("/v1/keys"), 403)
    grant = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": key}
    assert ok(Caller(server).post("/auth/token", grant))["access_token"]


def test_commands_that_change_data_work_beside_a_running_server(make_server):
    server = make_server().start()
    usable(server, *made_by_command(server))


def test_and_without_one(make_server):
    server = make_server().start()
    assert server.stop() == 0
    credentials = made_by_command(server)
    server.start()
    usable(server, *credentials)


def test_and_before_the_first_start(make_server):
    server = make_server()
    credentials = made_by_command(server)
    server.start()
    usable(server, *credentials)


def test_a_token_issued_beside_the_server_opens_what_rest_made(own_server):
    world = own_server()
    alice, = world.users(1)
    issued = world.server.command("token", "issue", alice.id)
    assert ok(Caller(world.server, issued.stdout.strip()).get(f"/v1/users/{alice.id}"))["user_id"] == alice.id


def test_a_password_too_short_is_refused(make_server):
    server = make_server()
    refused = server.command("user", "add", "ada", "--password-stdin", stdin="short\n")
    assert refused.returncode in (1, 2) and "password" in refused.stderr.lower()
    assert server.command("token", "issue", "ada").returncode == 1


def test_demo_makes_people_who_have_been_talking_and_makes_them_once(make_server):
    server = make_server()
    server.flags = ["--demo"]
    server.start()
    for times in (1, 2):
        eventually(lambda: server.output().count("token issue ana") == times, 20)
        ana = Caller(server, server.command("token", "issue", "ana").stdout.strip())
        group, private = ok(ana.get("/v1/conversations"))["items"]
        assert (group["type"], group["last_seq"], private["type"], private["last_seq"]) == ("group", 4, "private", 5)
        assert sorted(group["members"]) == ["ana", "bruno", "carla"]
        receipts = {one["user_id"]: one["read_up_to_seq"]
                    for one in ok(ana.get(f"/v1/conversations/{private['conversation_id']}"))["receipts"]}
        assert receipts["bruno"] == 4
        server.restart()
