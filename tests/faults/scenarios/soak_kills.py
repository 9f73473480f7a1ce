TITLE = "SIGKILL under the soak"
WHAT = """`chat4all bench soak` sends thousands of messages a second while the server is killed again and again, repeats what was
not answered, judges every frame, and reads every history at the end."""

import asyncio

from checker import KINDS
from soak import Soak

RATE = 3000


async def run(context):
    rounds = 4 if context.options.quick else 40
    server = context.server()
    await asyncio.to_thread(server.start)
    soak = Soak(server.binary, context.folder, [server.port], server.admin_key, RATE, messages=0)
    context.stack.callback(soak.close)
    await asyncio.to_thread(soak.start)
    for number in range(rounds):
        await asyncio.sleep(context.random.uniform(1, 4))
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(context.random.uniform(0, 0.5))
        context.recovered(await asyncio.to_thread(server.start))
        context.done(number + 1, rounds)
    await asyncio.sleep(2)
    figures, complaints = await asyncio.to_thread(soak.stop)
    context.outcome.acknowledged += int(figures.get("acknowledged", 0))
    for kind in KINDS:
        context.outcome.counts[kind] += int(figures.get(f"violations_{kind}", 0))
    for complaint in complaints:
        context.complain(complaint)
    server.close()
