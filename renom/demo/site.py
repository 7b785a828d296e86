"""The demo's local web: press sites, shops and forums of the fictional world on 127.0.0.1.

Served as the real web would: robots.txt, RSS with full text, sitemap and news sitemap, article
pages with schema.org NewsArticle, product pages with schema.org reviews, forum feeds in JSON Feed
and Atom. Every page says that it is fictional.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from xml.sax.saxutils import escape as xml
from xml.sax.saxutils import quoteattr

from renom.demo.world import DemoText, Outlet, World, published_at

NEWS_SITEMAP_SPAN = timedelta(days=2)

_STYLE = """
body{font:17px/1.6 Georgia,serif;margin:0;color:#222;background:#faf8f4}
header,main,footer{max-width:44rem;margin:auto;padding:1rem}
header{border-bottom:3px double #999}header a{color:inherit;text-decoration:none}
h1{line-height:1.2}small,footer,.by{font-family:system-ui,sans-serif;color:#666}
.notice{background:#fff3c4;padding:.5rem 1rem;font:14px system-ui,sans-serif;text-align:center}
article{margin:1.5rem 0}.stars{color:#b7791f}
"""


class Site:
    """Serves the world from ``start()`` to ``stop()``; ``base`` is its address."""

    def __init__(self, world: World, *, now: datetime, port: int = 0) -> None:
        self.world = world
        self.now = now
        self.requests: list[tuple[str, str]] = []
        self._pages = dict(self._routes())
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, name="demo-site", daemon=True)

    def start(self) -> Site:
        """Begin to serve, in a thread."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def when(self, text: DemoText) -> datetime:
        """Return when a text appeared."""
        return published_at(text, self.now)

    def articles(self, outlet: str) -> list[DemoText]:
        """Return the outlet's texts, newest first."""
        return sorted(self.world.at(outlet), key=self.when, reverse=True)

    def url(self, text: DemoText) -> str:
        """Return the address of a text's page."""
        if text.kind == "review":
            return f"{self.base}/{text.outlet}/{text.product}.html#{text.id}"
        if text.kind == "article":
            return f"{self.base}/{text.outlet}/{text.slug}.html"
        return f"{self.base}/{text.outlet}/{text.id}.html"

    # -- routes

    def _routes(self) -> list[tuple[str, Callable[[], tuple[str, str]]]]:
        routes: list[tuple[str, Callable[[], tuple[str, str]]]] = [
            ("/", self._front),
            ("/robots.txt", self._robots),
        ]
        for outlet in self.world.outlets.values():
            root = f"/{outlet.key}"
            routes.append((f"{root}/", lambda o=outlet: self._home(o)))  # type: ignore[misc]
            if outlet.kind == "press":
                routes += [
                    (f"{root}/feed.xml", lambda o=outlet: self._rss(o)),  # type: ignore[misc]
                    (f"{root}/sitemap.xml", lambda o=outlet: self._sitemap(o)),  # type: ignore[misc]
                    (f"{root}/news-sitemap.xml", lambda o=outlet: self._news(o)),  # type: ignore[misc]
                ]
            if outlet.kind == "forum":
                routes.append((f"{root}/feed.json", lambda o=outlet: self._json(o, "post")))  # type: ignore[misc]
            if outlet.kind in ("press", "forum", "video"):
                routes.append((f"{root}/comments.xml", lambda o=outlet: self._atom(o, "comment")))  # type: ignore[misc]
            if outlet.kind == "shop":
                for key in self.world.products:
                    if self.world.reviews_of(key, outlet.key):
                        routes.append(
                            (f"{root}/{key}.html", lambda o=outlet, k=key: self._product(o, k))  # type: ignore[misc]
                        )
            for text in self.world.at(outlet.key):
                if text.kind == "article":
                    routes.append((f"{root}/{text.slug}.html", lambda t=text: self._article(t)))  # type: ignore[misc]
                elif outlet.kind in ("microblog", "forum", "video", "press"):
                    routes.append((f"{root}/{text.id}.html", lambda t=text: self._post(t)))  # type: ignore[misc]
        return routes

    def _front(self) -> tuple[str, str]:
        links = "".join(
            f'<li><a href="/{o.key}/">{escape(o.name)}</a> <small>{escape(o.tagline)}</small></li>'
            for o in self.world.outlets.values()
            if o.kind not in ("survey", "mailbox")
        )
        return "text/html", self._page("Le petit web", "fr", f"<ul>{links}</ul>")

    def _robots(self) -> tuple[str, str]:
        maps = [
            f"Sitemap: {self.base}/{o.key}/{name}"
            for o in self.world.outlets.values()
            if o.kind == "press"
            for name in ("sitemap.xml", "news-sitemap.xml")
        ]
        return "text/plain", "User-agent: *\nDisallow: /private/\n" + "\n".join(maps) + "\n"

    def _home(self, outlet: Outlet) -> tuple[str, str]:
        if outlet.kind == "shop":
            items = "".join(
                f'<li><a href="/{outlet.key}/{key}.html">{escape(product.name)}</a></li>'
                for key, product in self.world.products.items()
                if self.world.reviews_of(key, outlet.key)
            )
        else:
            items = "".join(
                f'<li><a href="{escape(self.url(t))}">{escape(t.title or t.text[:80])}</a></li>'
                for t in self.articles(outlet.key)
            )
        return "text/html", self._page(outlet.name, outlet.lang, f"<ul>{items}</ul>", outlet)

    def _rss(self, outlet: Outlet) -> tuple[str, str]:
        items = "".join(
            f"<item><title>{xml(t.title or '')}</title><link>{xml(self.url(t))}</link>"
            f'<guid isPermaLink="true">{xml(self.url(t))}</guid>'
            f"<pubDate>{format_datetime(self.when(t))}</pubDate>"
            f"<dc:creator>{xml(t.author)}</dc:creator><category>{xml(t.section or '')}</category>"
            f"<content:encoded>{xml(_paragraphs(t.text))}</content:encoded></item>"
            for t in self.articles(outlet.key)
            if t.kind == "article"
        )
        body = (
            '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/" '
            'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
            f"<title>{xml(outlet.name)}</title><link>{self.base}/{outlet.key}/</link>"
            f"<description>{xml(outlet.tagline)}</description>"
            f"<language>{outlet.lang}</language>{items}</channel></rss>"
        )
        return "application/rss+xml", body

    def _sitemap(self, outlet: Outlet) -> tuple[str, str]:
        urls = "".join(
            f"<url><loc>{xml(self.url(t))}</loc><lastmod>{self.when(t).isoformat()}</lastmod></url>"
            for t in self.articles(outlet.key)
            if t.kind == "article"
        )
        return "application/xml", _urlset(urls)

    def _news(self, outlet: Outlet) -> tuple[str, str]:
        urls = "".join(
            f"<url><loc>{xml(self.url(t))}</loc><news:news><news:publication>"
            f"<news:name>{xml(outlet.name)}</news:name><news:language>{outlet.lang}</news:language>"
            f"</news:publication><news:publication_date>{self.when(t).isoformat()}"
            f"</news:publication_date><news:title>{xml(t.title or '')}</news:title>"
            "</news:news></url>"
            for t in self.articles(outlet.key)
            if t.kind == "article" and self.now - self.when(t) <= NEWS_SITEMAP_SPAN
        )
        return "application/xml", _urlset(urls)

    def _json(self, outlet: Outlet, kind: str) -> tuple[str, str]:
        items = [
            {
                "id": f"{outlet.key}-{t.id}",
                "url": self.url(t),
                "title": t.title or "",
                "content_text": t.text,
                "date_published": self.when(t).isoformat(),
                "authors": [{"name": t.author}],
                "language": t.lang,
            }
            for t in self.articles(outlet.key)
            if t.kind == kind
        ]
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": outlet.name,
            "home_page_url": f"{self.base}/{outlet.key}/",
            "items": items,
        }
        return "application/feed+json", json.dumps(feed, ensure_ascii=False)

    def _atom(self, outlet: Outlet, kind: str) -> tuple[str, str]:
        entries = "".join(
            f"<entry><id>urn:demo:{outlet.key}:{t.id}</id><title>{xml(t.title or '')}</title>"
            f"<link rel='alternate' href={quoteattr(self.url(t))}/>"
            f"<published>{self.when(t).isoformat()}</published>"
            f"<updated>{self.when(t).isoformat()}</updated>"
            f"<author><name>{xml(t.author)}</name></author>"
            f'<content type="text" xml:lang="{t.lang}">{xml(t.text)}</content></entry>'
            for t in self.articles(outlet.key)
            if t.kind == kind
        )
        return "application/atom+xml", (
            '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
            f"<id>urn:demo:{outlet.key}</id><title>{xml(outlet.name)}</title>"
            f"<updated>{self.now.isoformat()}</updated>{entries}</feed>"
        )

    # -- pages

    def _article(self, text: DemoText) -> tuple[str, str]:
        outlet = self.world.outlets[text.outlet]
        when = self.when(text).isoformat()
        data = {
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "headline": text.title,
            "datePublished": when,
            "author": {"@type": "Person", "name": text.author},
            "publisher": {"@type": "Organization", "name": outlet.name},
            "inLanguage": text.lang,
        }
        body = (
            f"<h1>{escape(text.title or '')}</h1>"
            f'<p class="by">{escape(text.author)} · <time datetime="{when}">{when[:10]}</time> · '
            f"{escape(text.section or '')}</p><article>{_paragraphs(text.text)}</article>"
        )
        head = (
            f'<link rel="canonical" href="{escape(self.url(text))}">'
            f'<meta property="article:published_time" content="{when}">'
            f'<meta property="og:title" content="{escape(text.title or "")}">' + _json_ld(data)
        )
        return "text/html", self._page(text.title or "", text.lang, body, outlet, head)

    def _post(self, text: DemoText) -> tuple[str, str]:
        outlet = self.world.outlets[text.outlet]
        when = self.when(text)
        body = (
            f'<article><p class="by">{escape(text.author)} · '
            f'<time datetime="{when.isoformat()}">{when:%Y-%m-%d %H:%M}</time></p>'
            f"{_paragraphs(text.text)}</article>"
        )
        return "text/html", self._page(text.title or text.author, text.lang, body, outlet)

    def _product(self, outlet: Outlet, key: str) -> tuple[str, str]:
        product = self.world.products[key]
        french = outlet.lang == "fr"
        reviews = sorted(self.world.reviews_of(key, outlet.key), key=self.when, reverse=True)
        price, currency = (product.price_eur, "EUR") if french else (product.price_gbp, "GBP")
        description = product.description_fr if french else product.description_en
        brand = self.world.brands[product.brand].name
        data = {
            "@context": "https://schema.org",
            "@type": "Product",
            "name": product.name,
            "description": description,
            "brand": {"@type": "Brand", "name": brand},
            "offers": {"@type": "Offer", "price": price, "priceCurrency": currency},
            "aggregateRating": {
                "@type": "AggregateRating",
                "ratingValue": round(sum(r.rating or 0 for r in reviews) / len(reviews), 1),
                "reviewCount": len(reviews),
                "bestRating": 5,
            },
            "review": [
                {
                    "@type": "Review",
                    "@id": f"{self.base}/{outlet.key}/{key}.html#{r.id}",
                    "name": r.title,
                    "reviewBody": r.text,
                    "datePublished": self.when(r).isoformat(),
                    "inLanguage": r.lang,
                    "author": {"@type": "Person", "name": r.author},
                    "reviewRating": {
                        "@type": "Rating",
                        "ratingValue": r.rating,
                        "bestRating": 5,
                        "worstRating": 1,
                    },
                }
                for r in reviews
            ],
        }
        shown = "".join(
            f'<article id="{r.id}"><p class="by"><span class="stars">{"★" * (r.rating or 0)}'
            f"{'☆' * (5 - (r.rating or 0))}</span> <b>{escape(r.title or '')}</b> · "
            f"{escape(r.author)}</p><p>{escape(r.text)}</p></article>"
            for r in reviews
        )
        symbol = "€" if french else "£"
        body = (
            f"<h1>{escape(product.name)}</h1><p>{escape(description)}</p>"
            f"<p><b>{price:.2f} {symbol}</b></p>{shown}"
        )
        return "text/html", self._page(product.name, outlet.lang, body, outlet, _json_ld(data))

    def _page(
        self, title: str, lang: str, body: str, outlet: Outlet | None = None, head: str = ""
    ) -> str:
        notice = self.world.disclaimer_fr if lang == "fr" else self.world.disclaimer_en
        name = f'<a href="/{outlet.key}/">{escape(outlet.name)}</a>' if outlet else "Renom demo"
        tagline = escape(outlet.tagline) if outlet else ""
        return (
            f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
            f"<title>{escape(title)}</title><style>{_STYLE}</style>{head}</head><body>"
            f"<header><h2>{name}</h2><small>{tagline}</small></header><main>{body}</main>"
            f'<footer class="notice" data-nosnippet>{escape(notice)}</footer></body></html>'
        )

    # -- serving

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path = self.path.split("?")[0].split("#")[0]
                site.requests.append((path, self.headers.get("User-Agent", "")))
                make = site._pages.get(path)
                if make is None:
                    self._answer(404, "text/plain", b"not found\n")
                    return
                kind, text = make()
                body = text.encode()
                tag = '"' + hashlib.blake2b(body, digest_size=8).hexdigest() + '"'
                if self.headers.get("If-None-Match") == tag:
                    self._answer(304, kind, b"", tag)
                    return
                self._answer(200, kind + "; charset=utf-8", body, tag)

            do_HEAD = do_GET

            def _answer(self, status: int, kind: str, body: bytes, tag: str = "") -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                if tag:
                    self.send_header("ETag", tag)
                self.end_headers()
                if self.command == "GET" and status != 304:
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Keep quiet: the demo prints its own progress."""

        return Handler


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(part.strip())}</p>" for part in text.split("\n") if part.strip())


def _json_ld(data: object) -> str:
    # "</" would end the script element early
    body = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    return f'<script type="application/ld+json">{body}</script>'


def _urlset(urls: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">' + urls + "</urlset>"
    )
