"""Verdicts, proofs, errors and merging."""

import copy
import json
import pickle
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import quorate
from histories import RECORDED, STALE, VALID, event, indexed, operation, written_and_read

ALL_RECORDED = sorted(RECORDED.glob("*/*.jsonl"))


@pytest.mark.parametrize("path", ALL_RECORDED, ids=lambda path: path.stem)
def test_recorded_histories_get_the_verdict_of_their_folder(path: Path) -> None:
    result = quorate.check(path)
    expected = {"linearizable": "valid", "not-linearizable": "invalid"}[path.parent.name]
    assert result.verdict == expected == quorate.verify(path, result.certificate())
    assert result.valid is (expected == "valid")
    assert result.op_count == sum(key.op_count for key in result.keys)


def test_a_violation_is_told() -> None:
    result = quorate.check(written_and_read(None))
    (key,) = result.keys
    assert (key.key, key.verdict, key.valid, key.op_count) == ("x", "invalid", False, 2)
    assert (key.anomaly, key.engine) == ("stale-read", "zones")
    assert key.why == "no value is written twice"
    assert key.story and key.story[0] == "Let A be process 0's write of 1, from event 1 to event 2,"
    assert key.timeline and "|- B read null -|" in key.timeline
    assert str(key).startswith('stale-read on key "x": ')
    assert key.timeline.split("\n")[1] in str(key)
    assert repr(result) == "<quorate.Result invalid: 1 of 1 keys invalid, 2 operations>"
    assert key.conditions is None and result.conditions is None


def test_options_are_those_of_the_command_line() -> None:
    assert quorate.check(operation(0, "read", 0)).verdict == "invalid"
    assert quorate.check(operation(0, "read", 0), initial=0).verdict == "valid"
    assert quorate.check(written_and_read(None), nil_read="any").verdict == "valid"
    failed = operation(0, "write", 1) + [
        event(1, "invoke", "cas", [1, 2]),
        event(1, "fail", "cas", [1, 2]),
    ]
    assert quorate.check(failed).verdict == "valid"
    assert quorate.check(failed, failed_cas="mismatch").verdict == "invalid"
    locked = [
        event(process, kind, "acquire", None) for kind in ("invoke", "ok") for process in (0, 1)
    ]
    assert quorate.check(locked, model="mutex").verdict == "invalid"


def test_a_search_out_of_budget_knows_nothing() -> None:
    result = quorate.check(RECORDED / "linearizable" / "abd-repeated-values.jsonl", budget="1,1KiB")
    assert result.verdict == "unknown" and result.valid is None
    undecided = next(key for key in result.keys if key.valid is None)
    document = undecided.to_dict()
    first, *story = str(undecided).splitlines()
    assert first == f"unknown: key {undecided.key}, out of {document['out_of']}"
    assert [line.strip() for line in story] == document["story"]


def test_all_conditions_are_told_by_key_and_of_the_whole() -> None:
    rows = written_and_read(None) + operation(2, "write", 1, "y")
    result = quorate.check(rows, condition="all")
    x, y = result.keys
    assert x.conditions and y.conditions and result.conditions
    assert list(x.conditions)[:2] == ["linearizable", "regular"]
    assert x.conditions["regular"]["verdict"] == "invalid" and x.conditions["regular"]["story"]
    assert y.conditions["regular"] == {"verdict": "valid"}
    assert result.conditions["regular"] == "invalid" and result.conditions["sequential"] == "valid"
    assert x.staleness and x.staleness["stale"] == 1
    other = quorate.check(operation(3, "write", 1, "z"), condition="all")
    assert quorate.merge([result, other]).conditions == result.conditions
    assert quorate.merge([result, quorate.check(operation(3, "write", 1, "z"))]).conditions is None


def test_a_tampered_certificate_is_refused() -> None:
    proof = json.loads(quorate.check(VALID).certificate())
    order = proof["keys"][0]["proof"]["order"]
    order[0], order[-1] = order[-1], order[0]
    with pytest.raises(quorate.QuorateError, match="the certificate is rejected: key 0: operation"):
        quorate.verify(VALID, json.dumps(proof))
    with pytest.raises(quorate.QuorateError, match="of a history of 666 events, this one has 420"):
        quorate.verify(STALE, quorate.check(VALID).certificate())
    with pytest.raises(quorate.QuorateError, match="not a certificate"):
        quorate.verify(VALID, "{}")


@pytest.mark.parametrize("condition", ["linearizable", "all"])
def test_results_pickle(condition: str) -> None:
    for path in (VALID, STALE):
        result = quorate.check(path, condition=condition)  # type: ignore[arg-type]
        for copied in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):
            assert copied.to_dict() == result.to_dict()
            assert quorate.verify(path, copied.certificate()) == result.verdict
        assert str(pickle.loads(pickle.dumps(result.keys[0]))) == str(result.keys[0])
    error = quorate.QuorateError("line 1")
    assert repr(pickle.loads(pickle.dumps(error))) == repr(error)


