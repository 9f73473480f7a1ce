TITLE = "Full disk"
WHAT = """A balloon takes the last block under load. Sends and changes are answered 503 and leave nothing behind,
reads go on; once the balloon is gone, sends work again in the same process."""

import asyncio
import time

from people import patiently

IMAGE_MIB = 192
FULL_WITHIN_SECONDS = 60
WORKS_WITHIN_SECONDS = 10


async def run(context):
    rounds, waits_ms = 1 if context.options.quick else 5, []
    for number in range(rounds):
        with context.image("xfs" if number % 2 else "ext4", IMAGE_MIB) as image:
            stage = await context.stage(context.server(data=image.point / "data"))
            await fill_and_empty(context, stage, image, waits_ms)
            stage.server.kill()
            context.recovered(await stage.start_server())
            await stage.check_all()
            await stage.close()
        context.done(number + 1, rounds)
    context.note(f"sends worked again at most {max(waits_ms):.0f} ms after there was room")


async def fill_and_empty(context, stage, image, waits_ms):
    """`waits_ms` gets how long sends were still refused after there was room again."""
    stage.begin_load(repeat_refused=False)
    await asyncio.sleep(0.5)
    balloon = image.point / "balloon"
    image.fill(balloon)
    refused = await until_refused(stage)
    context.require(refused, f"after {FULL_WITHIN_SECONDS} s on a full disk no send was answered 503")
    if refused:
        await while_full(context, stage)
    balloon.unlink()
    emptied = time.monotonic()
    works = await until_accepted(stage)
    context.require(works, f"{WORKS_WITHIN_SECONDS} s after there was room again, sends are still refused")
    waits_ms.append((time.monotonic() - emptied) * 1000)
    await asyncio.sleep(0.5)
    await stage.end_load()
    await stage.check_all(end=True)
    context.require(stage.server.running, "the server ended by itself")
    half_done = refused_and_yet_there(stage)
    context.require(not half_done, f"{len(half_done)} messages were answered 503, never sent again, and are in the "
                                   f"history: {half_done[:3]}")


def refused_and_yet_there(stage):
    return [attempt.message_id for attempt in stage.history.attempts.values()
            if attempt.refused and not attempt.answered and attempt.tries == len(attempt.refused)
            and (attempt.conversation, attempt.message_id) in stage.checker.places.seq_of]


async def until_refused(stage):
    """The log's file may have room of its own: long texts fill that."""
    stage.load.chars = (9000, 9900)
    deadline = time.monotonic() + FULL_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if any(attempt.refused for attempt in list(stage.history.attempts.values())[-500:]):
            return True
        if error := stage.load.failed():
            raise error
        await asyncio.sleep(0.05)
    return False


async def while_full(context, stage):
    await asyncio.sleep(0.5)
    stage.load.chars = (10, 300)
    await stage.check_all()      # raises when a read is not answered
    person = stage.world.people[0]
    body = {"conversation_id": person.conversations[0], "payload": {"type": "text", "text": "x" * 9000}}
    answer = await person.http.request("POST", "/v1/messages", body)
    context.require(answer.status == 503 and "retry-after" in answer.headers,
                    f"a send on the full disk was answered {answer} with {answer.headers}")
    answer = await stage.world.admin.request("POST", "/v1/users", {"user_id": "late", "display_name": "x" * 100})
    context.require(answer.status in (201, 503), f"POST /v1/users on the full disk was answered {answer}")
    answer = await stage.world.admin.request("GET", "/health")
    context.require(answer.status == 503, f"GET /health on the full disk was answered {answer}")
    answer = await stage.world.admin.request("GET", "/health/live")
    context.require(answer.status == 200, f"GET /health/live on the full disk was answered {answer}")


async def until_accepted(stage):
    person = stage.world.people[0]
    deadline = time.monotonic() + WORKS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        body = stage.load.new_message(person)
        stage.history.attempts[body["message_id"]].tries += 1
        answer = await patiently(lambda: person.http.request("POST", "/v1/messages", body), 5)
        if answer.status == 202:
            stage.history.answer(body["message_id"], answer.document)
            return True
        stage.history.refusal(body["message_id"], answer.status)
        await asyncio.sleep(0.02)
    return False
