"""What a worker process does with one downloaded body: read a page, or read a sitemap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crawlers._extraction import Extracted, extract
from crawlers._sitemap import Sitemap, SitemapError, read_sitemap
from crawlers._workers import TaskFailed

PRELOAD = (
    "crawlers._reading",
    "trafilatura",
    "htmldate",
    "tldextract",
    "extruct.jsonld",
    "extruct.w3cmicrodata",
)


def perform(task: tuple[str, Mapping[str, Any]]) -> Extracted | Sitemap:
    """Do ``("page", arguments of extract)`` or ``("sitemap", arguments of read_sitemap)``.

    Raises TaskFailed with the reason when a sitemap cannot be read.
    """
    kind, arguments = task
    if kind == "sitemap":
        try:
            return read_sitemap(**arguments)
        except SitemapError as error:
            raise TaskFailed(str(error)) from error
    return extract(**arguments)
