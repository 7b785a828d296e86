"""Make mentions that wait for understanding."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

import pytest

from renom.contracts import Pending
from renom.enrichment import Enrichment
from renom.mention import Mention

Make = Callable[..., Pending]
_NOW = datetime(2026, 3, 17, 9, 0, tzinfo=UTC)


@pytest.fixture
def pending() -> Make:
    """``pending(text, language=..., declared=..., title=..., brands=...)``."""
    numbers = count(1)

    def make(
        text: str,
        *,
        language: str | None = None,
        declared: str | None = None,
        title: str | None = None,
        brands: tuple[str, ...] = (),
    ) -> Pending:
        number = next(numbers)
        mention = Mention(
            "x", str(number), "s", None, "post", text, _NOW, _NOW, title=title, language=declared
        )
        return Pending(number, mention, brands, Enrichment(mention.key, language=language))

    return make
