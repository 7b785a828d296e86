"""Renom: a self-hosted social listening and reputation monitor, in French and English."""

__version__ = "0.1.0"
