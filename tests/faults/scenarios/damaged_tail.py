TITLE = "Damaged end of the newest log"
WHAT = """After a SIGKILL the last bytes of the newest write-ahead log, which belong to the last message, are cut off,
garbled, or followed by garbage. The server starts, everything before is there, the last message is there or not, and
sending it again makes it one."""

import asyncio
import os

from context import Skipped
from scenarios import wal


def shorter(path, end, random):
    wal.cut(path, end - random.randint(1, 40))


def garbled(path, end, random):
    length = random.randint(1, 20)
    wal.flip(path, end - length, length)


def zeros(path, end, random):
    length = random.randint(1, 40)
    wal.overwrite(path, end - length, bytes(length))


def longer(path, end, random):
    wal.overwrite(path, end, os.urandom(random.randint(1, 3000)))


DAMAGES = {"shorter": shorter, "garbled": garbled, "zeros": zeros, "longer": longer}


async def run(context):
    rounds = 1 if context.options.quick else 5
    stage = await context.stage(context.server())
    stage.begin_load()
    await asyncio.sleep(0.6)
    await stage.end_load()
    done = 0
    for _ in range(rounds):
        for name, damage in DAMAGES.items():
            await one_damage(context, stage, name, damage)
            done += 1
            context.done(done, rounds * len(DAMAGES))
    await stage.close()


async def one_damage(context, stage, name, damage):
    for _ in range(5):
        await send(stage, record=True)
    # The last one is not recorded as acknowledged: it is what the damage may take.
    last = await send(stage, record=False)
    stage.server.kill()
    logs = wal.logs(stage.server.data)
    if not logs:
        raise Skipped("there is no write-ahead log with records")
    newest, end = logs[-1], wal.data_end(logs[-1])
    damage(newest, end, context.random)
    context.recovered(await stage.start_server())
    await stage.check_all()
    place = (last["conversation_id"], last["message_id"])
    was_there = place in stage.checker.places.seq_of
    if name == "longer":
        context.require(was_there, "the last message is lost, although only garbage was put behind it")
    answer = await post(stage, last)
    context.require(answer.status == (200 if was_there else 202),
                    f"{name}: the last message, sent again, was answered {answer}")
    if answer.status in (200, 202):
        stage.history.answer(last["message_id"], answer.document)
    await stage.check_all()


async def send(stage, record):
    person = stage.world.people[0]
    body = stage.load.new_message(person)
    answer = await post(stage, body)
    if answer.status != 202:
        raise AssertionError(f"a send was answered {answer}")
    if record:
        stage.history.answer(body["message_id"], answer.document)
    return body


async def post(stage, body):
    return await stage.world.people[0].http.request("POST", "/v1/messages", body)
