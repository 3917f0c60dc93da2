"""Small histories, and where the recorded ones are."""

from pathlib import Path
from typing import Any, Optional

RECORDED = Path(__file__).parents[3] / "histories" / "register"
VALID = RECORDED / "linearizable" / "abd-majority.jsonl"
STALE = RECORDED / "not-linearizable" / "stale-read.jsonl"

Row = dict[str, Any]


def event(process: int, kind: str, f: str, value: Any, key: Optional[str] = "x") -> Row:
    return {"process": process, "type": kind, "f": f, "key": key, "value": value}


def operation(process: int, f: str, value: Any, key: str = "x") -> list[Row]:
    argument = None if f == "read" else value
    return [event(process, "invoke", f, argument, key), event(process, "ok", f, value, key)]


def indexed(rows: list[Row]) -> list[Row]:
    return [{"index": index, **row} for index, row in enumerate(rows)]


def written_and_read(value: Any, key: str = "x") -> list[Row]:
    """A write of 1, then a read of `value` by another process."""
    return operation(0, "write", 1, key) + operation(1, "read", value, key)
