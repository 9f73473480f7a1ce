"""§2: grants, refresh tokens, our own access tokens and their keys."""

import json

import jwt
import pytest

from chat import Caller
from checks import ok, problem, same_refusal

PASSWORD = "correct horse battery staple"


@pytest.fixture
def alice(world):
    return world.user("alice", password=PASSWORD)


def login(world, user_id, password=PASSWORD):
    return world.nobody.post("/auth/token", {"grant_type": "password", "username": user_id, "password": password})


def refresh(world, token):
    return world.nobody.post("/auth/token", {"grant_type": "refresh_token", "refresh_token": token})


def oauth_error(response, status, error):
    document = problem(response, status)
    assert document["error"] == error and document["error_description"], document


def test_a_password_gives_a_bearer_token_that_opens_the_user(world, alice):
    answer = ok(login(world, alice.id))
    assert answer["token_type"] == "bearer"
    assert answer["expires_in"] == 3600
    assert answer["refresh_token"]
    assert ok(Caller(world.server, answer["access_token"]).get(f"/v1/users/{alice.id}"))["user_id"] == alice.id


@pytest.mark.parametrize("path", ["/auth/token", "/token"])
def test_both_paths_take_a_form_as_oauth_clients_send_it(world, alice, path):
    form = {"grant_type": "password", "username": alice.id, "password": PASSWORD}
    assert ok(world.nobody.request("POST", path, data=form))["access_token"]


def test_a_form_body_is_decoded(world):
    user = world.user("alice", password="p&ss=w%rd +ü 1")
    form = {"grant_type": "password", "username": user.id, "password": "p&ss=w%rd +ü 1"}
    assert ok(world.nobody.request("POST", "/auth/token", data=form))["access_token"]


def test_a_wrong_password_and_an_unknown_user_are_told_apart_by_nothing(world, alice):
    wrong = login(world, alice.id, "not the password")
    unknown = login(world, (absent := world.fresh_name()), PASSWORD)
    oauth_error(wrong, 401, "invalid_grant")
    oauth_error(unknown, 401, "invalid_grant")
    same_refusal(wrong, unknown, alice.id, absent)


def test_a_user_without_a_password_cannot_sign_in_with_one(world):
    user = world.user("bob")
    problem(login(world, user.id, "12345678"), 401)


@pytest.mark.parametrize("body, error", [
    ({"grant_type": "magic"}, "unsupported_grant_type"),
    ({"username": "x", "password": "12345678"}, "invalid_request"),
    ({"grant_type": "password", "username": "x"}, "invalid_request"),
    ({"grant_type": "password", "password": "12345678"}, "invalid_request"),
    ({"grant_type": "refresh_token"}, "invalid_request"),
    ({"grant_type": "client_credentials", "client_id": "x"}, "invalid_request"),
])
def test_an_unsupported_grant_or_a_missing_field_is_400_with_oauths_error(world, body, error):
    oauth_error(world.nobody.post("/auth/token", body), 400, error)
    oauth_error(world.nobody.request("POST", "/auth/token", data=body), 400, error)


def test_client_credentials_give_a_token_that_does_what_the_key_does(world, users):
    alice, = users(1)
    key = world.key("admin")
    answer = ok(world.nobody.post("/auth/token", {"grant_type": "client_credentials", "client_id": key["client_id"],
                                                  "client_secret": key["key"]}))
    assert answer["token_type"] == "bearer" and answer["expires_in"] == 3600
    acting = Caller(world.server, answer["access_token"], X_Act_As=alice.id)
    assert ok(acting.get("/v1/conversations"))["items"] == []


def test_client_credentials_with_a_wrong_secret_or_of_another_key_are_refused(world):
    first, second = world.key("messages"), world.key("messages")
    for secret in ("c4a_wrong", second["key"]):
        problem(world.nobody.post("/auth/token", {"grant_type": "client_credentials", "client_id": first["client_id"],
                                                  "client_secret": secret}), 401)


def test_a_refresh_token_is_rotated_at_each_use(world, alice):
    first = ok(login(world, alice.id))
    second = ok(refresh(world, first["refresh_token"]))
    third = ok(refresh(world, second["refresh_token"]))
    assert len({first["refresh_token"], second["refresh_token"], third["refresh_token"]}) == 3
    assert ok(Caller(world.server, third["access_token"]).get(f"/v1/users/{alice.id}"))["user_id"] == alice.id


