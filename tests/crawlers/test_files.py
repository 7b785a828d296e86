"""Exports as teams have them: any delimiter, encoding and date form, damaged or cut."""

from __future__ import annotations

import csv
import gzip
import io
import json
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from crawlers.files import FilesOptions, FilesSource
from renom.brand import Brand
from renom.contracts import Batch, Given
from renom.errors import SourceDenied, SourceError, SourceUnavailable
from renom.mention import Mention

Run = Callable[..., list[Batch]]
Import = Callable[..., list[Batch]]
BRANDS = (
    Brand("Aubélune", "aubelune", aliases=("Aube Lune",), handles={"x": "aubelune_fr"}),
    Brand("Free", "free", role="competitor"),
)


@pytest.fixture
def load(tmp_path: Path, run: Run) -> Import:
    """Import a file of the given content: text, bytes, or rows for JSON lines."""

    def once(content: Any, name: str = "export.csv", **options: Any) -> list[Batch]:
        path = tmp_path / name
        if isinstance(content, list):
            content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return run(source(path, **options))

    return once


def source(path: Path, **options: Any) -> FilesSource:
    return FilesSource("import", FilesOptions(path=str(path), **options), brands=BRANDS)


def mentions(batches: list[Batch]) -> list[Mention]:
    return [mention for batch in batches for mention in batch.mentions]


def reasons(batches: list[Batch]) -> list[str]:
    return [f"{r.item}: {r.reason}" for batch in batches for r in batch.rejected]


def given(batches: list[Batch]) -> dict[str, Given]:
    return {key: said for batch in batches for key, said in batch.given.items()}


# -- the plain form --------------------------------------------------------------------------


def test_plain_form_needs_no_mapping(load: Import) -> None:
    row = {
        "id": "567591480085463040", "text": "Jamais reçu mon colis &amp; aucune réponse",
        "title": "Colère", "label": "negative", "label_confidence": 0.7, "aspect": "livraison",
        "brand": "@AUBELUNE_FR", "lang": "fr", "time": "2026-03-10T08:00:00Z", "rating": 2,
        "author": "zoe", "followers": 120, "likes": 3, "replies": 1, "retweets": 4, "quotes": 2,
        "url": "https://x.example/s/1?utm_source=a", "source": "twitter",
    }  # fmt: skip
    batches = load([row, {**row, "id": "2" * 18, "rating": 5}], "plain.jsonl")
    found = mentions(batches)[0]
    assert found.key == "twitter:567591480085463040"
    assert (found.text, found.title) == ("Jamais reçu mon colis & aucune réponse", "Colère")
    assert (found.language, found.kind, found.url) == ("fr", "review", "https://x.example/s/1")
    assert found.published_at == datetime(2026, 3, 10, 8, tzinfo=UTC)
    assert found.rating is not None
    assert found.rating.value == 0.25
    assert (found.engagement.likes, found.engagement.replies, found.engagement.shares) == (3, 1, 6)
    assert found.author is not None
    assert (found.author.handle, found.author.followers) == ("zoe", 120)
    said = given(batches)[found.key]
    assert said.brands == ("Aubélune",)
    assert said.sentiment is not None
    assert (said.sentiment.label, said.sentiment.confidence) == ("negative", 0.7)
    assert [(a.name, a.sentiment.label) for a in said.aspects] == [("livraison", "negative")]


@pytest.mark.parametrize(
    ("label", "expected"),
    [("positive", "positive"), ("Positif", "positive"), ("NÉGATIF", "negative"),
     ("neutre", "neutral"), ("+", "positive"), ("mitigé", "neutral")],
)  # fmt: skip
def test_sentiment_words_of_other_tools(load: Import, label: str, expected: str) -> None:
    batches = load([{"text": "oui oui", "label": label, "time": "2026-03-10"}], "a.jsonl")
    (said,) = given(batches).values()
    assert said.sentiment is not None
    assert said.sentiment.label == expected


