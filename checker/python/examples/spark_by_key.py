"""Checks a history on Spark, every key on one worker.

python spark_by_key.py [history.jsonl]

Workers need the module quorate, and a path that they can all read. The events need their `index`: a
partition is sorted by it, since a verdict rests on the real-time order of the events.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

import many_keys
import quorate
from pyspark.sql import SparkSession

PARTITIONS = 8

Place = tuple[str, int]


def place(event: dict[str, Any]) -> tuple[Place, dict[str, Any]]:
    return (json.dumps(event["key"]), event["index"]), event


def check(partition: Iterable[tuple[Place, dict[str, Any]]]) -> Iterator[quorate.Result]:
    yield quorate.check(event for _, event in partition)


def check_by_key(spark: SparkSession, path: str) -> quorate.Result:
    events = spark.sparkContext.textFile(path, PARTITIONS).map(json.loads)
    partitions = (
        events.filter(lambda event: "key" in event)  # what the nemesis does has no key
        .map(place)
        .repartitionAndSortWithinPartitions(
            PARTITIONS, lambda place: crc32(place[0].encode()), keyfunc=lambda place: place[1]
        )
    )
    return quorate.merge(partitions.mapPartitions(check).collect())


def main() -> int:
    spark = SparkSession.builder.appName("quorate by key").getOrCreate()
    with TemporaryDirectory() as directory:
        path = sys.argv[1] if len(sys.argv) > 1 else many_keys.write(directory)
        on_workers, in_one_process = check_by_key(spark, path), quorate.check(path)
    spark.stop()
    print(*(key for key in on_workers.keys if not key.valid), sep="\n\n", end="\n\n")
    print(f"{on_workers.verdict} on workers, {in_one_process.verdict} in one process")
    return 0 if on_workers.verdict == in_one_process.verdict else 1


if __name__ == "__main__":
    sys.exit(main())
