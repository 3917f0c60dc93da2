"""The queries of docs/analysts.md answer what stands under them there."""

import contextlib
import io
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "analysts.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", TEXT, re.DOTALL)


def program() -> Path:
    """What is to be tested: `QUORATE`, or the newest that was built."""
    if named := os.environ.get("QUORATE"):
        return Path(named)
    built = [ROOT / "target" / profile / "quorate" for profile in ("debug", "release")]
    there = [path for path in built if path.exists()]
    if not there:
        pytest.skip("skipped: needs a built quorate")
    return max(there, key=lambda path: path.stat().st_mtime)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory in which the commands of the page were performed."""
    directory = tmp_path_factory.mktemp("tables")
    (directory / "workloads").symlink_to(ROOT / "workloads")
    (directory / "bin").mkdir()
    (directory / "bin" / "quorate").symlink_to(program())
    commands = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)[0]
    path = f"{directory / 'bin'}:{os.environ['PATH']}"
    settings = {**os.environ, "PATH": path}
    subprocess.run(["sh", "-ec", commands], cwd=directory, env=settings, check=True)
    before = Path.cwd()
    os.chdir(directory)
    yield directory
    os.chdir(before)


def answer(query: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(query, "docs/analysts.md", "exec"), {})  # noqa: S102
    return out.getvalue()


@pytest.mark.parametrize("query, expected", QUERIES)
def test_query(tables: Path, query: str, expected: str) -> None:
    library = query.split()[1]
    pytest.importorskip(library, reason=f"skipped: needs {library}")
    assert answer(query) == expected


def test_all_are_found() -> None:
    assert len(QUERIES) == 3 == TEXT.count("```python")
    assert {query.split()[1] for query, _ in QUERIES} == {"duckdb", "polars"}
    latency, _, again = [expected for _, expected in QUERIES]
    assert latency == again


def test_staleness_is_that_of_the_verdict(tables: Path) -> None:
    verdict = json.loads(next(tables.glob("stale/*/verdict.json")).read_text(encoding="utf-8"))
    rows = [row.split() for row in QUERIES[1][1].splitlines()]
    reads, stale = (sum(int(row[column]) for row in rows) for column in (1, 2))
    assert (reads, stale) == (verdict["staleness"]["reads"], verdict["staleness"]["stale"])
