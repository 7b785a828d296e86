"""The one HTTP layer: bounded, guarded, polite, silent about secrets."""

from __future__ import annotations

import gzip
import logging
import resource
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from pydantic import SecretStr

from crawlers._guard import GuardedBackend, PrivateAddress, is_public
from crawlers._http import Fetched, Fetcher, HttpOptions, HttpSecrets, Pace, retry_after, user_agent
from renom.errors import SourceChanged, SourceDenied, SourceUnavailable

Get = Callable[..., Fetched]


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawlers._http.random.uniform", lambda low, high: 0.01)


@pytest.fixture
def get(now: datetime) -> Get:
    def fetch(url: str, *, secrets: HttpSecrets | None = None, **options: Any) -> Fetched:
        asked = {k: options.pop(k) for k in ("etag", "modified") if k in options}
        chosen = HttpOptions(**{"allow_private": True, "pace": timedelta(0), **options})
        with Fetcher(chosen, secrets, source="s") as fetcher:
            return fetcher.get(url, now=now, **asked)

    return fetch


def test_user_agent_is_honest_and_names_the_contact(get: Get, site: Any) -> None:
    url = site.put("/", b"hello")
    assert get(url, contact="https://acme.example/bot").body == b"hello"
    assert site.asked[0].headers["user-agent"] == user_agent("https://acme.example/bot")
    assert site.asked[0].headers["user-agent"].startswith("Renom/")


def test_validators_are_sent_as_they_came(get: Get, site: Any, web: ModuleType) -> None:
    url = site.put("/", web.Answer(status=304))
    answer = get(url, etag='W/"a b"', modified="yesterday, more or less")
    assert answer.not_modified
    assert site.asked[0].headers["if-none-match"] == 'W/"a b"'
    assert site.asked[0].headers["if-modified-since"] == "yesterday, more or less"


def test_permanent_redirects_are_told_and_others_not(get: Get, site: Any, web: ModuleType) -> None:
    end = site.put("/end", b"x")
    there = {"Location": "/end"}
    assert get(site.put("/a", web.Answer(status=301, headers=there))).moved_to == end
    assert get(site.put("/b", web.Answer(status=308, headers=there))).moved_to == end
    assert get(site.put("/c", web.Answer(status=302, headers=there))).moved_to is None
    mixed = site.put("/d", web.Answer(status=302, headers={"Location": "/a"}))
    assert get(mixed).moved_to is None
    assert get(end).moved_to is None


def test_redirect_loop_ends(get: Get, site: Any, web: ModuleType) -> None:
    url = site.put("/a", web.Answer(status=302, headers={"Location": "/b"}))
    site.put("/b", web.Answer(status=302, headers={"Location": "/a"}))
    with pytest.raises(SourceDenied, match="circle"):
        get(url)
    assert site.paths() == ["/a", "/b"]


def test_endless_redirects_end(get: Get, site: Any, web: ModuleType) -> None:
    for n in range(20):
        site.put(f"/{n}", web.Answer(status=302, headers={"Location": f"/{n + 1}"}))
    with pytest.raises(SourceDenied, match="more than 8 times"):
        get(site.url("/0"))


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://x/y", "javascript:1", "", "//["])
def test_redirect_to_something_else_than_the_web_is_refused(
    get: Get, site: Any, web: ModuleType, target: str
) -> None:
    with pytest.raises(SourceDenied):
        get(site.put("/", web.Answer(status=302, headers={"Location": target})))


def test_stalling_server_is_bounded(get: Get, site: Any, web: ModuleType) -> None:
    started = time.monotonic()
    with pytest.raises(SourceUnavailable, match=r"did not finish within 0\.5 s"):
        get(site.put("/", web.Answer(b"x", stall=30)), deadline=timedelta(seconds=0.5))
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("slow", ["drip", "drip_head"])
def test_dripping_server_is_bounded(get: Get, site: Any, web: ModuleType, slow: str) -> None:
    started = time.monotonic()
    with pytest.raises(SourceUnavailable, match="did not finish"):
        get(
            site.put("/", web.Answer(b"x" * 5000, **{slow: 0.05})),
            deadline=timedelta(seconds=0.7),
        )
    assert time.monotonic() - started < 3


