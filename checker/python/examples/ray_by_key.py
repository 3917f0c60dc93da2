"""Checks a history on Ray, every key on one worker.

python ray_by_key.py [history.jsonl]

Workers need the module quorate. The lines of the file are split by key and put together again piece
by piece, in their order, since a verdict rests on the real-time order of the events.
"""

import json
import sys
from itertools import chain, islice
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

import many_keys
import quorate
import ray

PARTITIONS = 8
LINES_A_PIECE = 2_000

Piece = list[dict[str, Any]]


@ray.remote(num_returns=PARTITIONS)
def split(lines: list[str]) -> list[Piece]:
    pieces: list[Piece] = [[] for _ in range(PARTITIONS)]
    for event in map(json.loads, lines):
        if "key" in event:  # what the nemesis does has no key
            pieces[crc32(json.dumps(event["key"]).encode()) % PARTITIONS].append(event)
    return pieces


@ray.remote
def check(*pieces: Piece) -> quorate.Result:
    return quorate.check(chain.from_iterable(pieces))


def check_by_key(path: str) -> quorate.Result:
    with open(path) as file:
        pieces = iter(lambda: list(islice(file, LINES_A_PIECE)), [])
        splits = [split.remote(lines) for lines in pieces]
    return quorate.merge(ray.get([check.remote(*of_one) for of_one in zip(*splits)]))


def main() -> int:
    ray.init()
    with TemporaryDirectory() as directory:
        path = sys.argv[1] if len(sys.argv) > 1 else many_keys.write(directory)
        on_workers, in_one_process = check_by_key(path), quorate.check(path)
    ray.shutdown()
    print(*(key for key in on_workers.keys if not key.valid), sep="\n\n", end="\n\n")
    print(f"{on_workers.verdict} on workers, {in_one_process.verdict} in one process")
    return 0 if on_workers.verdict == in_one_process.verdict else 1


if __name__ == "__main__":
    sys.exit(main())
