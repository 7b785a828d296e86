"""The command line as a person uses it."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

FEED = """<rss version="2.0"><channel><title>Presse</title>
<item><guid>1</guid><pubDate>{date}</pubDate><title>Acme augmente ses prix</title><link>https://example.org/1</link>
<description>Les clients d'Acme sont furieux.</description></item>
<item><guid>2</guid><pubDate>{date}</pubDate><title>Il pleut</title><link>https://example.org/2</link>
<description>Et il vente &lt;script&gt;alert(1)&lt;/script&gt;.</description></item>
</channel></rss>"""

CONFIG = """\
database: sqlite:///renom.db
brands:
  - {{name: Acme, query: acme}}
  - {{name: Globex, role: competitor, query: globex}}
sources:
  - {{name: presse, type: rss, url: "{url}/feed.xml"}}
nlp: [{{type: language}}, {{type: vader}}, {{type: stories}}]
alerts:
  rules: [{{name: risk, type: keyword, query: "prix"}}]
  channels: [{{name: screen, type: console}}]
  route: {{channel: screen, group_by: [brand], group_wait: 0s}}
"""

Renom = Callable[..., Any]


@pytest.fixture
def site() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = FEED.replace("{date}", format_datetime(datetime.now(UTC))).encode()
            self.send_response(200 if self.path == "/feed.xml" else 401)
            self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture
def configured(tmp_path: Path, site: str) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(url=site), "utf-8")
    return path


def test_version_and_components(renom: Renom) -> None:
    assert renom("version").out.startswith("renom ")
    listed = {(c["room"], c["type"]) for c in renom("components", "--json").json}
    assert {("sources", "rss"), ("enrichers", "vader"), ("channels", "slack")} <= listed


def test_init_writes_a_file_that_check_accepts(renom: Renom, tmp_path: Path) -> None:
    done = renom(
        "init", "--brand", "L'Occitane", "--competitor", "Yves Rocher", "--feed",
        "https://example.org/a.xml", "--site", "https://example.org/", "--email", "a@b.example",
        "-y",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    checked = renom("check", "--json")
    assert checked.code == 0, checked.out
    assert checked.json["brands"] == ["L'Occitane", "Yves Rocher"]
    again = renom("init", "--brand", "X", "-y")
    assert again.code == 2
    assert "--force" in again.err


def test_check_tells_every_problem_and_opens_no_socket(
    renom: Renom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.yaml").write_text("brnds: []\nsources:\n  - {type: rrs}\n", "utf-8")

    def refuse(*_: object) -> None:
        raise AssertionError("check opened a socket")

    monkeypatch.setattr("socket.socket.connect", refuse)
    done = renom("check")
    assert done.code == 2
    assert "line 1" in done.err
    assert "line 3" in done.err
    assert [p["line"] for p in renom("check", "--json").json["problems"]] == [1, 3]


def test_collect_enrich_search(renom: Renom, configured: Path) -> None:
    done = renom("collect", "--enrich", "--json")
    assert done.code == 0, done.err
    [source] = done.json["sources"]
    assert (source["read"], source["stored"], source["unmatched"]) == (2, 1, 1)
    found = renom("search", "acme AND prix", "--json").json["found"]
    assert [f["brands"] for f in found] == [["Acme"]]
    assert found[0]["language"] == "fr"
    assert found[0]["spans"]
    assert renom("search", "globex", "--json").json["found"] == []
    assert "augmente" in renom("search", "prix").out


def test_ad_hoc_crawl_needs_no_configuration(renom: Renom, site: str, tmp_path: Path) -> None:
    arguments = ("collect", "rss", "--url", f"{site}/feed.xml", "--query", "acme AND prix")
    done = renom(*arguments, "--dry-run", "--json")
    assert done.code == 0, done.err
    [mention] = done.json["sources"][0]["mentions"]
    assert mention["title"] == "Acme augmente ses prix"
    assert not (tmp_path / "data").exists(), "a dry run stores nothing"
    assert "Acme augmente" in renom(*arguments, "--dry-run", "--limit", 1).out
    stored = renom(*arguments, "--json").json["sources"][0]
    assert stored["stored"] == 1


def test_collect_since_and_dry_run_of_a_configured_source(renom: Renom, configured: Path) -> None:
    done = renom("collect", "presse", "--since", "7d", "--limit", 50, "--dry-run", "--json")
    assert done.code == 0, done.err
    assert len(done.json["sources"][0]["mentions"]) == 1
    assert renom("search", "--json").json["found"] == []


def test_a_wrong_name_is_said_with_the_nearest_one(renom: Renom, configured: Path) -> None:
    done = renom("collect", "presses")
    assert done.code == 2
    assert "did you mean `presse`" in done.err
    assert "Traceback" not in done.err


def test_a_denied_source_is_one_line_and_exit_one(renom: Renom, tmp_path: Path, site: str) -> None:
    text = CONFIG.format(url=site).replace("/feed.xml", "/locked")
    (tmp_path / "config.yaml").write_text(text, "utf-8")
    done = renom("collect")
    assert done.code == 1
    assert "Traceback" not in done.err
    assert "presse" in done.err
    assert "paused" in renom("sources").out
    renom("sources", "resume", "presse")
    assert renom("sources", "--json").json[0]["paused"] is False


def test_a_broken_query_names_its_column(renom: Renom, configured: Path) -> None:
    done = renom("search", "(acme")
    assert done.code == 2
    assert "column" in done.err


def rows(count: int, **more: object) -> list[dict[str, object]]:
    return [
        {
            "id": str(n),
            "text": f"Commande numéro {n} chez Acme, très déçu",
            "brand": "Acme",
            "lang": "fr",
            "label": "negative" if n % 2 else "positive",
            "time": f"2026-03-{1 + n % 9:02d}T10:00:00Z",
            "source": "twitter",
            **more,
        }
        for n in range(count)
    ]


def written(path: Path, items: list[dict[str, object]]) -> Path:
    lines = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(lines.encode()))
    else:
        path.write_text(lines, "utf-8")
    return path


def test_import_counts_and_keeps_labels(renom: Renom, configured: Path, tmp_path: Path) -> None:
    bad = [{"id": "x", "text": "", "time": "2026-03-01T10:00:00Z"}, {"id": "y", "text": "acme"}]
    path = written(tmp_path / "tweets.jsonl.gz", [*rows(20), *bad])
    done = renom("import", path, "--json")
    assert done.code == 0, done.err
    result = done.json
    assert (result["read"], result["stored"], result["already_known"]) == (22, 20, 0)
    assert result["rejected"] == 2
    assert all(r["item"] and r["reason"] for r in result["rejections"])
    again = renom("import", path, "--json").json
    assert (again["stored"], again["already_known"]) == (0, 20)
    found = renom("search", "--brand", "Acme", "--label", "negative", "--limit", 50, "--json").json
    assert len(found["found"]) == 10


def test_import_with_a_saved_mapping(renom: Renom, configured: Path, tmp_path: Path) -> None:
    path = tmp_path / "enquete.csv"
    path.write_text(
        "Réf;Quand;Score;Ce que vous en pensez\n"
        "1;2026-03-01 10:00;9;Acme est à l'écoute\n"
        "2;2026-03-02 10:00;2;Acme ne répond jamais\n",
        "cp1252",
    )
    done = renom(
        "import", path, "--map", "id=Réf", "--map", "published_at=Quand", "--map", "rating=Score",
        "--map", "text=Ce que vous en pensez", "--scale", "0..10", "--kind", "survey",
        "--save-as", "enquete", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.json["stored"] == 2
    other = tmp_path / "suite.csv"
    other.write_text(
        "Réf;Quand;Score;Ce que vous en pensez\n3;2026-03-03 10:00;5;Acme, sans plus\n", "utf-8"
    )
    assert renom("import", other, "--json").json["stored"] == 1
    [last] = renom("search", '"sans plus"', "--json").json["found"]
    assert last["rating"]["given"] == 5
    assert last["rating"]["best"] == 10


def test_import_without_configuration_takes_the_brands_the_file_names(
    renom: Renom, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.jsonl", rows(4))
    done = renom("import", path, "--json")
    assert done.code == 0, done.err
    assert done.json["stored"] == 4
    assert done.json["brands"] == {"Acme": 4}


@pytest.mark.data
def test_six_airlines_are_counted_as_in_the_file(renom: Renom, data: Path, tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    config = (root / "examples" / "airlines.yaml").read_text("utf-8")
    (tmp_path / "config.yaml").write_text(
        config + "\nnlp: [{type: language}, {type: vader}, {type: stories}]\n", "utf-8"
    )
    folder = data / "airline_tweets"
    with gzip.open(folder / "tweets.jsonl.gz", "rt", encoding="utf-8") as file:
        truth = Counter((r["brand"], r["label"]) for r in map(json.loads, file))
    done = renom("import", folder, "--json")
    assert done.code == 0, done.err
    assert done.json["read"] == done.json["stored"] == truth.total()

    from renom.app import App, load_config
    from renom.reading import Selection

    app = App(load_config(str(tmp_path / "config.yaml")))
    for brand in {brand for brand, _ in truth}:
        tally = app.store.tally(Selection(brands=(brand,)))
        assert tally.negative == truth[brand, "negative"]
        assert tally.neutral == truth[brand, "neutral"]
        assert tally.positive == truth[brand, "positive"]
        assert tally.mentions == sum(truth[brand, k] for k in ("negative", "neutral", "positive"))
    again = renom("import", folder, "--json").json
    assert (again["stored"], again["already_known"]) == (0, truth.total())


def test_alerts_list_ack_and_silence(renom: Renom, configured: Path, tmp_path: Path) -> None:
    renom("collect", "--enrich")
    evaluated = renom("alerts", "evaluate")
    assert evaluated.code == 0, evaluated.err
    [alert] = renom("alerts", "list", "--json").json
    assert alert["alert"]["labels"]["brand"] == "Acme"
    assert renom("alerts", "ack", alert["id"], "--by", "lea").code == 0
    assert renom("alerts", "list", "--json").json[0]["acknowledged_by"] == "lea"
    silenced = renom("alerts", "silence", "brand=Acme", "--for", "2h", "--json")
    assert silenced.code == 0, silenced.err
    assert '"brand": "Acme"' in renom("alerts", "silence").out
    assert renom("alerts", "silence", "brand").code == 2


def test_alerts_test_says_what_happened(renom: Renom, configured: Path) -> None:
    done = renom("alerts", "test", "screen")
    assert done.code == 0, done.err
    assert "sent" in done.out


def test_rebuild_and_enrich_again(renom: Renom, configured: Path) -> None:
    renom("collect", "--enrich")
    assert renom("rebuild").code == 0
    again = renom("enrich", "--again", "--json").json
    assert (again["enriched"], again["pending"]) == (1, 0)


def test_outside_text_does_not_drive_the_terminal(
    renom: Renom, configured: Path, tmp_path: Path
) -> None:
    evil = "Acme \x1b[31m[bold]rouge[/bold]\x07 \u202e fin"
    written(tmp_path / "a.jsonl", [{**rows(1)[0], "text": evil}])
    renom("import", tmp_path / "a.jsonl")
    shown = renom("search", "acme").out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[bold]rouge[/bold]" in shown


def test_every_command_has_help_and_a_readme_row() -> None:
    from renom.commands.main import app

    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")
    names = [c.name for c in app.registered_commands] + [g.name for g in app.registered_groups]
    for name in names:
        assert f"`renom {name}`" in readme
    for command in app.registered_commands:
        assert (command.callback.__doc__ or "").strip()
