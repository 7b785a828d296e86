"""Saving batches: each mention once, the newest of it, with what the source gave."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from storage_making import NOW, enrich, mention, save

from renom.contracts import Batch, Given, Rejection, Saved
from renom.enrichment import Aspect, sentiment_of
from renom.mention import Author, Engagement, Rating
from renom.reading import Selection
from storage import mentions as mentions_module
from storage.store import Store

LATER = NOW + timedelta(hours=1)


def test_same_mention_twice_is_one(store: Store) -> None:
    first = save(store, mention(1), mention(2))
    again = save(store, mention(1), mention(2), mention(3))
    assert first == Saved(stored=2)
    assert again == Saved(stored=1, already_known=2)
    assert store.tally(Selection()).mentions == 3


def test_same_mention_twice_in_one_batch_is_one_with_the_brands_of_both(store: Store) -> None:
    old = mention(1, engagement=Engagement(likes=1))
    new = mention(1, collected_at=LATER, engagement=Engagement(likes=9))
    assert save(store, new, old).stored == 1
    assert store.found(["web:m1"])[0].mention == new


def test_everything_of_a_mention_comes_back(store: Store) -> None:
    full = mention(
        1,
        title="Panne géante 🚨",
        author=Author("a", "Élodie", 1200, "press"),
        rating=Rating(4, 1, 5),
        engagement=Engagement(likes=1, views=7),
        language="fr",
        reach=1000,
        place="FR, Lyon",
        parent_id="p",
        published_at=NOW.replace(microsecond=123456),
    )
    save(store, full)
    assert store.found(["web:m1"])[0].mention == full


def test_mention_without_brand_is_counted_and_not_kept(store: Store) -> None:
    saved = store.save_batch("presse", Batch(mentions=(mention(1),)), {}, now=NOW)
    assert saved == Saved(unmatched=1)
    assert store.found(["web:m1"]) == ()


def test_known_mention_keeps_its_brands_and_gains_more(store: Store) -> None:
    save(store, mention(1))
    enrich(store)
    assert save(store, mention(1), brands=("Free",)).already_known == 1
    assert set(store.found(["web:m1"])[0].brands) == {"Orange", "Free"}
    assert store.tally(Selection(brands=("Free",))).negative == 1
    assert store.pending_count() == 1
    assert len(store.search(Selection(brands=("Free",), query="panne")).found) == 1


def test_engagement_and_followers_follow_the_newest_snapshot(store: Store) -> None:
    save(store, mention(1, engagement=Engagement(likes=1), author=Author("a", followers=5)))
    newer = mention(
        1,
        collected_at=LATER,
        engagement=Engagement(likes=8, shares=2),
        author=Author("a", followers=6),
    )
    assert save(store, newer).updated == 1
    assert store.tally(Selection(brands=("Orange",))).engagement == 10
    assert store.found(["web:m1"])[0].mention.author == Author("a", followers=6)
    stale = mention(1, collected_at=NOW, engagement=Engagement(likes=3))
    assert save(store, stale).updated == 0
    assert store.tally(Selection()).engagement == 10


def test_what_a_newer_snapshot_does_not_know_is_kept(store: Store) -> None:
    save(store, mention(1, engagement=Engagement(likes=4), rating=Rating(2)))
    save(store, mention(1, collected_at=LATER))
    found = store.found(["web:m1"])[0].mention
    assert found.engagement.likes == 4
    assert found.rating == Rating(2)


def test_edited_text_is_searched_and_enriched_again(store: Store) -> None:
    save(store, mention(1, "Orange en panne"))
    enrich(store)
    save(store, mention(1, "Orange est rétabli", collected_at=LATER))
    assert store.pending_count() == 1
    assert store.search(Selection(query="panne")).found == ()
    assert len(store.search(Selection(query="rétabli")).found) == 1
    assert store.tally(Selection()).negative == 1
    enrich(store, label="positive")
    assert store.tally(Selection()).positive == 1
    assert store.tally(Selection()).negative == 0
    assert len(store.search(Selection(query="rétabli", labels=("positive",))).found) == 1


def test_another_source_does_not_edit_the_text(store: Store) -> None:
    save(store, mention(1, "La page entière"))
    save(store, mention(1, "La page…", collected_at=LATER), source="fil")
    assert store.found(["web:m1"])[0].mention.text == "La page entière"
    assert store.found(["web:m1"])[0].mention.source == "presse"


def test_given_sentiment_counts_at_once_and_outranks_enrichers(store: Store) -> None:
    given = Given(
        brands=("Free",),
        sentiment=sentiment_of("positive"),
        aspects=(Aspect("prix", sentiment_of("positive")),),
    )
    save(store, mention(1), given={"web:m1": given})
    assert store.tally(Selection(brands=("Free",))).positive == 1
    assert store.tally(Selection(brands=("Orange",))).mentions == 0
    enrich(store, label="negative")
    assert store.tally(Selection(brands=("Free",))).positive == 1
    shown = store.found(["web:m1"])[0].enrichment
    assert shown.sentiment == sentiment_of("positive")
    assert shown.aspects == given.aspects
    assert shown.made_by["sentiment"] == "import"


def test_withdrawn_mention_leaves_nothing(store: Store) -> None:
    save(store, mention(1), mention(2))
    enrich(store, topics=("panne",))
    saved = save(store, deleted=("web:m1", "web:unknown", "no key at all"))
    assert saved.deleted == 1
    assert store.found(["web:m1"]) == ()
    assert [f.mention.key for f in store.search(Selection(query="panne")).found] == ["web:m2"]
    assert store.tally(Selection()).mentions == 1
    assert store.by("topic", Selection())["panne"].mentions == 1


def test_cursor_is_kept_with_its_batch_or_not_at_all(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(store, mention(1), cursor={"seen": ["é"]})
    assert store.cursor("presse") == {"seen": ["é"]}
    monkeypatch.setattr("storage.sources.reject", _break)
    with pytest.raises(RuntimeError):
        save(store, mention(2), brands=("Nouvelle",), cursor={"seen": []})
    monkeypatch.undo()
    assert store.cursor("presse") == {"seen": ["é"]}
    assert store.tally(Selection()).mentions == 1
    save(store, mention(3), brands=("Autre", "Nouvelle"))
    assert set(store.by("brand", Selection())) == {"Orange", "Autre", "Nouvelle"}


def _break(*args: object, **options: object) -> None:
    raise RuntimeError("broken half-way")


def test_batch_without_cursor_leaves_the_cursor(store: Store) -> None:
    save(store, mention(1), cursor={"page": 3})
    save(store, mention(2))
    assert store.cursor("presse") == {"page": 3}
    assert store.cursor("unknown") is None


def test_rejections_are_counted_and_the_last_are_kept(store: Store) -> None:
    many = tuple(Rejection(f"line {n}", "no text") for n in range(70))
    save(store, rejected=many[:60])
    save(store, rejected=many[60:])
    kept = store.rejections("presse")
    assert [item.item for _, item in kept[:2]] == ["line 69", "line 68"]
    assert len(kept) == 50
    assert store.sources(now=NOW)[0].rejected_total == 70


def test_text_that_a_database_cannot_hold_is_mended(store: Store) -> None:
    save(store, mention(1, "avant\0après \ud800 fin", external_id="a\0b"))
    assert store.search(Selection()).found[0].mention.text == "avant après ? fin"
    assert save(store, mention(1, "avant\0après \ud800 fin", external_id="a\0b")).stored == 0


def test_keys_with_one_hash_are_two_mentions(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mentions_module, "ukey_of", lambda key, salt: 7 + salt)
    save(store, mention(1))
    assert save(store, mention(1), mention(2)) == Saved(stored=1, already_known=1)
    assert [f.mention.key for f in store.found(["web:m2", "web:m1"])] == ["web:m2", "web:m1"]


def test_many_mentions_of_one_second_all_find_room(store: Store) -> None:
    when = NOW.replace(hour=0, minute=0, second=0)
    many = [mention(n, published_at=when) for n in range(1200)]
    assert save(store, *many).stored == 1200
    assert save(store, *many).already_known == 1200


def test_mentions_with_one_id_choice_get_different_ids(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mentions_module, "_first_choice", lambda item: 1000)
    save(store, mention(1), mention(2))
    save(store, mention(3))
    assert store.tally(Selection()).mentions == 3


def test_mention_of_before_1970_is_found(store: Store) -> None:
    old = mention(1, published_at=NOW.replace(year=1955))
    save(store, old)
    when = NOW.replace(year=1955)
    chosen = Selection(start=when - timedelta(hours=3), end=when + timedelta(hours=3))
    assert store.tally(chosen).mentions == 1
    hourly = store.series(chosen, step=timedelta(hours=1), now=NOW)
    assert hourly.total.mentions == 1


def test_publication_time_never_moves(store: Store) -> None:
    save(store, mention(1))
    save(store, dataclasses.replace(mention(1), published_at=LATER, collected_at=LATER))
    assert store.found(["web:m1"])[0].mention.published_at == mention(1).published_at


def test_erasing_an_author_removes_all_of_theirs(store: Store) -> None:
    save(store, mention(1, author=Author("x")), mention(2, author=Author("y")))
    assert store.erase_author("web", "x") == 1
    assert store.erase_author("nowhere", "x") == 0
    assert store.tally(Selection()).mentions == 1


def test_retention_removes_what_is_older(store: Store) -> None:
    save(store, *[mention(n) for n in range(10)])
    assert store.apply_retention(NOW - timedelta(minutes=4)) == 5
    assert store.tally(Selection()).mentions == 5


def test_selection_and_keys_can_be_deleted(store: Store) -> None:
    save(store, *[mention(n) for n in range(4)])
    assert store.delete_mentions(["web:m1", "web:none"]) == 1
    assert store.delete_mentions(Selection(query="panne")) == 3
    assert store.counts().mentions == 0
