"""Relevance: decide for ambiguous names which matches are about the brand.

A Boolean query finds "Orange" the operator and the fruit. A small classifier per brand, started
from the brand's ``context`` words and improved by the team's judgements, tells them apart. It is
in ``renom.relevance.model``, which loads numpy and is imported where it is used.
"""

from __future__ import annotations

from renom.relevance.sampling import POOL, Estimate, rank, share, uncertain
from renom.relevance.sieve import LEAST_LABELS, Lessons, Sieve

__all__ = [
    "LEAST_LABELS",
    "POOL",
    "Estimate",
    "Lessons",
    "Sieve",
    "rank",
    "share",
    "uncertain",
]
