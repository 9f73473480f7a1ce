"""§2: tokens that must not open anything, and the outside issuer."""

import hashlib
import hmac
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from chat import Caller
from checks import ok, problem
from tokens import OutsideIssuer, assemble, encode, parts, signed


def refused(world, token):
    response = world.nobody.get("/v1/conversations") if token is None else \
        Caller(world.server, token).get("/v1/conversations")
    return problem(response, 401)


@pytest.fixture
def genuine(world):
    return parts(world.user("alice").token)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
def test_a_token_without_a_signature_is_refused(world, genuine, algorithm):
    header, claims, signature = genuine
    refused(world, assemble(header | {"alg": algorithm}, claims))
    refused(world, assemble(header | {"alg": algorithm}, claims, signature))


def public_forms(world):
    """Whatever an implementation could mistake for an HMAC secret."""
    jwk = ok(world.nobody.get("/.well-known/jwks.json"))["keys"][0]
    key = jwt.PyJWK(jwk).key
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    subject = serialization.PublicFormat.SubjectPublicKeyInfo
    return [raw, raw.hex().encode(), jwk["x"].encode(), json.dumps(jwk).encode(), b"",
            key.public_bytes(serialization.Encoding.PEM, subject),
            key.public_bytes(serialization.Encoding.DER, subject)]


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_our_public_key_is_no_shared_secret(world, genuine, algorithm):
    header, claims, _ = genuine
    for secret in public_forms(world):
        refused(world, hmac_token(header | {"alg": algorithm}, claims, secret, algorithm))


def hmac_token(header, claims, secret, algorithm):
    content = f"{encode(header)}.{encode(claims)}"
    digest = getattr(hashlib, algorithm.replace("HS", "sha"))
    return f"{content}.{encode(hmac.new(secret, content.encode(), digest).digest())}"


@pytest.mark.parametrize("kid", ["../../../../dev/null", "/dev/null", "/etc/passwd", "' OR 1=1 --", "", "x" * 1000,
                                 None, 5, ["a"], {"a": 1}, "\u0000"])
def test_a_key_id_that_is_a_path_or_a_trick_is_refused(world, genuine, kid):
    header, claims, signature = genuine
    refused(world, hmac_token(header | {"alg": "HS256", "kid": kid}, claims, b"", "HS256"))
    refused(world, assemble(header | {"kid": kid}, claims, signature))
    refused(world, signed(header | {"kid": kid}, claims, ed25519.Ed25519PrivateKey.generate(), "EdDSA"))


def test_a_key_that_the_token_brings_along_is_not_believed(world, genuine):
    header, claims, _ = genuine
    own = ed25519.Ed25519PrivateKey.generate()
    jwk = jwt.algorithms.OKPAlgorithm.to_jwk(own.public_key(), as_dict=True) | {"kid": header["kid"]}
    for extra in ({"jwk": jwk}, {"jku": "http://127.0.0.1:9/jwks.json"}, {"x5u": "http://127.0.0.1:9/"}, {}):
        refused(world, signed(header | extra, claims, own, "EdDSA"))


@pytest.mark.parametrize("change", [{"sub": "someone-else"}, {"exp": 4102444800}, {"aud": "chat5all"}, {"iss": "x"}])
def test_a_changed_claim_breaks_the_signature(world, genuine, change):
    header, claims, signature = genuine
    refused(world, assemble(header, claims | change, signature))


def test_a_changed_or_cut_signature_is_refused(world, genuine):
    header, claims, signature = genuine
    refused(world, assemble(header, claims, bytes([signature[0] ^ 1]) + signature[1:]))
    refused(world, assemble(header, claims, signature[:-1]))
    refused(world, assemble(header, claims, signature + b"\0"))
    refused(world, assemble(header, claims, bytes(64)))


@pytest.mark.parametrize("token", ["x", "..", "a.b.c", "a.b", "a.b.c.d", "e30.e30.", "c4a_", "c4a_nosuchkey",
                                   "c4a_../x",
                                   "A" * 4000])
def test_what_is_no_token_is_refused(world, token):
    refused(world, token)


def test_no_credentials_and_other_schemes_are_refused(world, users):
    alice, = users(1)
    refused(world, None)
    for value in ("Basic YWxpY2U6eA==", "Bearer", alice.token, f"Digest {alice.token}"):
        problem(world.nobody.request("GET", "/v1/conversations", headers={"Authorization": value}), 401)


def test_the_schemes_name_is_not_case_sensitive(world, users):
    alice, = users(1)
    ok(world.nobody.request("GET", "/v1/conversations", headers={"Authorization": f"bearer {alice.token}"}))


@pytest.fixture
def issuer():
    issuer = OutsideIssuer()
    yield issuer
    issuer.close()


@pytest.fixture
def trusting(own_server, issuer):
    return own_server(issuer.settings)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_token_of_the_outside_issuer_opens_its_subject(trusting, issuer, algorithm):
    alice = trusting.user("alice")
    caller = Caller(trusting.server, issuer.token(alice.id, algorithm))
    assert ok(caller.get(f"/v1/users/{alice.id}"))["user_id"] == alice.id
    ok(alice.get("/v1/conversations"))


def test_only_the_outside_issuers_good_tokens_are_taken(trusting, issuer):
    alice = trusting.user("alice")
    other = OutsideIssuer()
    bad = {
        "another issuer": issuer.token(alice.id, iss="https://other.example"),
        "another audience": issuer.token(alice.id, aud="other"),
        "expired": issuer.token(alice.id, lifetime=-61),
        "from the future": issuer.token(alice.id, nbf=int(time.time()) + 3600),
        "another key": issuer.token(alice.id, key=other.keys["RS256"]),
        "an unknown key id": issuer.token(alice.id, header={"kid": "unknown"}, key=other.keys["RS256"]),
        "without a signature": assemble(*parts(issuer.token(alice.id, header={"alg": "none"}))[:2]),
        "its claims under our key id": assemble({"alg": "EdDSA", "kid": parts(alice.token)[0]["kid"]},
                                                *parts(issuer.token(alice.id))[1:]),
        "no subject": issuer.token(None),
    }
    other.close()
    for name, token in bad.items():
        response = Caller(trusting.server, token).get("/v1/conversations")
        assert response.status_code == 401, f"{name}: {response.status_code} {response.text}"
    ok(Caller(trusting.server, issuer.token(alice.id)).get("/v1/conversations"))


def test_the_outside_issuers_public_key_is_no_shared_secret(trusting, issuer):
    alice = trusting.user("alice")
    header, claims, _ = parts(issuer.token(alice.id))
    pem = issuer.keys["RS256"].public_key().public_bytes(serialization.Encoding.PEM,
                                                         serialization.PublicFormat.SubjectPublicKeyInfo)
    refused(trusting, hmac_token(header | {"alg": "HS256"}, claims, pem, "HS256"))


def test_the_outside_issuer_cannot_speak_for_ours(trusting, issuer):
    alice = trusting.user("alice")
    _, ours, _ = parts(alice.token)
    refused(trusting, issuer.token(alice.id, iss=ours["iss"], aud="chat4all"))