def test_the_reuse_of_an_old_refresh_token_revokes_the_family(world, alice):
    first = ok(login(world, alice.id))
    second = ok(refresh(world, first["refresh_token"]))
    other_family = ok(login(world, alice.id))
    problem(refresh(world, first["refresh_token"]), 401)
    problem(refresh(world, second["refresh_token"]), 401)
    ok(refresh(world, other_family["refresh_token"]))


@pytest.mark.parametrize("token", ["nonsense", "c4a_nonsense", "a.b.c", "../../etc/passwd"])
def test_an_unknown_refresh_token_is_refused(world, token):
    problem(refresh(world, token), 401)


@pytest.mark.parametrize("as_form", [True, False])
def test_a_revoked_refresh_token_is_of_no_more_use(world, alice, as_form):
    token = ok(login(world, alice.id))["refresh_token"]
    body = {"token": token, "token_type_hint": "refresh_token"}
    response = world.nobody.request("POST", "/auth/revoke", **({"data": body} if as_form else {"json": body}))
    assert response.status_code == 200
    problem(refresh(world, token), 401)


def test_revoking_an_unknown_token_is_200_as_rfc_7009_says(world):
    assert world.nobody.request("POST", "/auth/revoke", data={"token": "unknown"}).status_code == 200


def test_our_tokens_verify_with_the_published_keys(world, alice):
    token = ok(login(world, alice.id))["access_token"]
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "EdDSA" and header["typ"] == "at+jwt" and header["kid"]
    keys = jwt.PyJWKSet.from_dict(ok(world.nobody.get("/.well-known/jwks.json")))
    claims = jwt.decode(token, keys[header["kid"]].key, algorithms=["EdDSA"], audience="chat4all",
                        options={"require": ["sub", "iss", "aud", "iat", "exp", "jti"]})
    assert claims["sub"] == alice.id
    assert claims["exp"] - claims["iat"] == 3600


def test_the_published_keys_hold_nothing_private(world):
    document = ok(world.nobody.get("/.well-known/jwks.json"))
    assert document["keys"]
    for key in document["keys"]:
        assert key["kid"] and key["kty"]
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key), "a private part is published"


def test_every_token_has_an_id_of_its_own(world, alice):
    tokens = [world.mint(alice.id)["access_token"] for _ in range(3)]
    assert len({jwt.decode(token, options={"verify_signature": False})["jti"] for token in tokens}) == 3


def test_a_key_mints_a_token_for_a_user_and_nobody_else_does(world, users):
    alice, bob = users(2)
    minted = world.mint(alice.id)
    assert minted["token_type"] == "bearer"
    assert jwt.decode(minted["access_token"], options={"verify_signature": False})["sub"] == alice.id
    problem(alice.post(f"/v1/users/{alice.id}/tokens"), 403)
    problem(world.nobody.post(f"/v1/users/{alice.id}/tokens"), 401)
    problem(world.admin.post(f"/v1/users/{world.fresh_name()}/tokens"), 404)


def test_the_lifetime_is_a_setting(own_server):
    world = own_server({"auth.access_token_seconds": 90})
    user = world.user("alice", password=PASSWORD)
    answer = ok(login(world, user.id))
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert answer["expires_in"] == 90 and claims["exp"] - claims["iat"] == 90


def test_open_registration_lets_anyone_make_a_user(own_server):
    world = own_server({"auth.open_registration": True})
    user_id = world.fresh_name()
    ok(world.nobody.post("/v1/users", {"user_id": user_id, "password": PASSWORD}), 201)
    assert ok(login(world, user_id))["access_token"]


def test_without_open_registration_only_a_key_makes_users(world, users):
    alice, = users(1)
    problem(world.nobody.post("/v1/users", {"user_id": world.fresh_name()}), 401)
    problem(alice.post("/v1/users", {"user_id": world.fresh_name()}), 403)


def test_a_token_in_the_query_is_no_credential(world, users):
    alice, = users(1)
    problem(world.nobody.get("/v1/conversations", access_token=alice.token, token=alice.token), 401)


def test_passwords_never_appear_in_an_answer(world, alice):
    assert PASSWORD not in json.dumps(ok(alice.get(f"/v1/users/{alice.id}")))
    assert "argon2" not in world.admin.get(f"/v1/users/{alice.id}").text