def test_large_body_is_cut(get: Get, site: Any, web: ModuleType) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(2000):
            yield b"x" * 50_000

    answer = get(site.put("/", web.Answer(blocks=endless)), max_size=1)
    assert answer.truncated
    assert len(answer.body) == 1_000_000


def test_gzip_bomb_is_cut_without_being_unpacked(get: Get, site: Any, web: ModuleType) -> None:
    bomb = gzip.compress(b"\0" * 100_000_000, compresslevel=9)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = get(site.put("/", web.Answer(bomb, headers={"Content-Encoding": "gzip"})), max_size=2)
    assert answer.truncated
    assert len(answer.body) == 2_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # kB


@pytest.mark.parametrize("name", ["gzip", "zlib", "raw", "members"])
def test_packed_bodies_are_unpacked(get: Get, site: Any, web: ModuleType, name: str) -> None:
    raw = zlib.compressobj(wbits=-15)
    packed = {
        "gzip": gzip.compress(b"bonjour"),
        "zlib": zlib.compress(b"bonjour"),
        "raw": raw.compress(b"bonjour") + raw.flush(),
        "members": gzip.compress(b"bon") + gzip.compress(b"jour"),
    }[name]
    encoding = "gzip" if name in ("gzip", "members") else "deflate"
    url = site.put("/", web.Answer(packed, headers={"Content-Encoding": encoding}))
    assert get(url).body == b"bonjour"


def test_damaged_gzip_keeps_what_could_be_unpacked(get: Get, site: Any, web: ModuleType) -> None:
    packed = gzip.compress(bytes(range(256)) * 2000, compresslevel=1)
    url = site.put("/", web.Answer(packed[:-300], headers={"Content-Encoding": "gzip"}))
    answer = get(url)
    assert answer.truncated
    assert (bytes(range(256)) * 2000).startswith(answer.body)
    with pytest.raises(SourceUnavailable, match="damaged"):
        get(site.put("/2", web.Answer(b"no gzip", headers={"Content-Encoding": "gzip"})))
    with pytest.raises(SourceChanged, match="br"):
        get(site.put("/3", web.Answer(b"?", headers={"Content-Encoding": "br"})))


def test_broken_connection_is_tried_again(get: Get, site: Any, web: ModuleType) -> None:
    url = site.put("/", web.Answer(b"whole", cut=2), web.Answer(b"whole"))
    assert get(url).body == b"whole"
    assert len(site.asked) == 2


def test_server_error_is_tried_again_a_few_times(get: Get, site: Any, web: ModuleType) -> None:
    url = site.put("/", web.Answer(status=500), web.Answer(b"back"))
    assert get(url).body == b"back"
    with pytest.raises(SourceUnavailable, match="HTTP 502"):
        get(site.put("/down", web.Answer(status=502)))
    assert site.paths().count("/down") == 3


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("Tue, 17 Mar 2026 09:05:00 GMT", 300),
        ("999999999999999999999", 86_400),
        ("Tue, 17 Mar 2026 08:00:00 GMT", None),
        ("0", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: int | None, now: datetime) -> None:
    expected = timedelta(seconds=seconds) if seconds is not None else None
    assert retry_after(value, now=now) == expected


@pytest.mark.parametrize("status", [429, 503])
def test_asking_to_wait_is_passed_on_and_not_retried(
    get: Get, site: Any, web: ModuleType, status: int
) -> None:
    url = site.put("/", web.Answer(status=status, headers={"Retry-After": "90"}))
    with pytest.raises(SourceUnavailable) as caught:
        get(url)
    assert caught.value.retry_after == timedelta(seconds=90)
    assert len(site.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 410, 451])
