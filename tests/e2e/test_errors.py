"""§1: problem documents, request ids, traces, methods, media types, CORS, and bad input wherever it can be put."""

import re
from types import SimpleNamespace

import pytest

from chat import Caller, new_id, text
from checks import invalid, ok, problem, problem_document

TRACE = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$")


@pytest.fixture(scope="module")
def scene(world):
    """Two people, a stranger, their conversation and a message; the tests of this file change none of it."""
    alice, bob, stranger = world.users(3)
    conversation = world.group(alice, bob)
    message = alice.send(conversation)["message_id"]
    return SimpleNamespace(alice=alice, bob=bob, stranger=stranger, c=conversation, m=message, u=alice.id, world=world)


def at(scene, path):
    return path.format(c=scene.c, m=scene.m, u=scene.u, b=scene.bob.id, id=new_id())


OPERATIONS = [
    ("GET", "/v1/users/{u}"), ("PATCH", "/v1/users/{u}"), ("DELETE", "/v1/users/{u}"), ("POST", "/v1/users/{u}/tokens"),
    ("POST", "/v1/keys"), ("GET", "/v1/keys"), ("DELETE", "/v1/keys/{id}"), ("POST", "/v1/conversations"),
    ("GET", "/v1/conversations"), ("GET", "/v1/conversations/{c}"), ("PATCH", "/v1/conversations/{c}"),
    ("DELETE", "/v1/conversations/{c}"), ("GET", "/v1/conversations/{c}/members"),
    ("POST", "/v1/conversations/{c}/members"),
    ("PATCH", "/v1/conversations/{c}/members/{b}"), ("DELETE", "/v1/conversations/{c}/members/{b}"),
    ("GET", "/v1/conversations/{c}/messages"), ("GET", "/v1/conversations/{c}/changes"),
    ("POST", "/v1/conversations/{c}/delivered"), ("POST", "/v1/conversations/{c}/read"),
    ("POST", "/v1/conversations/{c}/typing"), ("POST", "/v1/messages"), ("GET", "/v1/messages/{m}"),
    ("PATCH", "/v1/messages/{m}"), ("DELETE", "/v1/messages/{m}"), ("GET", "/v1/messages/{m}/status/history"),
    ("GET", "/v1/messages/{m}/timeline"), ("PUT", "/v1/messages/{m}/reactions/%F0%9F%91%8D"),
    ("DELETE", "/v1/messages/{m}/reactions/%F0%9F%91%8D"),
    ("GET", "/v1/search"), ("POST", "/v1/presence/heartbeat"), ("GET", "/v1/presence/{u}"), ("GET", "/v1/limits"),
    ("GET", "/v1/audit")]


@pytest.mark.parametrize("method, path", OPERATIONS)
def test_without_credentials_every_operation_is_401(scene, method, path):
    body = {"json": {}} if method in ("POST", "PATCH") else {}
    problem(scene.world.nobody.request(method, at(scene, path), **body), 401)
    problem(Caller(scene.world.server, "bad.token.here").request(method, at(scene, path), **body), 401)


BODIES = [(method, path) for method, path in OPERATIONS if method in ("POST", "PATCH")
          and not path.endswith(("/typing", "/tokens", "/keys"))]


@pytest.mark.parametrize("method, path", BODIES)
@pytest.mark.parametrize("body, status", [("{", 400), ("not json", 400), ('{"a":1,"a":2}', 400), ("[]", 422),
                                          ("null", 422)])
def test_every_operation_with_a_body_refuses_a_bad_one(scene, method, path, body, status):
    response = scene.alice.request(method, at(scene, path), content=body, headers={"Content-Type": "application/json"})
    problem(response, status)


@pytest.mark.parametrize("method, path", BODIES)
def test_every_operation_with_a_body_refuses_another_media_type(scene, method, path):
    for media_type in ("text/plain", "application/xml", "multipart/form-data; boundary=x",
                       "application/x-www-form-urlencoded"):
        response = scene.alice.request(method, at(scene, path), content="{}", headers={"Content-Type": media_type})
        problem(response, 415)


