"""Tokens that the server must refuse, and an outside issuer that it may be told to trust."""

import base64
import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm


def encode(part):
    data = part if isinstance(part, bytes) else json.dumps(part, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def parts(token):
    """Header and claims as they are, unverified, and the signature's bytes."""
    header, claims, signature = token.split(".")
    return json.loads(decode(header)), json.loads(decode(claims)), decode(signature)


def assemble(header, claims, signature=b""):
    return f"{encode(header)}.{encode(claims)}.{encode(signature)}"


def signed(header, claims, key, algorithm):
    """A token signed with a key of ours; the header may say anything."""
    content = f"{encode(header)}.{encode(claims)}"
    signature = jwt.get_algorithm_by_name(algorithm)
    return f"{content}.{encode(signature.sign(content.encode(), signature.prepare_key(key)))}"


class OutsideIssuer:
    """A JWKS on a local web server, and the private keys to it."""

    issuer = "https://issuer.example"
    audience = "chat-clients"

    def __init__(self):
        self.keys = {"RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
                     "ES256": ec.generate_private_key(ec.SECP256R1()),
                     "EdDSA": ed25519.Ed25519PrivateKey.generate()}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handler(issuer):  # the handler's own `self` is the request
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps(issuer.document()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        return Handler

    @property
    def settings(self):
        return {"auth.jwks_url": f"http://127.0.0.1:{self.server.server_address[1]}/jwks.json",
                "auth.issuer": self.issuer, "auth.audience": self.audience}

    def document(self):
        exporters = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}
        return {"keys": [exporters[name].to_jwk(key.public_key(), as_dict=True)
                         | {"kid": f"outside-{name}", "alg": name, "use": "sig"} for name, key in self.keys.items()]}

    def token(self, user_id, algorithm="RS256", key=None, header=None, lifetime=600, **claims):
        now = int(time.time())
        content = {"sub": user_id, "iss": self.issuer, "aud": self.audience, "iat": now, "exp": now + lifetime,
                   "jti": uuid.uuid4().hex} | claims
        head = {"typ": "at+jwt", "alg": algorithm, "kid": f"outside-{algorithm}"} | (header or {})
        return signed(head, content, key or self.keys[algorithm], algorithm)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