def test_refusals_need_a_person(get: Get, site: Any, web: ModuleType, status: int) -> None:
    with pytest.raises(SourceDenied, match=str(status)):
        get(site.put("/", web.Answer(status=status)))


def test_private_address_is_refused_unless_allowed(get: Get, site: Any) -> None:
    url = site.put("/", b"secret of the intranet")
    for host in (f"127.0.0.1:{site.port}", f"localhost:{site.port}", "10.0.0.1", "[::1]"):
        with pytest.raises(SourceDenied, match="not a public address"):
            get(f"http://{host}/", allow_private=False)
    assert site.asked == []
    assert get(url).status == 200


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "::1",
     "100.64.0.1", "224.0.0.1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
     "2002:7f00:0001::", "2001:0:7f00:1::", "nonsense"],
)  # fmt: skip
def test_no_detour_to_a_private_address(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


def test_the_checked_address_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is public when checked and private afterwards (DNS rebinding) gains nothing."""
    answers = iter(["8.8.8.8", "127.0.0.1"])
    connected: list[str] = []

    def resolver(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    def connect(address: Any, *_: Any, **__: Any) -> socket.socket:
        connected.append(address[0])
        raise OSError("no route")

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    monkeypatch.setattr(socket, "create_connection", connect)
    backend = GuardedBackend(allow_private=False)
    backend.start(5)
    with pytest.raises(Exception, match="no route"):
        backend.connect_tcp("rebind.example", 80)
    assert connected == ["8.8.8.8"]
    with pytest.raises(PrivateAddress):
        backend.connect_tcp("rebind.example", 80)


def test_credentials_stay_with_the_configured_host(get: Get, site: Any, web: ModuleType) -> None:
    with web.Site() as other:
        other.put("/", b"elsewhere")
        url = site.put("/", web.Answer(status=302, headers={"Location": other.url("/")}))
        assert get(url, secrets=HttpSecrets(token=SecretStr("t0ken"))).body == b"elsewhere"
        assert site.asked[0].headers["authorization"] == "Bearer t0ken"
        assert "authorization" not in other.asked[0].headers
    get(site.put("/b", b""), secrets=HttpSecrets(user=SecretStr("u"), password=SecretStr("p")))
    assert site.asked[-1].headers["authorization"].startswith("Basic ")


def test_no_secret_in_errors_or_logs(
    get: Get, site: Any, web: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = "/private/Zx81Ab92Cd03Ef14Gh25Ij36?token=s3cr3t&page=2"
    for status in (401, 404, 429, 500):
        with pytest.raises((SourceDenied, SourceUnavailable)) as caught:
            get(site.put(path, web.Answer(status=status, headers={"Retry-After": "1"})))
        told = f"{caught.value} {caught.value.hint} {caught.value!r}"
        assert "s3cr3t" not in told
        assert "Zx81" not in told
        assert "page=2" in told
    with pytest.raises(SourceUnavailable) as caught:
        get("http://user:s3cr3t@127.0.0.1:1/")
    assert "s3cr3t" not in str(caught.value)
    assert "s3cr3t" not in caplog.text


def test_unknown_host_is_unavailable(get: Get) -> None:
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        get("http://no-such-host.invalid/", deadline=timedelta(seconds=8))


def test_pace_books_one_moment_after_the_other() -> None:
    pace = Pace()
    waits = [pace.wait_for("h", 2.0, lambda: 100.0) for _ in range(3)]
    assert waits == [0.0, 2.0, 4.0]
    assert pace.wait_for("other", 2.0, lambda: 100.0) == 0.0
    assert pace.wait_for("h", 2.0, lambda: 200.0) == 0.0


def test_dates_without_a_zone_in_retry_after_are_utc() -> None:
    now = datetime(2026, 3, 17, 9, tzinfo=UTC)
    assert retry_after("Tue, 17 Mar 2026 09:00:10", now=now) == timedelta(seconds=10)
