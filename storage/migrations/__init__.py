"""Migrations: every form the database ever had, and how to reach the newest."""

from __future__ import annotations

HEAD = "0002"
"""The newest revision; a test holds it to what the folder ``versions`` says."""
