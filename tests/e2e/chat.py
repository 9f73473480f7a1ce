"""A small client: REST by httpx, the WebSocket by `websockets`. It checks statuses and hides nothing else."""

import json
import time
import uuid
from collections import deque

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from checks import ok, show
from shared_tls import unverified_context

NAMES = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy")
PATIENCE_SECONDS = 8


def new_id():
    return str(uuid.uuid4())


def text(content):
    return {"type": "text", "text": content}


def ids_of(members):
    """The user ids of a `members` field, whether it lists ids or objects."""
    return [member if isinstance(member, str) else member["user_id"] for member in members]


class Caller:
    """Whoever calls the API with some credentials (or none)."""

    def __init__(self, server, token=None, **headers):
        self.server = server
        self.token = token
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def request(self, method, path, headers=None, **arguments):
        return self.server.http.request(method, self.server.url + path, headers={**self.headers, **(headers or {})},
                                        **arguments)

    def get(self, path, **params):
        return self.request("GET", path, params=params or None)

    def post(self, path, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", path, json={} if body is None else body, headers=headers)

    def put(self, path):
        return self.request("PUT", path)

    def patch(self, path, body):
        return self.request("PATCH", path, json=body)

    def delete(self, path):
        return self.request("DELETE", path)

    def walk(self, path, **params):
        """Every item of a list, page by page."""
        items, seen = [], set()
        while True:
            page = ok(self.get(path, **params))
            assert set(page) >= {"items", "next_cursor"}, page
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items
            assert cursor not in seen, f"the list {path} goes round in circles"
            seen.add(cursor)
            params = {key: value for key, value in params.items() if key in ("limit", "q")} | {"cursor": cursor}


class User(Caller):
    """A user with a token, or a key that acts for one."""

    def __init__(self, server, user_id, token, **headers):
        super().__init__(server, token, **headers)
        self.id = user_id

    def post_message(self, conversation, content="hello", device=None, **fields):
        """POST /v1/messages as it is, to be judged by the caller."""
        body = {"conversation_id": conversation, "payload": text(content), **fields}
        return self.post("/v1/messages", body, **({"X_Device_Id": device} if device else {}))

    def send(self, conversation, content="hello", **fields):
        """Sends, and answers the receipt of a message accepted for the first time."""
        receipt = ok(self.post_message(conversation, content, **fields), 202)
        assert receipt["duplicate"] is False and receipt["status"] == "SENT", receipt
        return receipt

    def send_many(self, conversation, count, label="message"):
        return [self.send(conversation, f"{label} {number}") for number in range(1, count + 1)]

    def conversation(self, conversation):
        return ok(self.get(f"/v1/conversations/{conversation}"))

    def listed(self, conversation):
        """The conversation as it stands in the caller's list, or None."""
        found = [item for item in self.walk("/v1/conversations") if item["conversation_id"] == conversation]
        return found[0] if found else None

    def history(self, conversation, **params):
        return ok(self.get(f"/v1/conversations/{conversation}/messages", **params))["items"]

    def changes(self, conversation, **params):
        return ok(self.get(f"/v1/conversations/{conversation}/changes", **params))["items"]

    def message(self, message_id, **params):
        return ok(self.get(f"/v1/messages/{message_id}", **params))

    def statuses(self, message_id):
        return ok(self.get(f"/v1/messages/{message_id}/status/history"))

    def delivered(self, conversation, up_to_seq, device=None):
        headers = {"X_Device_Id": device} if device else {}
        return ok(self.post(f"/v1/conversations/{conversation}/delivered", {"up_to_seq": up_to_seq}, **headers), 204)

    def read(self, conversation, up_to_seq):
        return ok(self.post(f"/v1/conversations/{conversation}/read", {"up_to_seq": up_to_seq}), 204)

    def edit(self, message_id, content):
        return ok(self.patch(f"/v1/messages/{message_id}", {"payload": text(content)}))

    def connect(self, device=None, **options):
        """A WebSocket, authenticated by header and past its `ready`."""
        headers = dict(self.headers) | ({"X-Device-Id": device} if device else {})
        socket = Socket.open(self.server, headers=headers, **options)
        socket.ready = socket.receive()
        assert socket.ready["type"] == "ready", socket.ready
        return socket


class Socket:
    """A WebSocket whose text messages are split into frames at line ends."""

    opened = []

    def __init__(self, connection):
        self.connection = connection
        self.frames = deque()
        self.ready = None
        Socket.opened.append(self)

    @staticmethod
    def open(server, headers=None, path="/ws", subprotocols=("chat4all.v1",), **options):
        url = server.url.replace("http", "ws", 1) + path
        if url.startswith("wss"):
            options.setdefault("ssl", unverified_context())
        return Socket(connect(url, additional_headers=headers or {}, subprotocols=list(subprotocols) or None,
                              proxy=None, compression=None, ping_interval=None, max_size=None,
                              open_timeout=PATIENCE_SECONDS, close_timeout=1, legacy=True, **options))

    def send(self, *frames):
        """All of the frames in one WebSocket message."""
        self.connection.send("\n".join(frame if isinstance(frame, str) else json.dumps(frame) for frame in frames))

    def receive(self, seconds=PATIENCE_SECONDS):
        """The next frame, whatever it is."""
        deadline = time.monotonic() + seconds
        while not self.frames:
            message = self.connection.recv(timeout=max(0.001, deadline - time.monotonic()))
            assert isinstance(message, str), "the server sent a binary message"
            self.frames.extend(json.loads(line) for line in message.split("\n") if line)
        return self.frames.popleft()

    def take(self, count, seconds=PATIENCE_SECONDS):
        """Exactly the next `count` frames."""
        return [self.receive(seconds) for _ in range(count)]

    def expect(self, kind, seconds=PATIENCE_SECONDS, **fields):
        """The next frame of this type with these fields; others are passed over."""
        deadline = time.monotonic() + seconds
        passed = []
        while True:
            try:
                frame = self.receive(max(0.001, deadline - time.monotonic()))
            except TimeoutError:
                raise AssertionError(f"no {kind} {fields} within {seconds} s, only {passed[-20:]}") from None
            if frame["type"] == kind and all(frame.get(name) == value for name, value in fields.items()):
                return frame
            passed.append(frame)

    def expect_message(self, message_id, seconds=PATIENCE_SECONDS):
        while True:
            frame = self.expect("message", seconds)
            if frame["message"]["message_id"] == message_id:
                return frame["message"]

    def messages(self, count, seconds=PATIENCE_SECONDS):
        """The next `count` messages; any other frame in between is passed over."""
        return [self.expect("message", seconds)["message"] for _ in range(count)]

    def send_message(self, conversation, content="hello", ref=None, **fields):
        ref = ref or new_id()
        self.send({"type": "send", "ref": ref,
                   "message": {"conversation_id": conversation, "payload": text(content), **fields}})
        return ref

    def ping(self):
        """Until the answer to an application ping; the frames that came before it."""
        self.send({"type": "ping"})
        passed = []
        while (frame := self.receive())["type"] != "pong":
            passed.append(frame)
        return passed

    def close_code(self, seconds=PATIENCE_SECONDS):
        """Reads on until the server closes, and answers the code of its close frame."""
        deadline = time.monotonic() + seconds
        try:
            while True:
                self.receive(max(0.001, deadline - time.monotonic()))
        except ConnectionClosed as closed:
            assert closed.rcvd is not None, "the connection ended without a close frame"
            return closed.rcvd.code
        except TimeoutError:
            raise AssertionError(f"the server did not close within {seconds} s") from None

    def close(self):
        self.connection.close()


class World:
    """A server and the people in it, made fresh for each test."""

    def __init__(self, server):
        self.server = server
        self.admin = Caller(server, server.admin_key)
        self.nobody = Caller(server)

    def fresh_name(self, name="user"):
        return f"{name}-{uuid.uuid4().hex[:10]}"

    def user(self, name="user", **fields):
        user_id = self.fresh_name(name)
        ok(self.admin.post("/v1/users", {"user_id": user_id, **fields}), 201)
        return self.sign_in(user_id)

    def sign_in(self, user_id):
        return User(self.server, user_id, self.mint(user_id)["access_token"])

    def mint(self, user_id):
        """A token for a user by the admin key. The contract leaves open whether minting answers 200 or 201."""
        response = self.admin.post(f"/v1/users/{user_id}/tokens")
        assert response.status_code in (200, 201), show(response)
        return response.json()

    def users(self, count):
        return [self.user(NAMES[number % len(NAMES)]) for number in range(count)]

    def acting(self, user):
        """The same user, served by the admin key: no rate limit counts."""
        return User(self.server, user.id, self.server.admin_key, X_Act_As=user.id)

    def private(self, owner, other, **fields):
        response = owner.post("/v1/conversations", {"type": "private", "members": [owner.id, other.id], **fields})
        return ok(response, 201)["conversation_id"]

    def group(self, owner, *others, **fields):
        members = [member.id for member in (owner, *others)]
        response = owner.post("/v1/conversations", {"type": "group", "members": members, **fields})
        return ok(response, 201)["conversation_id"]

    def key(self, *scopes, name="test"):
        return ok(self.admin.post("/v1/keys", {"name": name, "scopes": list(scopes)}), 201)
