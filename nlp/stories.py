"""Fingerprint texts, so that reposts and syndicated copies form one story."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from hashlib import blake2b
from typing import ClassVar

from nlp import _text
from renom.contracts import Enricher, Partial, Pending
from renom.enrichment import Fingerprint
from renom.mention import Mention

_READ = 50_000
_SINGULAR = 5
"""A text of fewer words is no copy: many people write ``Très bien``, each on their own."""
_LONG = 40
"""From this many words shingles are of three words, below of four characters."""

_PERMUTATIONS = 128
_SEED = 42
_ROWS = 3
_BANDS = {"w3": 12, "c4": 10}
"""Bands of each kind of shingles.

Of near copies (cut by 15 or 30 %, 5 or 10 % of words replaced, a header and footer, a repost mark)
they find as many as 25 bands of 5 rows did, at under half the hashes: 98.8 and 97.4 % of long
texts with 5 % of words replaced, 68.5 and 69.0 % of those cut by 30 %; 93.8 and 93.9 %, 47.7 and
48.0 % of short ones. Measured on 2,244 reviews and 2,500 of 4,578 posts; no two unlike reviews
shared a band, and a post met 39 (before: 21) others of 100,000.
"""
_PIECE = re.compile(r"[^\W_]+")
_ROW = struct.Struct(f"<b{_ROWS}I")


def _signed(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little", signed=True)


def words(text: str) -> list[str]:
    """Return the folded words of ``text`` without addresses, handles and punctuation."""
    return _PIECE.findall(_text.fold_text(_text.plain(text[:_READ])))


def fingerprint(mention: Mention) -> Fingerprint:
    """Return what copies of a mention's text share.

    MinHash (Broder 1997) with 128 permutations, of which the first 36 or 30 form bands of 3
    rows: long texts that share half of their shingles share a band in 80 of 100 cases.
    """
    from rensa import RMinHash

    found = words(mention.full_text)
    if len(found) < _SINGULAR:
        return Fingerprint(_signed(f"{mention.key}\n{mention.full_text}".encode()))
    joined = " ".join(found)
    if len(found) >= _LONG:
        kind = "w3"
        shingles = [" ".join(found[i : i + 3]) for i in range(len(found) - 2)]
    else:
        kind = "c4"
        shingles = list({joined[i : i + 4] for i in range(max(1, len(joined) - 3))})
    hasher = RMinHash(num_perm=_PERMUTATIONS, seed=_SEED)
    hasher.update(shingles)
    signature = hasher.digest()
    bands = tuple(
        _signed(_ROW.pack(band, *signature[band * _ROWS : (band + 1) * _ROWS]))
        for band in range(_BANDS[kind])
    )
    return Fingerprint(
        exact=_signed(joined.encode()),
        bands=bands,
        signature=struct.pack(f"<{_PERMUTATIONS}I", *signature),
        algorithm=f"{kind}-rminhash{_PERMUTATIONS}-{_SEED}",
    )


class Stories(Enricher):
    """Set ``fingerprint``: an exact hash of the normalised text and MinHash bands."""

    assigns: ClassVar[tuple[str, ...]] = ("fingerprint",)
    version: ClassVar[str] = "1"

    def enrich(self, batch: Sequence[Pending]) -> list[Partial]:
        """Return ``{"fingerprint": Fingerprint}`` for each mention."""
        return [{"fingerprint": fingerprint(pending.mention)} for pending in batch]