@pytest.mark.parametrize("media_type", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"])
def test_json_may_be_called_so(scene, media_type):
    body = '{"conversation_id":"%s","payload":{"type":"text","text":""}}' % scene.c
    response = scene.alice.request("POST", "/v1/messages", content=body, headers={"Content-Type": media_type})
    invalid(response, "/payload/text")


PATHS = sorted({path for _, path in OPERATIONS if "{c}" in path or "{m}" in path})


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("wrong", ["x", "1", "00000000", "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz", "%F0%9F%91%8D",
                                   "a" * 200])
def test_an_id_of_wrong_form_in_a_path_is_404(scene, path, wrong):
    target = path.format(c=wrong, m=wrong, u=scene.u, b=scene.bob.id, id=wrong)
    methods = [method for method, other in OPERATIONS if other == path]
    for method in methods:
        body = {"json": {"up_to_seq": 1, "user_id": scene.bob.id, "role": "member", "payload": text("x"),
                         "metadata": {}}}
        problem(scene.alice.request(method, target, **(body if method in ("POST", "PATCH") else {})), 404)


LISTS = ["/v1/conversations", "/v1/conversations/{c}/members", "/v1/conversations/{c}/messages",
         "/v1/conversations/{c}/changes", "/v1/search?q=x"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=201", "limit=x", "limit=", "limit=1.0", "limit=1e2",
                                   "limit=99999999999999999999", "limit=%00", "cursor=x", "cursor=%F0%9F%91%8D",
                                   "cursor=" + "A" * 2000])
def test_every_list_refuses_a_bad_limit_or_cursor(scene, path, query):
    target = at(scene, path) + ("&" if "?" in path else "?") + query
    document = problem(scene.alice.request("GET", target), 422)
    assert query.split("=")[0] in str(document)


@pytest.mark.parametrize("path", ["/v1/keys", "/v1/audit"])
@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=x"])
def test_so_do_the_lists_of_the_administrator(admin, path, query):
    problem(admin.request("GET", f"{path}?{query}"), 422)


@pytest.mark.parametrize("path", LISTS)
def test_a_limit_of_one_and_of_two_hundred_is_fine(scene, path):
    for limit in (1, 200):
        page = ok(scene.alice.request("GET", at(scene, path) + ("&" if "?" in path else "?") + f"limit={limit}"))
        assert len(page["items"]) <= limit and "next_cursor" in page


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/conversations", "/v1/users/x", "/auth/token", "/health/live",
                                  "/ws"])
def test_a_method_that_is_not_there_is_405_with_allow(scene, path):
    for method in ("DELETE", "PUT", "PATCH"):
        if path == "/v1/users/x" and method != "PUT":
            continue
        response = scene.alice.request(method, path, json={})
        problem(response, 405)
        assert method not in response.headers["allow"]


def test_allow_names_what_is_there(scene):
    assert "POST" in scene.alice.put("/v1/messages").headers["allow"]
    allowed = scene.alice.put(f"/v1/conversations/{scene.c}").headers["allow"]
    assert {"GET", "PATCH", "DELETE"} <= {name.strip() for name in allowed.split(",")}


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1", "/v2/messages", "/nothing/at/all", "/v1/messages/x/y/z"])
def test_an_unknown_path_is_404(scene, path):
    for method in ("GET", "POST", "DELETE"):
        problem(scene.alice.request(method, path, **({"json": {}} if method == "POST" else {})), 404)


def test_every_answer_has_a_request_id_of_its_own(scene):
    answers = [scene.alice.get(path) for path in ("/v1/conversations", "/v1/nothing", "/health/live", "/metrics",
                                                  "/openapi.json", "/.well-known/jwks.json") * 3]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert all(ids) and len(set(ids)) == len(ids)


