import enum
from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto
from typing import Annotated, NamedTuple, Optional

import dspy
from typing_extensions import NotRequired, TypedDict
from pydantic import BaseModel, ConfigDict, Field, field_validator

class Color(str, Enum):
    """Colors."""
    RED = "red"
    BLUE = "blue"

class Level(IntEnum):
    LOW = auto()
    HIGH = auto()

class Kind(enum.StrEnum):
    NEWS = auto()
    BLOG = "weblog"

@dataclass
class Place:
    city: str
    zip: int = 0
    tags: list[str] = field(default_factory=list)

class Opts(TypedDict, total=False):
    a: int
    b: NotRequired[str]

class Pair(NamedTuple):
    x: int
    y: float

class Person(BaseModel):
    """A person.

    Somebody.
    """
    model_config = ConfigDict(extra="forbid")
    name: str = Field(description="full name", min_length=1)
    age: Optional[int] = Field(None, ge=0, le=150)
    color: Color = Color.RED
    home: "Place"
    nick: Annotated[str, Field(description="short")] = "x"
    _private: int = 1

    @field_validator("name")
    def check(cls, v):
        return v

class Employee(Person):
    boss: Person | None = None
    levels: dict[str, Level]

class Node(BaseModel):
    children: list["Node"]

class Extract(dspy.Signature):
    """Extract people."""
    text: str = dspy.InputField()
    opts: Opts = dspy.InputField()
    people: list[Employee] = dspy.OutputField(desc="who")
    kind: Kind = dspy.OutputField()
    pair: Pair = dspy.OutputField()
    tree: Node = dspy.OutputField()

sig = dspy.Signature("text -> person: Person, color: Color")
