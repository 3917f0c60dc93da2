"""A history with many keys, one of which reads a value that had been replaced."""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

STALE = "key-7"


def events(keys: int = 200, rounds: int = 20) -> Iterator[dict[str, Any]]:
    """Ten processes go over all keys, round by round: one writes, another reads."""
    index = count()

    def operation(process: int, f: str, key: str, value: int) -> Iterator[dict[str, Any]]:
        argument = value if f == "write" else None
        for kind, said in (("invoke", argument), ("ok", value)):
            event = {"index": next(index), "process": process, "type": kind}
            yield {**event, "f": f, "key": key, "value": said}

    for turn in range(1, rounds + 1):
        for number in range(keys):
            key = f"key-{number}"
            late = key == STALE and turn == rounds
            yield from operation(number % 5, "write", key, turn)
            yield from operation(5 + number % 5, "read", key, turn - late)


def write(directory: str) -> str:
    """Writes the history to a file in this directory."""
    path = Path(directory, "history.jsonl")
    with path.open("w") as file:
        file.writelines(json.dumps(event) + "\n" for event in events())
    return str(path)
