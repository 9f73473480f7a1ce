"""The users of a server under load, their devices and conversations; made once, and signed in again after every
restart."""

import asyncio
import secrets

from wire import Broken, Http

CONVERSATIONS = (2, 2, 2, 2, 2, 2, 3, 5, 8, 20)      # members of each


class Device:
    def __init__(self, person, name):
        self.person = person
        self.name = name
        self.socket = None
        self.session = None
        self.have = {}               # conversation → the seq up to which it has everything
        self.own_ahead = {}          # conversation → own seqs beyond that
        self.versions = {}
        self.undecided = set()       # conversations with an own message that was answered without a seq
        self.unanswered = {}         # message_id → body, sent by the present socket
        self.to_repeat = []          # bodies whose answer never came

    def __str__(self):
        return f"{self.person.id}/{self.name}"

    def headers(self):
        return {**self.person.credentials, "X-Device-Id": self.name}


class Person:
    def __init__(self, user_id, pick_port, credentials):
        self.id = user_id
        self.credentials = credentials
        self.http = Http(pick_port, credentials)
        self.devices = []
        self.conversations = []
        self.to_repeat = []          # bodies sent by REST without a device
        self.asking = False          # waits for an answer to a request


class World:
    """`people` with tokens of their own, or (`by_key`) served by the admin key, which no clock can make expire."""

    def __init__(self, server, history):
        self.server = server
        self.history = history
        self.admin = Http(server.pick_port, {"Authorization": f"Bearer {server.admin_key}"})
        self.people = []
        self.sizes = {}              # conversation → number of members

    @classmethod
    async def make(cls, server, history, random, count=20, by_key=False):
        world = cls(server, history)
        for number in range(count):
            await world.add_person(f"{server.user_prefix}-{number}", by_key)
        for size in CONVERSATIONS:
            await world.add_conversation(random.sample(world.people, min(size, count)))
        lonely = [person for person in world.people if not person.conversations]
        for person in lonely:
            others = [other for other in world.people if other is not person]
            await world.add_conversation([person, random.choice(others)])
        for person in world.people:
            for number in range(random.choice((1, 1, 2))):
                person.devices.append(Device(person, f"device-{number}"))
        return world

    async def add_person(self, user_id, by_key):
        await self.ask("POST", "/v1/users", {"user_id": user_id}, expect=(201,))
        if by_key:
            credentials = {"Authorization": self.admin.headers["Authorization"], "X-Act-As": user_id}
        else:
            token = await self.ask("POST", f"/v1/users/{user_id}/tokens", {}, expect=(200, 201))
            credentials = {"Authorization": f"Bearer {token['access_token']}"}
        self.people.append(Person(user_id, self.server.pick_port, credentials))

    async def add_conversation(self, members):
        owner = members[0]
        body = {"type": "private" if len(members) == 2 else "group", "members": [member.id for member in members]}
        answer = await owner.http.request("POST", "/v1/conversations", body)
        if answer.status == 200:
            return           # the pair has one already
        if answer.status != 201:
            raise AssertionError(f"POST /v1/conversations was answered {answer}")
        conversation = answer.document["conversation_id"]
        self.history.members[conversation] = {member.id for member in members}
        for member in members:
            member.conversations.append(conversation)

    async def ask(self, method, path, body=None, expect=(200,)):
        answer = await self.admin.request(method, path, body)
        if answer.status not in expect:
            raise AssertionError(f"{method} {path} was answered {answer}")
        return answer.document

    @property
    def devices(self):
        return [device for person in self.people for device in person.devices]

    def member_of(self, conversation):
        return next(person for person in self.people if conversation in person.conversations)

    def close(self):
        for caller in (self.admin, *(person.http for person in self.people)):
            caller.close()


def new_admin_key():
    return "c4a_" + secrets.token_urlsafe(32)


async def patiently(attempt, seconds):
    """Repeats what a broken connection interrupted; the last `Broken` passes through."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            return await attempt()
        except Broken:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.02)
