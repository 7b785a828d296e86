"""Relevance: decide for ambiguous names which matches are about the brand.

A Boolean query finds "Orange" the operator and the fruit. A small classifier per brand, started
from the brand's ``context`` words and improved by the team's judgements, tells them apart.
"""

from __future__ import annotations

from renom.relevance.model import LEAST_LABELS, POOL, Decision, Learner, Model, fit
from renom.relevance.sampling import Estimate, rank, share, uncertain

__all__ = [
    "LEAST_LABELS",
    "POOL",
    "Decision",
    "Estimate",
    "Learner",
    "Model",
    "fit",
    "rank",
    "share",
    "uncertain",
]
