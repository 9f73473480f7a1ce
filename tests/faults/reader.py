"""Reads what the server holds, and records it for the checker."""

from history import digest
from people import patiently

PAGE = 200
PATIENCE_SECONDS = 10


class Unreadable(Exception):
    """A read was answered with something else than 200."""

    def __init__(self, path, answer):
        super().__init__(f"GET {path} was answered {answer}")
        self.status = answer.status


def as_read(item):
    return item["seq"], item["message_id"], item["from"], digest(item["payload"]["text"])


class Reader:
    def __init__(self, world):
        self.world = world
        self.history = world.history
        self.read_up_to = {}         # conversation → seq, as of the last complete reading

    async def get(self, person, path):
        answer = await patiently(lambda: person.http.request("GET", path), PATIENCE_SECONDS)
        if answer.status != 200:
            raise Unreadable(path, answer)
        return answer.document

    async def read_conversation(self, conversation, after=0):
        """All messages after a seq; answers the last seq."""
        person, began, items, at = self.world.member_of(conversation), self.history.tick(), [], after
        while True:
            try:
                page = await self.get(person, f"/v1/conversations/{conversation}/messages?after_seq={at}&limit={PAGE}")
            except Unreadable as unreadable:
                if unreadable.status == 404:
                    self.history.reading(began, conversation, after, True, items)        # all of it is gone
                raise
            items += [as_read(item) for item in page["items"]]
            if len(page["items"]) < PAGE:
                break
            at = items[-1][0]
        self.history.reading(began, conversation, after, True, items)
        self.read_up_to[conversation] = items[-1][0] if items else after
        return self.read_up_to[conversation]

    async def read_page(self, conversation, after):
        """One page out of the middle."""
        began = self.history.tick()
        path = f"/v1/conversations/{conversation}/messages?after_seq={after}&limit={PAGE}"
        page = await self.get(self.world.member_of(conversation), path)
        self.history.reading(began, conversation, after, False, [as_read(item) for item in page["items"]])

    async def read_changes(self, conversation, after=0):
        began, versions, at = self.history.tick(), [], after
        while True:
            path = f"/v1/conversations/{conversation}/changes?after_version={at}&limit={PAGE}"
            page = await self.get(self.world.member_of(conversation), path)
            versions += [change["version"] for change in page["items"]]
            if len(page["items"]) < PAGE:
                break
            at = versions[-1]
        self.history.changes_reading(began, conversation, after, versions)

    async def read_receipts(self, conversation):
        began = self.history.tick()
        document = await self.get(self.world.member_of(conversation), f"/v1/conversations/{conversation}")
        for receipt in document["receipts"]:
            self.history.horizon(began, conversation, receipt["user_id"], receipt["delivered_up_to_seq"],
                                 receipt["read_up_to_seq"])

    async def read_statuses(self, conversation, message_id, seq):
        began = self.history.tick()
        entries = await self.get(self.world.member_of(conversation), f"/v1/messages/{message_id}/status/history")
        self.history.status_reading(began, message_id, conversation, seq, [
            (entry["status"], entry.get("user_id"), entry["timestamp"]) for entry in entries])

    async def read_news(self, random, samples=6):
        """After a restart: what is new since the last time and a little before it, an old page, some statuses."""
        for conversation in self.history.members:
            known = self.read_up_to.get(conversation, 0)
            await self.read_conversation(conversation, max(0, known - 20))
        await self.read_receipts(random.choice(list(self.history.members)))
        conversation = random.choice(list(self.history.members))
        await self.read_page(conversation, random.randint(0, max(0, self.read_up_to[conversation] - PAGE)))
        await self.read_changes(conversation)
        await self.read_some_statuses(random, samples)

    async def read_some_statuses(self, random, samples):
        told = self.history.told
        for _ in range(samples if told else 0):
            answer = random.choice(told[-2000:] if random.random() < 0.7 else told)
            await self.read_statuses(answer.conversation, answer.message_id, answer.seq)

    async def read_all(self, random, samples=40):
        for conversation in self.history.members:
            await self.read_conversation(conversation)
            await self.read_changes(conversation)
            await self.read_receipts(conversation)
        await self.read_some_statuses(random, samples)