def test_errors_say_where() -> None:
    def message(rows: object, **options: object) -> str:
        with pytest.raises(quorate.QuorateError) as raised:
            quorate.check(rows, **options)  # type: ignore[arg-type]
        return str(raised.value)

    rows = written_and_read(1)
    assert issubclass(quorate.QuorateError, ValueError)
    assert message(rows[1:]).startswith("table: line 1: field `type`: `ok` of process 0 completes")
    assert message([*rows, {**rows[0], "type": "done"}]).startswith(
        'table: line 5: field `type`: found "done"; expected invoke, ok, fail or info'
    )
    assert "line 1: field `value`: found a value of type object" in message(
        [{**rows[0], "value": object()}]
    )
    assert "line 1: found a value of type int; expected a mapping" in message([3])
    assert message(rows, model="lock").startswith("model: unknown variant `lock`")
    assert message(rows, budget="5X").startswith("budget: `5X` is no amount")
    endless: list[object] = []
    endless.append(endless)
    assert "field `value`: nested too deep" in message([{**rows[0], "value": endless}])


def test_errors_of_files_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text('{"process":0,"type":"invoke","f":"read","value":null}\n{"process":-1}\n')
    with pytest.raises(
        quorate.QuorateError, match=f"^{re.escape(str(path))}: line 2: field `process`"
    ):
        quorate.check(str(path))
    with pytest.raises(FileNotFoundError, match="missing.jsonl"):
        quorate.check(tmp_path / "missing.jsonl")


def test_a_truncated_file_is_checked_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(VALID.read_bytes()[:-10])
    result = quorate.check(path)
    assert result.verdict == "valid" and result.truncated_at_line == 666
    assert repr(result).endswith("truncated at line 666>")


def test_formats_are_found_by_themselves(tmp_path: Path) -> None:
    path = tmp_path / "history.edn"
    path.write_text(
        "{:process 0, :type :invoke, :f :write, :value [:x 1]}\n"
        "{:process 0, :type :ok, :f :write, :value [:x 1]}\n"
    )
    result = quorate.check(path)
    assert (result.verdict, result.keys[0].key) == ("valid", ":x")


def test_partitions_are_merged_to_the_worst_of_them() -> None:
    good, bad = quorate.check(written_and_read(1, "y")), quorate.check(written_and_read(None, "x"))
    assert quorate.merge([good]).verdict == "valid"
    merged = quorate.merge(result for result in (good, bad, quorate.check([])))
    assert merged.verdict == "invalid" and merged.op_count == 4
    assert [key.key for key in merged.keys] == ["y", "x"]
    whole = quorate.check(written_and_read(1, "y") + written_and_read(None, "x"))
    assert merged.verdict == whole.verdict
    assert {key.key: key.verdict for key in merged.keys} == {
        key.key: key.verdict for key in whole.keys
    }
    assert quorate.merge(pickle.loads(pickle.dumps([merged]))).to_dict() == merged.to_dict()
    with pytest.raises(quorate.QuorateError, match='key "x" stands in two results'):
        quorate.merge([merged, bad])
    with pytest.raises(quorate.QuorateError, match="a merged result has no certificate"):
        merged.certificate()


def test_threads_check_at_the_same_time() -> None:
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(quorate.check, ALL_RECORDED * 4))
    alone = [quorate.check(path).to_dict() for path in ALL_RECORDED]
    assert [result.to_dict() for result in results] == alone * 4


INTERRUPTED = """
import functools, itertools, signal, quorate
pairs = itertools.islice(itertools.cycle(itertools.permutations(range(7), 2)), 60)
cas = [dict(process=n, f="cas", value=list(pair)) for n, pair in enumerate(pairs)]
rows = [dict(event, type=kind) for kind in ("invoke", "ok") for event in cas]
checked = []
def interrupted(*_):
    print("interrupted", "after" if checked else "during", "the check", flush=True)
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, interrupted)
check = functools.partial(quorate.check, initial=0)
signal.setitimer(signal.ITIMER_REAL, 0.2)
checked.extend(map(check, [rows]))  # no step of the interpreter in between
"""


@pytest.mark.skipif(sys.platform == "win32", reason="skipped: needs signals")
def test_a_signal_is_answered_within_a_key() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True)
    assert done.stdout == "interrupted during the check\n"
    assert done.stderr.endswith("KeyboardInterrupt\n")


def test_the_order_of_the_rows_is_that_of_their_indexes() -> None:
    rows = indexed(written_and_read(1))
    assert quorate.check(rows).verdict == "valid"
    rows[1], rows[2] = rows[2], rows[1]
    with pytest.raises(
        quorate.QuorateError, match="line 3: field `index`: index 1 follows index 2"
    ):
        quorate.check(rows)
