"""Client histories in, verdicts with proofs out.

>>> import quorate
>>> result = quorate.check("history.jsonl")
>>> result.verdict
'invalid'
>>> print(next(key for key in result.keys if not key.valid))
stale-read on key "x": a read missed a write that had completed before it began
...
"""

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any, Literal, Protocol, Union, final

__all__ = ["KeyResult", "QuorateError", "Result", "check", "merge", "verify"]

_Verdict = Literal["valid", "invalid", "unknown"]

class _Polars(Protocol):
    def to_dicts(self) -> list[dict[str, Any]]: ...

class _Arrow(Protocol):
    def to_pylist(self) -> list[dict[str, Any]]: ...

class _Pandas(Protocol):
    def to_dict(self, orient: Any) -> Any: ...

# A file (history.jsonl, Jepsen's EDN or an etcd log, found by itself) or a table: an event a row, with
# the fields of history.jsonl, in real-time order.
_Source = Union[str, PathLike[str], Iterable[Mapping[str, Any]], _Polars, _Arrow, _Pandas]

class QuorateError(ValueError):
    """What is wrong with a history, an option or a certificate, where, and what would be right."""

@final
class KeyResult:
    """The result for one key. Plain data: it pickles. `print` tells the story."""

    def __new__(cls, state: str) -> KeyResult:
        """For pickle."""

    @property
    def key(self) -> Any:
        """The key; None where the history has none."""

    @property
    def verdict(self) -> _Verdict: ...
    @property
    def valid(self) -> bool | None:
        """The verdict; None if it is unknown."""

    @property
    def op_count(self) -> int:
        """How many operations the key has."""

    @property
    def engine(self) -> str:
        """What decided: zones, chains, depth-first or frontier."""

    @property
    def why(self) -> str:
        """Why that engine."""

    @property
    def anomaly(self) -> str | None:
        """What the violation is called, such as stale-read."""

    @property
    def title(self) -> str | None:
        """The violation in one line."""

    @property
    def story(self) -> list[str] | None:
        """Why no order explains the operations, a sentence or two a line."""

    @property
    def timeline(self) -> str | None:
        """These operations over time."""

    @property
    def conditions(self) -> dict[str, dict[str, Any]] | None:
        """With condition="all": each condition by name, from the strongest on, with its "verdict",
        and "story" and "timeline" where it breaks, or "why" where nobody can tell."""

    @property
    def staleness(self) -> dict[str, Any] | None:
        """With condition="all": how stale reads are, or "why" that cannot be told."""

    def to_dict(self) -> dict[str, Any]:
        """Everything, in the words of `quorate check --json`."""

@final
class Result:
    """The result for a history. Plain data: it pickles."""

    def __new__(cls, state: str) -> Result:
        """For pickle."""

    @property
    def verdict(self) -> _Verdict:
        """That of the worst key."""

    @property
    def valid(self) -> bool | None:
        """The verdict; None if it is unknown."""

    @property
    def keys(self) -> tuple[KeyResult, ...]:
        """One result a key, in the order in which the history has them."""

    @property
    def op_count(self) -> int:
        """How many operations the history has."""

    @property
    def truncated_at_line(self) -> int | None:
        """Where the file ends in the middle of an event: it was checked up to there."""

    @property
    def conditions(self) -> dict[str, _Verdict] | None:
        """With condition="all": the worst verdict of all keys on each condition."""

    def certificate(self) -> str:
        """The proofs as JSON, for `quorate.verify` and for `quorate verify` on the command line.

        Raises QuorateError for a merged result: each partition has its own.
        """

    def to_dict(self) -> dict[str, Any]:
        """Everything but the certificate, in the words of `quorate check --json`."""

def check(
    source: _Source,
    *,
    model: Literal["register", "multi-register", "mutex", "kv"] | None = None,
    initial: Any = None,
    failed_cas: Literal["ignore", "mismatch"] = "ignore",
    nil_read: Literal["value", "any"] = "value",
    budget: str | None = None,
    condition: Literal["linearizable", "all"] = "linearizable",
) -> Result:
    """Checks a history.

    Options are those of `quorate check`. Raises QuorateError, with line and field, for what is no
    history (the rows of a table count as lines, from 1), and OSError for what cannot be opened.

    >>> rows = [
    ...     {"process": 0, "type": "invoke", "f": "write", "key": "x", "value": 1},
    ...     {"process": 0, "type": "ok", "f": "write", "key": "x", "value": 1},
    ...     {"process": 1, "type": "invoke", "f": "read", "key": "x", "value": None},
    ...     {"process": 1, "type": "ok", "f": "read", "key": "x", "value": None},
    ... ]
    >>> quorate.check(rows)
    <quorate.Result invalid: 1 of 1 keys invalid, 2 operations>
    """

def verify(source: _Source, certificate: str) -> _Verdict:
    """Checks a certificate against its history, and returns the verdict that it proves.

    Raises QuorateError if it proves nothing.

    >>> quorate.verify("history.jsonl", quorate.check("history.jsonl").certificate())
    'valid'
    """

def merge(results: Iterable[Result]) -> Result:
    """Puts the results of partitions together: the worst verdict of all.

    A history is linearizable exactly if that of each key is (Herlihy and Wing, 1990), so partitions
    by key are checked apart. Raises QuorateError if a key stands in two of them.

    >>> quorate.merge(quorate.check(rows) for rows in partitions).verdict
    'valid'
    """