@pytest.mark.parametrize("label", ["irrelevant", "not_relevant", "cant_tell", "", None, "3"])
def test_labels_that_are_no_sentiment_say_nothing(load: Import, label: Any) -> None:
    batches = load([{"text": "oui oui", "label": label, "time": "2026-03-10"}], "a.jsonl")
    assert len(mentions(batches)) == 1
    assert given(batches) == {}


def test_unknown_brand_is_counted_and_left_to_the_queries(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "a.jsonl"
    rows = [{"text": "bla bla", "brand": b, "time": "2026-03-10"} for b in ("Acme", "free", "Acme")]
    path.write_text("\n".join(map(json.dumps, rows)))
    files = source(path)
    batches = run(files)
    assert [said.brands for said in given(batches).values()] == [("Free",)]
    assert files.unknown_brands == {"Acme": 2}


def test_aspects_with_their_own_polarity(load: Import) -> None:
    row = {
        "text": "Bon mais cher", "time": "2026-03-10", "label": "neutral",
        "aspects": [{"aspect": "Réactivité", "polarity": "positive"}, {"aspect": "prix"}],
    }  # fmt: skip
    (said,) = given(load([row], "a.jsonl")).values()
    assert {a.name: a.sentiment.label for a in said.aspects} == {
        "Réactivité": "positive", "prix": "neutral",
    }  # fmt: skip


# -- columns ---------------------------------------------------------------------------------

SURVEY = (
    "N° dossier;Date de réponse;Recommanderiez-vous Aubélune à un proche (0-10) ?;"
    "Pourquoi cette note ?;Langue\n"
    "A-1;16/03/2026 14:05;9;Très bien, merci !;FR\n"
    "A-2;15/03/2026 09:30;3;Trop d’attente ; personne ne répond;fr\n"
)


def test_survey_columns_are_recognised_in_french(load: Import) -> None:
    batches = load(SURVEY.replace("d’attente ; personne", "d’attente, personne"),
                   timezone="Europe/Paris")  # fmt: skip
    first, second = mentions(batches)
    assert (first.kind, first.text, first.language) == ("survey", "Très bien, merci !", "fr")
    assert first.rating is not None
    assert (first.rating.given, first.rating.worst, first.rating.best) == (9, 0, 10)
    assert first.published_at == datetime(2026, 3, 16, 13, 5, tzinfo=UTC)
    assert second.text == "Trop d’attente, personne ne répond"
    assert reasons(batches) == []


def test_unquoted_delimiter_in_a_text_is_named(load: Import) -> None:
    batches = load(SURVEY)
    assert len(mentions(batches)) == 1
    assert reasons(batches)[0].startswith("line 3: 6 values where the header has 5")


def test_english_export_is_recognised(load: Import) -> None:
    text = (
        'Review ID,Created At,Star Rating,Review Text,Reviewer\nr1,2026-03-01,4,"Good, fast",Bo\n'
    )
    (found,) = mentions(load(text))
    assert (found.external_id, found.text, found.kind) == ("r1", "Good, fast", "review")
    assert found.author is not None
    assert found.author.handle == "Bo"


def test_longest_text_is_the_text_when_no_name_tells(load: Import) -> None:
    text = (
        "jour,zz,qq\n2026-03-01,ok,Une phrase entière et longue\n2026-03-02,ok,Une autre phrase\n"
    )
    assert mentions(load(text))[0].text == "Une phrase entière et longue"


def test_stated_mapping_wins_and_mistakes_are_explained(load: Import, tmp_path: Path) -> None:
    text = "Date,Commentaire,Autre\n2026-03-01,public,interne\n"
    (found,) = mentions(load(text, map={"text": "Autre"}))
    assert found.text == "interne"
    with pytest.raises(SourceDenied, match="did you mean 'Commentaire'"):
        load(text, map={"text": "Comentaire"})
    with pytest.raises(ValidationError, match="did you mean"):
        FilesOptions(path="x", map={"txt": "Autre"})
    with pytest.raises(SourceDenied, match="text") as caught:
        load("date,score\n2026-03-01,4\n")
    assert "date, score" in caught.value.hint


def test_saved_mapping_is_recognised_next_time(load: Import, tmp_path: Path) -> None:
    from crawlers._columns import ColumnMap, load_mappings, recognise, save_mapping

    store = tmp_path / "mappings.yaml"
    mapping = ColumnMap(
        {"text": "Q2", "rating": "Q1", "published_at": "Fin"}, rating_scale=(0, 10),
        date_format="%m/%d/%Y", kind="survey", platform="typeform",
    )  # fmt: skip
    save_mapping(store, "nps-export", ["Fin", "Q1", "Q2"], mapping)
    save_mapping(store, "autre", ["a"], ColumnMap({"text": "a"}))
    assert recognise(["q2", "Q1", "fin"], load_mappings(store)) is not None
    (found,) = mentions(load("Q1,Q2,Fin\n7,Bien mieux,03/04/2026\n", mappings=str(store),
                             backfill="9999d", ).copy())  # fmt: skip
    assert (found.kind, found.platform, found.text) == ("survey", "typeform", "Bien mieux")
    assert found.rating is not None
    assert found.rating.value == 0.7
    assert found.published_at == datetime(2026, 3, 4, tzinfo=UTC)
    store.write_text("- not a mapping")
    with pytest.raises(SourceDenied, match="saved mappings"):
        load("Q1,Q2,Fin\n7,Bien mieux,03/04/2026\n", mappings=str(store))


# -- dates and ratings -----------------------------------------------------------------------


def test_ambiguous_day_and_month_are_refused_with_the_way_out(load: Import) -> None:
    text = "date,texte\n03/02/2026,bonjour à tous\n"
    with pytest.raises(SourceDenied, match="cannot be told apart") as caught:
        load(text)
    assert "%d/%m/%Y" in caught.value.hint
    (found,) = mentions(load(text, date_format="%d/%m/%Y"))
    assert found.published_at == datetime(2026, 2, 3, tzinfo=UTC)


def test_one_telling_date_settles_the_column(load: Import) -> None:
    text = "date,texte\n03/02/2026,bonjour à tous\n25/02/2026,encore une fois\n"
    assert [m.published_at.month for m in mentions(load(text))] == [2, 2]
    text = "date,texte\n03/02/2026,bonjour à tous\n02/25/2026,encore une fois\n"
    assert [m.published_at.month for m in mentions(load(text))] == [3, 2]


def test_bad_rows_are_named_and_the_rest_kept(load: Import) -> None:
    text = (
        "date,texte,note\n2026-03-01,Très bien ici,4\nhier,Sans date lisible,3\n"
        "2026-03-02,,5\n2026-03-03,Note hors échelle,11\n2031-01-01,Du futur lointain,2\n"
        "1985-01-01,Du passé lointain,2\n2026-03-04,Bien aussi,2\n"
    )
    batches = load(text, rating_scale=(1, 5))
    assert [m.text for m in mentions(batches)] == ["Très bien ici", "Bien aussi"]
    told = reasons(batches)
    assert [reason.split(":")[0] for reason in told] == [f"line {n}" for n in (3, 4, 5, 6, 7)]
    assert "hier" in told[0]
    assert "no text" in told[1]
    assert "outside 1..5" in told[2]
    assert "future" in told[3]
    assert "before 1995" in told[4]


def test_rows_without_any_date_need_a_stated_one(load: Import) -> None:
    with pytest.raises(SourceDenied, match="date") as caught:
        load([{"text": "bonjour"}], "a.jsonl")
    assert "published_at" in caught.value.hint
    (found,) = mentions(load([{"text": "bonjour"}], "a.jsonl", published_at="2026-02-01",
                             timezone="Europe/Paris"))  # fmt: skip
    assert found.published_at == datetime(2026, 1, 31, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "values", "expected"),
    [
        ("note", ["4", "1"], 0.75), ("Note sur 10", ["5", "1"], 0.5), ("nps", ["0", "10"], 0.0),
        ("note", ["8", "10"], 0.8), ("note", ["4,5", "0,5"], 0.9), ("note", ["3/5", "1/5"], 0.6),
        ("stars", ["★★★☆☆", "★☆☆☆☆"], 0.5),
    ],
)  # fmt: skip
def test_rating_scales(load: Import, header: str, values: list[str], expected: float) -> None:
    rows = [{"date": "2026-03-01", "texte": f"avis {v} donné", header: v} for v in values]
    found = mentions(load(rows, "a.jsonl"))[0]
    assert found.rating is not None
    assert found.rating.value == pytest.approx(expected)


