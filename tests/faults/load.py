"""Clients that go on whatever happens to the server: they send, repeat what was not answered, acknowledge, look, come
and go.

Everything they are told goes into the history. One process, two tasks per device and one per user.
"""

import asyncio
import uuid

from history import Edit, Frame, digest
from wire import Broken, WebSocket

CHANGES = ("message.updated", "message.deleted", "message.reaction", "member.added", "member.updated", "member.removed",
           "conversation.updated")
RECONNECT_SECONDS = 0.02
UNANSWERED_PER_SOCKET = 40
REFUSED_PAUSE_SECONDS = 0.1


class Load:
    """`rate`: messages a second by all together. `chars`: (shortest, longest) text.

    `restless`: devices hang up now and then. `repeat_refused`: a send that was answered 503 is tried again.
    """

    def __init__(self, world, random, rate=600, chars=(10, 300), restless=True, repeat_refused=True):
        self.world = world
        self.history = world.history
        self.random = random
        self.rate = rate
        self.chars = chars
        self.restless = restless
        self.repeat_refused = repeat_refused
        self.reads_may_fail = ()     # statuses, where the store may be away while the server is there
        self.talking = True
        self.closing = False
        self.tasks = []
        self.editing = set()

    def start(self):
        for device in self.world.devices:
            self.tasks += [asyncio.create_task(self.live(device)), asyncio.create_task(self.talk(device))]
        self.tasks += [asyncio.create_task(self.ask(person)) for person in self.world.people]
        return self

    def failed(self):
        """The first task that ended by a mistake of its own, as an exception."""
        for task in self.tasks:
            if task.done() and not task.cancelled() and task.exception():
                return task.exception()
        return None

    async def stop(self):
        """At once, with whatever is on the way."""
        self.closing = True
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks = []
        for device in self.world.devices:
            self.hang_up(device)
        self.world.close()

    async def settle(self, seconds=40):
        """No new messages; until every answer and every message has arrived. False if that took too long."""
        self.talking = False
        self.restless = False
        deadline = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < deadline:
            if error := self.failed():
                raise error
            if not self.unsettled():
                return True
            await asyncio.sleep(0.02)
        return False

    def unsettled(self):
        """Who still waits for something, in words; None if nobody does."""
        last = {}
        for answer in self.history.told:
            last[answer.conversation] = max(answer.seq, last.get(answer.conversation, 0))
        for person in self.world.people:
            if person.to_repeat or person.asking:
                return f"{person.id} has {len(person.to_repeat)} messages to repeat, or waits for an answer"
        for device in self.world.devices:
            if device.unanswered or device.to_repeat or not device.socket:
                return f"{device} waits for answers" if device.socket else f"{device} is not connected"
            for conversation in device.person.conversations:
                if conversation in device.undecided:
                    continue     # an own message without a known place: what came cannot be told from its seqs
                if device.have.get(conversation, 0) < last.get(conversation, 0):
                    return f"{device} has {device.have.get(conversation, 0)} of {last[conversation]} in {conversation}"
        return None

    # The WebSocket of a device.

    async def live(self, device):
        while not self.closing:
            began = self.history.tick()
            try:
                socket = await WebSocket.open(self.world.server.pick_port(), device.headers())
                await self.listen(device, socket, began)
            except Broken as broken:
                if device.session:
                    device.session.close_code = broken.code
            self.hang_up(device)
            await asyncio.sleep(RECONNECT_SECONDS * (0.5 + self.random.random()))

    async def listen(self, device, socket, began):
        try:
            frames = await socket.receive()
            if frames[0]["type"] != "ready":
                self.history.surprises.append(f"{device}: the first frame was {frames[0]}")
                return
            device.session = self.history.session(device.person.id, device.name, began)
            device.socket = socket
            leaves = self.random.expovariate(0.5) if self.restless and self.random.random() < 0.4 else None
            self.take_frames(device, frames[1:])
            try:
                async with asyncio.timeout(leaves):
                    while True:
                        self.take_frames(device, await socket.receive())
            except TimeoutError:
                pass
        finally:
            socket.abort()

    def hang_up(self, device):
        if device.session:
            device.session.ended = self.history.tick()
        if device.socket:
            device.socket.abort()
        device.socket = device.session = None
        device.to_repeat += device.unanswered.values()
        device.unanswered = {}

    def take_frames(self, device, frames):
        touched = set()
        for frame in frames:
            kind = frame["type"]
            if kind == "message":
                touched.add(self.take_message(device, frame["message"]))
            elif kind == "sent":
                self.take_answer(device, frame)
            elif kind == "status":
                self.take_status(device, frame)
            elif kind in CHANGES:
                device.session.changes.append((self.history.tick(), frame["conversation_id"], frame["version"]))
                device.versions[frame["conversation_id"]] = frame["version"]
                touched.add(frame["conversation_id"])
            elif kind == "error" and frame["problem"]["status"] == 503:
                self.take_refusal(device, frame)
            elif kind not in ("typing", "presence", "pong"):
                self.history.surprises.append(f"{device} got {str(frame)[:400]}")
        for conversation in touched:
            if self.random.random() < (0.25 if self.talking else 1):
                self.acknowledge(device, conversation)

    def take_status(self, device, frame):
        conversation, user, status = frame["conversation_id"], frame["user_id"], frame["status"]
        device.session.statuses.append((conversation, frame["message_id"], user, status))
        read = frame["seq"] if status == "READ" else 0
        self.history.horizon(self.history.tick(), conversation, user, frame["seq"], read, at_least=True)

    def take_message(self, device, message):
        conversation, seq = message["conversation_id"], message["seq"]
        device.session.frames.append(Frame(self.history.tick(), conversation, seq, message["message_id"],
                                           digest=digest(message["payload"]["text"])))
        device.have[conversation] = max(seq, device.have.get(conversation, 0))
        self.own_delivered(device, conversation)
        return conversation

    def take_answer(self, device, frame):
        device.unanswered.pop(frame["message_id"], None)
        self.history.answer(frame["message_id"], frame, device.name, device.session.index)
        conversation, seq = frame["conversation_id"], frame.get("seq")
        if seq is None:
            device.undecided.add(conversation)
            return       # safe in the log, and not decided yet: the message itself will come
        if not frame["duplicate"]:
            device.session.frames.append(Frame(self.history.tick(), conversation, seq, frame["message_id"], own=True))
        self.own_delivered(device, conversation, seq)

    def own_delivered(self, device, conversation, seq=None):
        """An answer is the delivery of an own message; it may come before messages of others with lower seqs."""
        ahead = device.own_ahead.setdefault(conversation, set())
        if seq is not None:
            ahead.add(seq)
        while device.have.get(conversation, 0) + 1 in ahead:
            device.have[conversation] = device.have.get(conversation, 0) + 1
            ahead.discard(device.have[conversation])

    def take_refusal(self, device, frame):
        if "ref" not in frame:
            return       # of an acknowledgement: nobody was promised anything
        body = device.unanswered.pop(frame["ref"], None)
        self.history.refusal(frame["ref"], frame["problem"])
        if body and self.repeat_refused:
            device.to_repeat.append(body)

    def acknowledge(self, device, conversation):
        up_to = device.have.get(conversation, 0)
        self.history.ack(device.person.id, device.name, conversation, up_to)
        if up_to and (self.random.random() < 0.25 or not self.talking):
            device.socket.send([{"type": "read", "conversation_id": conversation, "up_to_seq": up_to}])
        else:
            device.socket.send([{"type": "delivered", "conversation_id": conversation, "up_to_seq": up_to,
                                 "up_to_version": device.versions.get(conversation, 0)}])

    # Sending.

    async def talk(self, device):
        while not self.closing:
            await asyncio.sleep(self.random.expovariate(0.75 * self.rate / 3 / len(self.world.devices)))
            if not device.socket or len(device.unanswered) >= UNANSWERED_PER_SOCKET:
                continue
            bodies = [] if not self.talking else [self.new_message(device.person, device)
                                                  for _ in range(self.random.randint(1, 5))]
            device.session.sends += [(body["conversation_id"], body["message_id"]) for body in bodies]
            if device.to_repeat:
                bodies += device.to_repeat[:20]
                del device.to_repeat[:20]
            if bodies and self.random.random() < 0.05:
                bodies.append(self.random.choice(bodies))
            if bodies:
                self.send(device, bodies)

    def send(self, device, bodies):
        for body in bodies:
            self.history.attempts[body["message_id"]].tries += 1
            device.unanswered[body["message_id"]] = body
        device.socket.send([{"type": "send", "ref": body["message_id"], "message": body} for body in bodies])

    def new_message(self, person, device=None):
        shortest, longest = self.chars
        message_id = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        conversation = self.random.choice(person.conversations)
        text = f"{message_id} " + "lorem ipsum " * 1000
        text = text[:max(37, self.random.randint(shortest, longest))]
        receipt = self.random.random() < 0.1
        self.history.attempt(message_id, conversation, person.id, device.name if device else None, text, receipt)
        return {"message_id": message_id, "conversation_id": conversation, "payload": {"type": "text", "text": text},
                "request_delivery_receipt": receipt}

    # REST.

    async def ask(self, person):
        actions = ((self.post_message, 45), (self.post_delivered, 12), (self.post_read, 5), (self.edit, 5),
                   (self.react, 5), (self.look_at_receipts, 8), (self.look_at_statuses, 20))
        choices, weights = zip(*actions)
        while not self.closing:
            await asyncio.sleep(self.random.expovariate(0.25 * self.rate / 0.45 / len(self.world.people)))
            action = self.random.choices(choices, weights)[0] if self.talking else self.post_message
            person.asking = True
            try:
                await action(person)
            except Broken:
                await asyncio.sleep(RECONNECT_SECONDS)
            finally:
                person.asking = False

    def rest_body(self, person):
        """What to send next by REST, and as which device: something unanswered, or something new."""
        waiting = [device for device in person.devices if device.to_repeat]
        if waiting and self.random.random() < 0.5:
            device = self.random.choice(waiting)
            return device.to_repeat.pop(0), device
        if person.to_repeat:
            return person.to_repeat.pop(0), None
        if not self.talking:
            return None, None
        device = self.random.choice([None, *person.devices])
        return self.new_message(person, device), device

    async def post_message(self, person):
        body, device = self.rest_body(person)
        if not body:
            return
        self.history.attempts[body["message_id"]].tries += 1
        unanswered = device.to_repeat if device else person.to_repeat
        try:
            headers = {"X_Device_Id": device.name} if device else {}
            answer = await person.http.request("POST", "/v1/messages", body, **headers)
        except BaseException:
            unanswered.append(body)
            raise
        if answer.status in (200, 202):
            document = answer.document
            self.history.answer(body["message_id"], document, device and device.name)
            if device and "seq" not in document:
                device.undecided.add(document["conversation_id"])
            elif device:
                self.own_delivered(device, document["conversation_id"], document["seq"])
            if self.random.random() < 0.03:
                unanswered.append(body)      # as if the answer had been lost
        elif answer.status == 503:
            self.history.refusal(body["message_id"], answer.document)
            if self.repeat_refused:
                unanswered.append(body)
            await asyncio.sleep(REFUSED_PAUSE_SECONDS)
        else:
            self.surprise("POST /v1/messages", answer)

    def surprise(self, what, answer, expected=()):
        if answer.status not in expected:
            self.history.surprises.append(f"{what} was answered {answer}")

    async def post_delivered(self, person):
        device, conversation = self.random.choice(person.devices), self.random.choice(person.conversations)
        up_to = device.have.get(conversation, 0)
        if not up_to:
            return
        ack = self.history.ack(person.id, device.name, conversation, up_to)
        answer = await person.http.request("POST", f"/v1/conversations/{conversation}/delivered", {"up_to_seq": up_to},
                                           X_Device_Id=device.name)
        if answer.status == 204:
            ack.confirmed = self.history.tick()
            self.history.horizon(ack.tick, conversation, person.id, up_to, 0, True)
        self.surprise("POST delivered", answer, (202, 204, 503))

    async def post_read(self, person):
        conversation = self.random.choice(person.conversations)
        up_to = max(device.have.get(conversation, 0) for device in person.devices)
        if not up_to:
            return
        ack = self.history.ack(person.id, None, conversation, up_to)
        answer = await person.http.request("POST", f"/v1/conversations/{conversation}/read", {"up_to_seq": up_to})
        if answer.status == 204:
            self.history.horizon(ack.tick, conversation, person.id, up_to, up_to, True)
        self.surprise("POST read", answer, (202, 204, 503))

    def recent_answer(self, person, own=False):
        recent = [told for told in self.history.told[-300:] if told.conversation in person.conversations
                  and (not own or self.history.attempts[told.message_id].sender == person.id)]
        return self.random.choice(recent) if recent else None

    async def edit(self, person):
        told = self.recent_answer(person, own=True)
        if not told or told.message_id in self.editing:
            return
        self.editing.add(told.message_id)        # where an answer is lost it stays: the order to the next is unknown
        text = f"edited {told.message_id} {self.random.random()}"
        edit = Edit(digest(text))
        self.history.attempts[told.message_id].edits.append(edit)
        body = {"payload": {"type": "text", "text": text}}
        answer = await person.http.request("PATCH", f"/v1/messages/{told.message_id}", body)
        if answer.status == 200:
            edit.acknowledged_at = self.history.tick()
            self.editing.discard(told.message_id)
        self.surprise("PATCH /v1/messages", answer, (200, 202, 503))

    async def react(self, person):
        if told := self.recent_answer(person):
            method = self.random.choice(("PUT", "PUT", "DELETE"))
            answer = await person.http.request(method, f"/v1/messages/{told.message_id}/reactions/%F0%9F%91%8D")
            self.surprise(f"{method} reaction", answer, (202, 204, 404, 503))

    async def look_at_receipts(self, person):
        conversation, began = self.random.choice(person.conversations), self.history.tick()
        answer = await person.http.request("GET", f"/v1/conversations/{conversation}")
        self.surprise("GET conversation", answer, (200, *self.reads_may_fail))
        for receipt in answer.document["receipts"] if answer.status == 200 else ():
            self.history.horizon(began, conversation, receipt["user_id"], receipt["delivered_up_to_seq"],
                                 receipt["read_up_to_seq"])

    async def look_at_statuses(self, person):
        if told := self.recent_answer(person):
            began = self.history.tick()
            answer = await person.http.request("GET", f"/v1/messages/{told.message_id}/status/history")
            self.surprise("GET status history", answer, (200, *self.reads_may_fail))
            if answer.status == 200:
                self.history.status_reading(began, told.message_id, told.conversation, told.seq, [
                    (entry["status"], entry.get("user_id"), entry["timestamp"]) for entry in answer.document])
