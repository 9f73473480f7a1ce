TITLE = "Damage in the middle"
WHAT = """In the middle of the newest write-ahead log bytes are flipped or zeroed; an older one, which is still
needed, is flipped, cut or removed: the start is refused and the file named. In a table file bytes are flipped: the
start is refused, or reads of what is damaged answer an error and the file is named in the log, and no read answers
anything wrong. With the bytes put right, all is there."""

import asyncio
import shutil
import time

from context import Skipped
from reader import Unreadable
from scenarios import wal
from scenarios.refusal import refusal
from server_process import NotServing

TABLES_WITHIN_SECONDS = 60


async def run(context):
    stage = await context.stage(context.server())
    await write_two_logs(stage)
    logs = wal.logs(stage.server.data)
    cases = log_cases(logs)
    rounds = 1 if context.options.quick else 5
    pristine = keep(context, stage)
    for number in range(rounds):
        for name, path, damage in cases:
            restore(stage, pristine)
            damage(path, context.random)
            # What is gone without a trace shows in the log that follows.
            names = tuple(log.name for log in logs) if damage in (cut_between_records, removed) else path.name
            await refusal(context, stage.server, names, case=name)
        context.done(number + 1, 2 * rounds)
    restore(stage, pristine)
    context.recovered(await stage.start_server())
    await stage.check_all()

    await write_tables(stage)
    shutil.rmtree(pristine)
    pristine = keep(context, stage)
    for number in range(rounds):
        restore(stage, pristine)
        await damage_a_table(context, stage)
        context.done(rounds + number + 1, 2 * rounds)
    restore(stage, pristine)
    context.recovered(await stage.start_server())
    await stage.check_all()
    await stage.close()


async def write_two_logs(stage):
    """A restart after a kill begins another log, and the older one stays until its rows are in tables."""
    for restart in (True, False):
        stage.begin_load(chars=(200, 2000))
        await asyncio.sleep(0.6)
        await stage.end_load()
        await stage.check_all()
        stage.server.kill()
        if restart:
            await stage.start_server()


async def write_tables(stage):
    """Texts so long that rows go from the log to tables; a clean stop then."""
    deadline = time.monotonic() + TABLES_WITHIN_SECONDS
    stage.begin_load(chars=(9000, 9900), rate=1500)
    while not wal.tables(stage.server.data):
        if time.monotonic() > deadline:
            raise AssertionError(f"no table file was written within {TABLES_WITHIN_SECONDS} s")
        await asyncio.sleep(0.1)
    await stage.end_load()
    await stage.check_all()
    await asyncio.to_thread(stage.server.terminate)
    stage.server.close()


def log_cases(logs):
    if len(logs) < 2:
        raise Skipped(f"there are {len(logs)} write-ahead logs with records, where two were expected")
    return [("newest log, flipped", logs[-1], flipped), ("newest log, zeroed", logs[-1], zeroed),
            ("older log, flipped", logs[0], flipped), ("older log, cut", logs[0], cut_short),
            ("older log, cut between two records", logs[0], cut_between_records), ("older log, gone", logs[0], removed)]


def flipped(path, random):
    wal.flip(path, in_the_middle(path, random), 16)


def zeroed(path, random):
    wal.overwrite(path, in_the_middle(path, random), bytes(2048))


def cut_short(path, random):
    wal.cut(path, in_the_middle(path, random))


def cut_between_records(path, random):
    ends = wal.record_ends(path)
    wal.cut(path, random.choice(ends[len(ends) // 4:len(ends) // 2]))


def removed(path, random):
    path.unlink()


def in_the_middle(path, random):
    end = wal.data_end(path)
    return random.randint(end // 4, end // 2)


def keep(context, stage):
    return shutil.copytree(stage.server.data, context.folder / "pristine")


def restore(stage, pristine):
    shutil.rmtree(stage.server.data)
    shutil.copytree(pristine, stage.server.data)


async def damage_a_table(context, stage):
    path = wal.tables(stage.server.data)[0]
    wal.flip(path, context.random.randint(path.stat().st_size // 4, path.stat().st_size // 2), 64)
    try:
        await stage.start_server()
    except NotServing as refused:
        context.require(path.name in str(refused), f"table: the refusal does not name {path.name}: {refused}")
        return
    errors = await unreadable_conversations(context, stage)
    context.judge(stage.checker.check())
    if errors:
        context.require(path.name in stage.server.output(), f"table: the log does not name {path.name}: "
                                                            f"{stage.server.last_words()}")
    if not errors:
        context.note("in some rounds no read touched the damaged block of the table")
    stage.server.close()


async def unreadable_conversations(context, stage):
    errors = 0
    for conversation in stage.history.members:
        try:
            await stage.reader.read_conversation(conversation)
            await stage.reader.read_changes(conversation)
        except Unreadable as unreadable:
            errors += 1
            context.require(unreadable.status in (500, 503), f"table: {unreadable}")
    return errors