# -- identity --------------------------------------------------------------------------------


def test_same_file_twice_gives_the_same_keys(load: Import) -> None:
    text = "date,texte\n2026-03-01,RAS\n2026-03-01,RAS\n2026-03-01,Bien\n"
    keys = [m.key for m in mentions(load(text, "a.csv"))]
    assert len(set(keys)) == 3
    assert [m.key for m in mentions(load(text, "renamed.csv"))] == keys


def test_row_numbers_of_two_files_do_not_collide(load: Import) -> None:
    one = mentions(load("id,date,texte\n1,2026-02-01,première vague\n", "a.csv"))[0]
    two = mentions(load("id,date,texte\n1,2026-03-01,deuxième vague\n", "b.csv"))[0]
    assert one.key != two.key


# -- encodings and damage --------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(load: Import, encoding: str, delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["date", "texte", "auteur"])
    writer.writerow(["2026-03-01", "Déçu, très déçu ; 5 € | et\n\tc’est tout", "Zoé"])
    (found,) = mentions(load(text.getvalue().encode(encoding)))
    assert found.text == "Déçu, très déçu ; 5 € | et\nc’est tout"


def test_excels_sep_line_is_understood(load: Import) -> None:
    assert mentions(load("sep=;\r\ndate;texte\r\n2026-03-01;bonjour à tous\r\n"))


