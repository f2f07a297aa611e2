from __future__ import annotations

import collections
import datetime as dt
import typing as t
from collections.abc import Sequence as Seq
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Dict, List, Literal, NewType, Optional as Maybe, TypeAlias, Union
from uuid import UUID

import dspy
from pydantic import HttpUrl, PositiveInt
from typing_extensions import Literal as Choice

Mood = Literal["good", "bad"]
Moods: TypeAlias = list[Mood]
Rows = dict[str, list[int]]
UserId = NewType("UserId", int)
Score = Union[int, float, None]


class Typed(dspy.Signature):
    """Every spelling of a type."""

    mood: Mood = dspy.InputField()
    moods: Moods = dspy.InputField()
    rows: Rows = dspy.InputField()
    user: UserId = dspy.InputField()
    day: date = dspy.InputField()
    moment: dt.datetime = dspy.InputField()
    amount: Decimal = dspy.InputField()
    key: UUID = dspy.InputField()
    link: HttpUrl = dspy.InputField()
    count: PositiveInt = dspy.InputField()
    seq: Seq[int] = dspy.InputField()
    history: dspy.History = dspy.InputField()
    code: dspy.Code["python"] = dspy.OutputField()
    choice: Choice["a", 1, True, None] = dspy.OutputField()
    maybe: Maybe[str] = dspy.OutputField()
    either: int | str | None = dspy.OutputField()
    score: Score = dspy.OutputField()
    quoted: "Maybe[List[date]]" = dspy.OutputField()
    inner: List["Mood"] = dspy.OutputField()
    plain: List = dspy.OutputField()
    table: Dict[str, t.Any] = dspy.OutputField()
    anything: Any = dspy.OutputField()
    noted: Annotated[int, "from 1 to 5", print("never runs")] = dspy.OutputField()
    pair: tuple[int, str] = dspy.OutputField()
    many: t.Tuple[int, ...] = dspy.OutputField()
    ordered: collections.OrderedDict = dspy.OutputField()
    choices: Literal[
        "one",  # a comment
        "two, three",
        'it\'s',
    ] = dspy.OutputField()
