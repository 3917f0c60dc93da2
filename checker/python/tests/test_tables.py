"""Tables of every kind give the verdict of the same events in a file."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import quorate
from histories import STALE, VALID, Row, event, indexed, operation, written_and_read


def library(name: str) -> ModuleType:
    module: ModuleType = pytest.importorskip(name, reason=f"skipped: needs {name}")
    return module


def pandas(rows: list[Row]) -> Any:
    return library("pandas").DataFrame(rows)


def polars(rows: list[Row]) -> Any:
    return library("polars").DataFrame(rows)


def arrow(rows: list[Row]) -> Any:
    return library("pyarrow").Table.from_pylist(rows)


Make = Callable[[list[Row]], Any]
COLUMNS: list[Make] = [pandas, polars, arrow]
EVERY: list[Make] = [list, iter, lambda rows: (row for row in rows), *COLUMNS]


@pytest.mark.parametrize("make", EVERY)
@pytest.mark.parametrize("path", [VALID, STALE], ids=lambda path: path.stem)
def test_a_table_is_read_like_the_file(path: Path, make: Make, tmp_path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    # A column of processes has numbers only.
    lines = [line for line in lines if '"nemesis"' not in line]
    file = tmp_path / "history.jsonl"
    file.write_text("".join(lines))
    rows = [json.loads(line) for line in lines]
    from_rows, from_file = quorate.check(make(rows)), quorate.check(file)
    assert from_rows.to_dict() == from_file.to_dict()
    assert quorate.verify(make(rows), from_file.certificate()) == from_file.verdict


def test_events_of_the_nemesis_stand_in_rows_as_in_files() -> None:
    rows = [json.loads(line) for line in VALID.read_text().splitlines()]
    assert any(row["process"] == "nemesis" for row in rows)
    assert quorate.check(rows).to_dict() == quorate.check(VALID).to_dict()
    assert quorate.check(pandas(rows)).verdict == "valid"


@pytest.mark.parametrize("make", COLUMNS)
def test_what_a_column_lacks_was_left_out(make: Make) -> None:
    failed = [
        event(1, "invoke", "cas", [0, 2]),
        {**event(1, "fail", "cas", [0, 2]), "observed": None},
    ]
    rows = operation(0, "cas", [0, 1]) + failed
    # In a row of its own, null is what the cas observed, which nobody wrote.
    assert quorate.check(rows, initial=0).verdict == "invalid"
    assert quorate.check(make(rows), initial=0).verdict == "valid"
    no_key = make([{**row, "key": None} for row in written_and_read(1)])
    assert quorate.check(no_key).keys[0].key is None


def test_missing_values_of_pandas_are_none() -> None:
    frame = pandas(indexed(written_and_read(1)))
    assert str(frame["value"].dtype) == "float64"
    assert quorate.check(frame).verdict == "valid"
    frame["value"] = frame["value"].astype("Int64")
    assert quorate.check(frame).verdict == "valid"


def test_floats_that_may_have_lost_digits_are_refused() -> None:
    with pytest.raises(
        quorate.QuorateError, match="line 1: field `value`: found a number that is no"
    ):
        quorate.check(operation(0, "write", float(2**53)))


def test_scalars_and_arrays_of_numpy_are_values() -> None:
    numpy = library("numpy")
    rows = operation(0, "write", numpy.int64(0)) + operation(1, "cas", numpy.array([0, 1]))
    assert quorate.check(rows + operation(2, "read", 1)).verdict == "valid"
    assert quorate.check(rows + operation(2, "read", numpy.int32(0))).verdict == "invalid"


def test_other_fields_are_not_looked_at() -> None:
    rows = [{**row, "node": object(), 3: 4} for row in written_and_read(1)]
    assert quorate.check(rows).verdict == "valid"


def test_what_a_table_raises_goes_through() -> None:
    def rows() -> Any:
        yield from operation(0, "write", 1)
        raise LookupError("the shard is gone")

    with pytest.raises(LookupError, match="the shard is gone"):
        quorate.check(rows())
