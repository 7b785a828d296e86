"""Turn the ground's dataclasses into JSON for one column, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from renom.alert import Alert
from renom.contracts import Excerpt, Given, Message
from renom.enrichment import Enrichment
from renom.errors import StorageError

T = TypeVar("T", Alert, Enrichment, Given, Message)

_ELSEWHERE = {"fingerprint", "story"}
"""Fields of an enrichment that have tables of their own."""

# Named here so that pydantic finds what the annotations of renom.contracts speak of.
_NAMES: dict[str, Any] = {"datetime": datetime, "Mapping": Mapping, "Excerpt": Excerpt}


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    adapter.rebuild(_types_namespace=_NAMES)
    return adapter


def encode(value: Alert | Enrichment | Given | Message) -> str:
    """Return ``value`` as JSON, default values left out."""
    kind: Any = type(value)
    return _adapter(kind).dump_json(value, exclude=_ELSEWHERE, exclude_defaults=True).decode()


def decode(kind: type[T], text: str) -> T:
    """Return the ``kind`` that ``encode`` wrote; raises StorageError when it is not one."""
    try:
        value: T = _adapter(cast(Any, kind)).validate_json(text)
    except ValidationError as error:
        raise StorageError(f"a stored {kind.__name__} cannot be read") from error
    return value
