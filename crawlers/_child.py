"""The process that crawls: ``python -m crawlers._child``, a plan on stdin, JSON lines on stdout.

A Twisted reactor cannot be started twice and hostile pages can take a process down, so each crawl
has its own. The last line is ``{"t": "end", ...}``; without it the process crashed. Stdin stays
open as long as the parent lives: when it closes, the child ends at once.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

MEMORY_LIMIT = 1024
"""Megabytes a crawl may take beyond what it began with."""


def settings(plan: Any) -> dict[str, Any]:
    """Return Scrapy's settings for a plan. Scrapy 2.19's own defaults are not polite."""
    slow = plan.pace > 0
    return {
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_USER_AGENT": "Renom",
        "USER_AGENT": plan.user_agent,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1 if slow else 8,
        "DOWNLOAD_DELAY": plan.pace,
        "AUTOTHROTTLE_ENABLED": slow,
        "AUTOTHROTTLE_START_DELAY": plan.pace,
        "AUTOTHROTTLE_MAX_DELAY": 60,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": 1.0,
        "DOWNLOAD_TIMEOUT": plan.timeout,
        "DOWNLOAD_MAXSIZE": plan.max_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "RETRY_TIMES": 2,
        "RETRY_PRIORITY_ADJUST": 0,
        "REDIRECT_MAX_TIMES": 5,
        "METAREFRESH_ENABLED": False,
        "REFERER_ENABLED": False,
        "COOKIES_ENABLED": False,
        "HTTPPROXY_ENABLED": False,
        "HTTPCACHE_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "MEMUSAGE_LIMIT_MB": MEMORY_LIMIT + peak_memory(),
        "DOWNLOAD_HANDLERS": {"file": None, "data": None, "ftp": None, "s3": None},
        "DNS_RESOLVER": (
            "scrapy.resolver.CachingThreadedResolver"
            if plan.allow_private
            else "crawlers._politeness.GuardedResolver"
        ),
        "DOWNLOADER_MIDDLEWARES": {
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
            "crawlers._politeness.AddressGuard": 50,
            "crawlers._politeness.StrictRobots": 100,
            "crawlers._politeness.PatientRetry": 550,
        },
        "RENOM_ALLOW_PRIVATE": plan.allow_private,
        "RENOM_OWN": list(plan.own),
        "LOG_LEVEL": "ERROR",
        "LOG_ENABLED": True,
    }


def peak_memory() -> int:
    """Return the peak resident memory in megabytes that this process counts as its own.

    A process begins with the peak of the one that started it (Linux carries ``ru_maxrss`` over
    vfork and exec), and Scrapy's limit compares that figure: beside a parent with language models
    in memory a fixed limit would end every crawl before its first page.
    """
    try:
        import resource
    except ImportError:  # not on Windows, where Scrapy has no memory limit either
        return 0
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit


def main() -> None:
    """Crawl once."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not break the lines
    data = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    lock = threading.Lock()

    def emit(record: dict[str, Any]) -> None:
        line = json.dumps(record, ensure_ascii=True)
        with lock:
            out.write(line + "\n")
            out.flush()

    from crawlers._plan import Plan

    plan = Plan.from_json(data)
    end = _crawl(plan, emit)
    emit(end)
    out.close()
    os._exit(0)  # nothing is left to clean up, and taking Scrapy apart costs a second


def _end_with_parent() -> None:
    while sys.stdin.read(4096):
        pass
    os._exit(3)


def _crawl(plan: Any, emit: Any) -> dict[str, Any]:
    from scrapy.crawler import AsyncCrawlerProcess

    from crawlers._extraction import PRELOAD, read_page
    from crawlers._spider import PageSpider
    from crawlers._workers import WorkerPool

    size = max(1, min(2, os.cpu_count() or 1))
    pool = WorkerPool(read_page, size=size, limit=plan.read_limit, preload=PRELOAD)

    process = AsyncCrawlerProcess(settings(plan))
    crawler = process.create_crawler(PageSpider)
    process.crawl(crawler, plan=plan, pool=pool, emit=emit)
    process.start()
    spider: Any = crawler.spider
    stats = crawler.stats.get_stats() if crawler.stats else {}
    if spider is None or process.bootstrap_failed:
        return {"t": "failed"}
    waiting = [*spider.retry_later, *spider.open.values()]
    dated = [moment for moment in waiting if moment is not None]
    return {
        "t": "end",
        "reason": stats.get("finish_reason", ""),
        "newest": spider.newest.isoformat() if spider.newest else None,
        "left": len(waiting),
        "left_from": min(dated).isoformat() if dated else None,
        "over_limit": spider.over_limit,
        "asked_to_wait": spider.asked_to_wait,
        "stats": {k: v for k, v in stats.items() if isinstance(v, int | float)},
    }


if __name__ == "__main__":
    # the workers import this file as a module of another name; only the crawl itself runs it
    main()