def test_a_damaged_byte_does_not_turn_utf8_into_cp1252(load: Import) -> None:
    body = b"date,texte\n" + "2026-03-01,été à la forêt brûlée\n".encode() * 20
    body += b"2026-03-02,caf\xe9 noir\n"
    found = mentions(load(body))
    assert found[0].text == "été à la forêt brûlée"
    assert "caf" in found[-1].text


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "json"])
def test_file_cut_in_the_middle_keeps_the_good_rows(load: Import, kind: str, packed: bool) -> None:
    rows = [
        {"id": f"row-{n:04}", "text": f"le verbatim numéro {n * 7919 % 1000}", "time": "2026-03-01"}
        for n in range(400)
    ]
    if kind == "csv":
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]), quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
        whole = out.getvalue().encode()
    elif kind == "json":
        whole = json.dumps(rows).encode()
    else:
        whole = "\n".join(map(json.dumps, rows)).encode()
    body = gzip.compress(whole) if packed else whole
    batches = load(body[: len(body) * 2 // 3], f"a.{kind}.gz" if packed else f"a.{kind}")
    found = mentions(batches)
    assert 200 < len(found) < 300 if not packed else 50 < len(found) < 400
    assert [m.external_id for m in found] == [f"row-{n:04}" for n in range(len(found))]
    texts = {row["id"]: row["text"] for row in rows}
    assert all(m.text == texts[m.external_id] for m in found)
    assert len(reasons(batches)) in (1, 2)


def test_unclosed_quotation_mark_costs_one_row(load: Import) -> None:
    lines = [f'2026-03-01,"verbatim numéro {n}"' for n in range(500)]
    lines[100] = '2026-03-01,"jamais fermé'
    batches = load("date,texte\n" + "\n".join(lines) + "\n")
    assert len(mentions(batches)) >= 498
    assert any("line 102" in reason for reason in reasons(batches))


def test_damaged_lines_are_named(load: Import) -> None:
    good = '{"text": "bonjour", "time": "2026-03-01"}'
    body = "\n".join([good, "{oops", good, "[1]", "[" * 100_000, '{"a": 1}', "", good])
    batches = load(body, "a.jsonl")
    assert len(mentions(batches)) == 3
    assert [r.split(":")[0] for r in reasons(batches)] == ["line 2", "line 4", "line 5", "line 6"]


def test_gzip_bomb_is_bounded(load: Import) -> None:
    bomb = gzip.compress(b'{"text": "bonjour", "time": "2026-03-01"}\n' + b" " * 400_000_000, 9)
    started = time.monotonic()
    batches = load(bomb, "a.jsonl.gz")
    assert len(mentions(batches)) == 1
    assert any("unpacks to far more" in r or "longer than" in r for r in reasons(batches))
    assert time.monotonic() - started < 20


# -- spreadsheets ----------------------------------------------------------------------------


def test_spreadsheet_is_read_with_its_types(load: Import) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Identifiant", "Date de réponse", "Note", "Verbatim"])
    sheet.append([1234567, datetime(2026, 3, 1, 14, 30), 9, "Très bien"])
    sheet.append([1.2345678901234567e18, datetime(2026, 3, 2), 2, "À revoir"])
    sheet.append([None, None, None, None])
    sheet.append([7654321, "pas une date", 2, "Sans date"])
    out = io.BytesIO()
    book.save(out)
    batches = load(out.getvalue(), "a.xlsx", timezone="Europe/Paris")
    first, second = mentions(batches)
    assert (first.external_id, first.text) == ("1234567", "Très bien")
    assert first.published_at == datetime(2026, 3, 1, 13, 30, tzinfo=UTC)
    assert first.rating is not None
    assert first.rating.value == 0.9
    assert second.external_id.startswith("row-")
    assert [r.split(":")[0] for r in reasons(batches)] == ["row 5"]


def workbook(cells: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", f"<worksheet>{cells}</worksheet>")
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        workbook('<c r="A1"/><c r="XFD1048576"/>'),
        b"PK\x03\x04 cut off",
        b"\xd0\xcf\x11\xe0 old or locked",
    ],
)
def test_hostile_workbooks_are_refused(load: Import, content: bytes) -> None:
    started = time.monotonic()
    with pytest.raises(SourceDenied, match=r"a\.xlsx"):
        load(content, "a.xlsx")
    assert time.monotonic() - started < 5


# -- as a scheduled source -------------------------------------------------------------------


def test_unchanged_file_is_not_read_again(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "a.csv"
    path.write_text("date,texte\n2026-03-01,bonjour à tous\n")
    first = run(source(tmp_path))
    second = run(source(tmp_path), first[-1].cursor)
    assert (len(mentions(second)), second[-1].unchanged) == (0, 1)
    path.write_text("date,texte\n2026-03-01,bonjour à tous\n2026-03-02,bonsoir à tous\n")
    assert len(mentions(run(source(tmp_path), first[-1].cursor))) == 2


def test_killed_import_goes_on_where_it_was(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f"2026-03-01,verbatim numéro {n}\n" for n in range(2500))
    path.write_text("date,texte\n" + rows + "hier,mauvais\n")
    batches = run(source(path))
    assert [len(batch.mentions) for batch in batches] == [1000, 1000, 500]
    rest = run(source(path), batches[0].cursor)
    assert {m.key for m in mentions(rest)} == {m.key for m in mentions(batches[1:])}
    assert len(reasons(rest)) == 1


def test_one_bad_file_does_not_stop_a_folder(tmp_path: Path, run: Run) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "b.csv").write_text("date,texte\n2026-03-01,bonjour à tous\n")
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    batches = run(source(tmp_path))
    assert len(mentions(batches)) == 1
    assert reasons(batches)[0].startswith("a.csv: ")


def test_missing_and_empty_files_say_so(tmp_path: Path, run: Run) -> None:
    with pytest.raises(SourceUnavailable, match="no file"):
        run(source(tmp_path / "absent.csv"))
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(SourceError, match="no rows"):
        run(source(tmp_path / "empty.csv"))


def test_old_rows_stay_out_when_backfill_says_so(load: Import) -> None:
    text = "date,texte\n2026-03-16,bonjour à tous\n2026-01-01,bonne année à tous\n"
    assert len(mentions(load(text, backfill=timedelta(days=30)))) == 1


def test_check_tells_what_columns_are_taken_for(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Jour,Verbatim\n2026-03-01,bonjour à tous\n")
    assert source(path).check() == "a.csv: text = Verbatim, published_at = Jour"
