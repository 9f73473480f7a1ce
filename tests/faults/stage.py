"""A server, the people on it, what they were told, and the judge of that."""

import asyncio

from checker import Checker
from history import History
from load import Load
from people import World
from reader import Reader


class Stage:
    """`context` takes the complaints."""

    def __init__(self, context, server):
        self.context = context
        self.server = server
        self.history = History()
        self.checker = Checker(self.history)
        self.load = None
        self.world = None
        self.reader = None
        self.counted = False

    async def open(self, people=20, by_key=False):
        await self.start_server()
        self.world = await World.make(self.server, self.history, self.context.random, people, by_key)
        self.reader = Reader(self.world)

    async def close(self):
        """Ends clients and server, and adds what was acknowledged to the report. May be called again."""
        if not self.counted:
            self.counted = True
            self.context.outcome.acknowledged += self.history.acknowledged
            self.context.outcome.activity.update(self.history.activity())
        if self.load:
            await self.load.stop()
        if self.world:
            self.world.close()
        self.server.close()
        self.context.forget(self)

    async def start_server(self):
        """The seconds until it was ready. The clients go on meanwhile."""
        return await asyncio.to_thread(self.server.start)

    def begin_load(self, **options):
        self.load = Load(self.world, self.context.random, **options).start()
        return self.load

    async def end_load(self, settle=True):
        """Lets everything arrive (`settle`), and stops the clients."""
        if settle and not await self.load.settle():
            self.context.complain(f"after the load: {self.load.unsettled()}")
        if error := self.load.failed():
            self.context.complain(f"a client failed: {type(error).__name__}: {error}")
        await self.load.stop()

    async def check_news(self):
        """What a restart must not have changed."""
        if error := self.load and self.load.failed():
            raise error
        try:
            await self.reader.read_news(self.context.random)
        finally:
            self.context.judge(self.checker.check())
            self.report_surprises()

    async def check_all(self, end=False):
        """Everything there is, read again. `end`: the clients are silent, and had time to receive everything."""
        await self.reader.read_all(self.context.random)
        self.context.judge(self.checker.check_end() if end else self.checker.check())
        self.report_surprises()

    def report_surprises(self):
        for surprise in self.history.surprises:
            self.context.complain(surprise)
        self.history.surprises.clear()
