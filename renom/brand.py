"""Brand: a name watched, ours or anybody's, with the query that finds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Role = Literal["own", "competitor", "product", "person", "partner"]
ROLES: tuple[str, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Promise:
    """What a brand claims on one aspect, to be held against what people live."""

    name: str
    aspect: str
    claim: str


@dataclass(frozen=True, slots=True)
class Brand:
    """A name watched.

    ``query`` is Boolean text (see ``renom.query``); ``aliases`` are other spellings folded onto
    this brand among the entities; ``context`` holds words that tell the company from the common
    noun; ``handles`` maps platform to official account.
    """

    name: str
    query: str
    role: Role = "own"
    aliases: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    handles: Mapping[str, str] = field(default_factory=dict)
    promises: tuple[Promise, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError(f"brand name is blank: {self.name!r}")
        if not self.query.strip():
            raise ValueError(f"query of brand {self.name!r} is blank")
        if self.role not in ROLES:
            raise ValueError(f"unknown role: {self.role!r}")
