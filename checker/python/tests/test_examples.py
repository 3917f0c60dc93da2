"""The examples run, on workers of their own, and find the violation."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from histories import STALE, VALID

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(example: str, *arguments: str) -> str:
    with TemporaryDirectory() as directory:
        settings = {
            "PYSPARK_PYTHON": sys.executable,
            "PYSPARK_SUBMIT_ARGS": "--master local[2] --conf spark.ui.enabled=false pyspark-shell",
            "SPARK_LOCAL_IP": "127.0.0.1",
            "RAY_ADDRESS": "local",
            "RAY_AUTH_MODE": "disabled",
            "RAY_TMPDIR": directory,
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        done = subprocess.run(
            [sys.executable, EXAMPLES / example, *arguments],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_example(example: str) -> None:
    planted = run(example)
    assert planted.startswith('stale-read on key "key-7": ')
    assert planted.endswith("\ninvalid on workers, invalid in one process\n")
    assert run(example, str(VALID)).endswith("\nvalid on workers, valid in one process\n")
    stale = run(example, str(STALE))
    assert "stale-read on key" in stale
    assert stale.endswith("\ninvalid on workers, invalid in one process\n")


def test_spark_checks_by_key() -> None:
    pytest.importorskip("pyspark", reason="skipped: needs pyspark")
    if not shutil.which("java"):
        pytest.skip("skipped: needs java")
    check_example("spark_by_key.py")


def test_ray_checks_by_key() -> None:
    pytest.importorskip("ray", reason="skipped: needs ray")
    check_example("ray_by_key.py")
