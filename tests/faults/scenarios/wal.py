"""The files of the message store, as far as one must know them to damage them (docs/formats/message_store.md)."""


def data_end(path):
    """Where the records of a log end: behind them there are zeros, or nothing."""
    return len(path.read_bytes().rstrip(b"\0"))


def record_ends(path):
    """Where whole records end (RocksDB's log format: blocks of 32 KiB; crc, length, type, payload)."""
    data, ends, at = path.read_bytes(), [], 0
    while True:
        left = 32768 - at % 32768
        at += left if left < 7 else 0
        kind = data[at + 6] if at + 7 <= len(data) else 0
        if kind not in (1, 2, 3, 4):
            return ends
        at += 7 + int.from_bytes(data[at + 4:at + 6], "little")
        if kind in (1, 4):
            ends.append(at)


def logs(data):
    """The write-ahead logs that hold records, oldest first."""
    found = [path for path in data.rglob("*.log") if path.stem.isdigit() and data_end(path) > 0]
    return sorted(found, key=lambda path: int(path.stem))


def tables(data):
    """The table files, largest first."""
    return sorted(data.rglob("*.sst"), key=lambda path: path.stat().st_size, reverse=True)


def flip(path, offset, length):
    with open(path, "r+b") as file:
        file.seek(offset)
        old = file.read(length)
        file.seek(offset)
        file.write(bytes(byte ^ 0xA5 for byte in old))


def overwrite(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def cut(path, size):
    with open(path, "r+b") as file:
        file.truncate(size)