def test_a_trace_is_continued_and_answered(scene):
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    for path in ("/v1/conversations", "/v1/nothing", "/health/live"):
        response = scene.alice.request("GET", path, headers={"traceparent": f"00-{trace}-{span}-01"})
        match = TRACE.match(response.headers["traceparent"])
        assert match and match[1] == trace and match[2] != span, response.headers["traceparent"]


@pytest.mark.parametrize("value", [None, "nonsense", "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                   "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                   "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-xyz-abc-01",
                                   "x" * 2000])
def test_without_a_good_trace_a_new_one_begins(scene, value):
    response = scene.alice.request("GET", "/v1/conversations", headers={"traceparent": value} if value else None)
    ok(response)
    match = TRACE.match(response.headers["traceparent"])
    assert match and set(match[1]) != {"0"} and match[1] != "4bf92f3577b34da6a3ce929d0e0e4736"


HEADS = ["/health/live", "/health/ready", "/metrics", "/openapi.json", "/.well-known/jwks.json", "/v1/conversations",
         "/v1/conversations/{c}", "/v1/conversations/{c}/messages", "/v1/messages/{m}", "/v1/users/{u}", "/v1/nothing"]


@pytest.mark.parametrize("path", HEADS)
def test_head_works_wherever_get_does(scene, path):
    got, head = (scene.alice.request(method, at(scene, path)) for method in ("GET", "HEAD"))
    assert head.status_code == got.status_code and head.content == b""
    assert head.headers.get("content-type") == got.headers.get("content-type")


def preflight(scene, origin, path="/v1/messages", method="POST"):
    return scene.world.nobody.request("OPTIONS", path, headers={
        "Origin": origin, "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, content-type, idempotency-key"})


@pytest.mark.parametrize("path, method", [("/v1/messages", "POST"), ("/v1/conversations/{c}", "PATCH"),
                                          ("/v1/messages/{m}/reactions/%F0%9F%91%8D", "PUT"),
                                          ("/v1/keys/{id}", "DELETE")])
def test_a_preflight_of_an_allowed_origin_is_answered_without_credentials(scene, path, method):
    response = preflight(scene, "https://app.example", at(scene, path), method)
    assert response.status_code in (200, 204), response.text
    assert response.headers["access-control-allow-origin"] == "https://app.example"
    assert method in response.headers["access-control-allow-methods"]
    allowed = response.headers["access-control-allow-headers"].lower()
    assert all(name in allowed for name in ("authorization", "content-type", "idempotency-key")) or allowed == "*"


@pytest.mark.parametrize("origin", ["https://evil.example", "https://app.example.evil.example", "http://app.example",
                                    "null"])
def test_a_foreign_origin_is_not_allowed(scene, origin):
    assert "access-control-allow-origin" not in preflight(scene, origin).headers
    response = scene.alice.request("GET", "/v1/conversations", headers={"Origin": origin})
    assert "access-control-allow-origin" not in response.headers


def test_answers_and_refusals_are_readable_to_an_allowed_origin(scene):
    for path, status in (("/v1/conversations", 200), ("/v1/nothing", 404), (f"/v1/conversations/{new_id()}", 404)):
        response = scene.alice.request("GET", path, headers={"Origin": "https://app.example"})
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == "https://app.example"
        assert "origin" in response.headers.get("vary", "").lower()


def test_a_problem_keeps_to_its_code_and_names_the_place(scene):
    first = problem(scene.alice.post_message(new_id()), 404, "conversation_not_found")
    second = problem(scene.alice.post_message(new_id()), 404, "conversation_not_found")
    assert first["type"] == second["type"] and first["title"] == second["title"]
    assert first["request_id"] != second["request_id"]


def test_several_faults_may_be_told_at_once_and_one_always_is(scene):
    document = problem(scene.alice.post("/v1/messages", {"message_id": 5, "conversation_id": 6, "payload": 7}), 422)
    assert document["errors"]
    problem_document(document, 422)


def test_nothing_of_the_scene_changed(scene):
    assert scene.alice.conversation(scene.c)["last_seq"] == 1
    assert scene.alice.message(scene.m)["payload"] == text("hello")
