"""The queue of enriching, and stories."""

from __future__ import annotations

from datetime import timedelta

from storage_making import NOW, enrich, mention, save

from renom.enrichment import BrandSentiment, Enrichment, Entity, Fingerprint, sentiment_of
from renom.reading import Selection
from storage.store import Store

LEASE = timedelta(minutes=5)


def test_newest_wait_first_and_two_workers_never_share(store: Store) -> None:
    save(store, *[mention(n) for n in range(1, 7)])
    one = store.claim_pending(now=NOW, limit=4, lease=LEASE)
    two = store.claim_pending(now=NOW, limit=4, lease=LEASE)
    assert [item.mention.external_id for item in one] == ["m1", "m2", "m3", "m4"]
    assert [item.mention.external_id for item in two] == ["m5", "m6"]
    assert one[0].brands == ("Orange",)
    assert store.claim_pending(now=NOW, limit=4, lease=LEASE) == []


def test_lease_that_ran_out_frees_its_mentions(store: Store) -> None:
    save(store, mention(1))
    store.claim_pending(now=NOW, limit=1, lease=LEASE)
    assert store.claim_pending(now=NOW + LEASE / 2, limit=1, lease=LEASE) == []
    assert len(store.claim_pending(now=NOW + LEASE, limit=1, lease=LEASE)) == 1


def test_enrichment_comes_back_as_it_was_kept(store: Store) -> None:
    save(store, mention(1))
    (item,) = store.claim_pending(now=NOW, limit=1, lease=LEASE)
    kept = Enrichment(
        "web:m1",
        language="fr",
        sentiment=sentiment_of("negative", 0.7),
        brand_sentiments=(BrandSentiment("Orange", sentiment_of("positive")),),
        entities=(Entity("Orange", "organisation", "Orange", 10, 16, "Orange"),),
        topics=("réseau", "panne"),
        risk=0.5,
        made_by={"language": "language/1"},
    )
    assert store.save_enrichments([(item, kept)], now=NOW) == 1
    assert store.found(["web:m1"])[0].enrichment == kept
    assert store.tally(Selection()).negative == 1
    assert store.tally(Selection(brands=("Orange",))).positive == 1
    assert store.by("language", Selection())["fr"].mentions == 1
    assert store.pending_count() == 0


def test_enriching_twice_counts_once(store: Store) -> None:
    save(store, mention(1))
    (item,) = store.claim_pending(now=NOW, limit=1, lease=LEASE)
    done = [(item, Enrichment("web:m1", sentiment=sentiment_of("negative"), topics=("a",)))]
    store.save_enrichments(done, now=NOW)
    store.save_enrichments(done, now=NOW)
    assert store.tally(Selection()).negative == 1
    assert store.by("topic", Selection())["a"].mentions == 1
    assert len(store.search(Selection(query="panne")).found) == 1


def test_mention_deleted_meanwhile_is_not_kept(store: Store) -> None:
    save(store, mention(1))
    (item,) = store.claim_pending(now=NOW, limit=1, lease=LEASE)
    store.delete_mentions(["web:m1"])
    assert store.save_enrichments([(item, Enrichment("web:m1"))], now=NOW) == 0
    assert store.counts().enriched == 0


def test_mention_edited_meanwhile_waits_again(store: Store) -> None:
    save(store, mention(1, "avant"))
    (item,) = store.claim_pending(now=NOW, limit=1, lease=LEASE)
    save(store, mention(1, "après", collected_at=NOW + LEASE))
    done = [(item, Enrichment("web:m1", sentiment=sentiment_of("negative")))]
    assert store.save_enrichments(done, now=NOW) == 0
    (again,) = store.claim_pending(now=NOW, limit=1, lease=LEASE)
    assert again.mention.text == "après"


def test_brand_gained_meanwhile_keeps_the_mention_waiting(store: Store) -> None:
    save(store, mention(1))
    (item,) = store.claim_pending(now=NOW, limit=1, lease=LEASE)
    save(store, mention(1), brands=("Free",))
    store.save_enrichments([(item, Enrichment("web:m1"))], now=NOW)
    (again,) = store.claim_pending(now=NOW, limit=1, lease=LEASE)
    assert set(again.brands) == {"Orange", "Free"}


def test_what_is_selected_can_be_enriched_again(store: Store) -> None:
    save(store, mention(1, "Orange en panne"), mention(2, "Orange va bien"))
    enrich(store)
    assert store.mark_pending(Selection(query="panne")) == 1
    assert store.tally(Selection()).negative == 2
    enrich(store, label="positive")
    tally = store.tally(Selection())
    assert (tally.negative, tally.positive) == (1, 1)


# -- stories ---------------------------------------------------------------------------------


def _with_prints(store: Store, prints: dict[str, Fingerprint]) -> None:
    pending = store.claim_pending(now=NOW, limit=100, lease=LEASE)
    done = [
        (item, Enrichment(item.mention.key, fingerprint=prints[item.mention.key]))
        for item in pending
    ]
    store.save_enrichments(done, now=NOW)


def test_copies_form_one_story_named_after_the_earliest(store: Store) -> None:
    save(store, mention(5), mention(9), mention(7))
    prints = {f"web:m{n}": Fingerprint(11) for n in (5, 7)} | {"web:m9": Fingerprint(12)}
    _with_prints(store, prints)
    found = {f.mention.key: f for f in store.search(Selection()).found}
    assert found["web:m5"].enrichment.story == "web:m7"
    assert found["web:m5"].story_size == 2
    assert found["web:m9"].enrichment.story == "web:m9"
    assert store.tally(Selection()).stories == 2
    assert [f.mention.key for f in store.story("web:m5")] == ["web:m7", "web:m5"]


def test_earlier_copy_that_comes_late_opens_the_story(store: Store) -> None:
    save(store, mention(5))
    _with_prints(store, {"web:m5": Fingerprint(11)})
    save(store, mention(50))
    assert store.tally(Selection()).stories == 2
    _with_prints(store, {"web:m50": Fingerprint(11)})
    assert store.tally(Selection()).stories == 1
    assert store.found(["web:m5"])[0].enrichment.story == "web:m50"


def test_near_copies_share_a_band_and_most_of_the_signature(store: Store) -> None:
    near = bytes(range(256)) * 2
    far = bytes(reversed(range(256))) * 2
    save(store, mention(1), mention(2), mention(3))
    prints = {
        "web:m1": Fingerprint(1, (100, 101), near, "w3-test"),
        "web:m2": Fingerprint(2, (100, 102), near[:400] + far[400:], "w3-test"),
        "web:m3": Fingerprint(3, (100, 103), far, "w3-test"),
    }
    _with_prints(store, prints)
    assert store.found(["web:m1"])[0].enrichment.story == "web:m2"
    assert store.found(["web:m3"])[0].enrichment.story == "web:m3"


def test_same_text_weeks_apart_is_another_story(store: Store) -> None:
    day = 24 * 60
    save(store, mention(1), mention(20 * day))
    prints = {key: Fingerprint(11) for key in ("web:m1", f"web:m{20 * day}")}
    _with_prints(store, prints)
    assert store.tally(Selection()).stories == 2


def test_story_that_goes_on_stays_one(store: Store) -> None:
    day = 24 * 60
    for days in (30, 20, 10, 0):
        save(store, mention(days * day + 1))
        _with_prints(store, {f"web:m{days * day + 1}": Fingerprint(11)})
    assert store.tally(Selection()).stories == 1


def test_story_whose_first_mention_is_deleted_passes_on(store: Store) -> None:
    save(store, mention(1), mention(2), mention(3))
    _with_prints(store, {f"web:m{n}": Fingerprint(11) for n in (1, 2, 3)})
    store.delete_mentions(["web:m3"])
    assert store.tally(Selection()).stories == 1
    found = store.found(["web:m1"])[0]
    assert (found.enrichment.story, found.story_size) == ("web:m2", 2)


def test_selecting_stories_keeps_the_earliest_selected(store: Store) -> None:
    save(store, mention(1), mention(2), source="a")
    save(store, mention(3), source="b")
    _with_prints(store, {f"web:m{n}": Fingerprint(11) for n in (1, 2, 3)})

    def keys(chosen: Selection) -> list[str]:
        return [f.mention.key for f in store.search(chosen).found]

    assert keys(Selection(stories=True)) == ["web:m3"]
    assert keys(Selection(stories=True, sources=("a",))) == ["web:m2"]
    assert store.tally(Selection(stories=True, sources=("a",))).mentions == 1


# -- corrections -----------------------------------------------------------------------------


def test_correction_shows_counts_and_survives_enriching_again(store: Store) -> None:
    save(store, mention(1), brands=("Orange", "Free"))
    enrich(store, label="negative")
    store.correct("web:m1", "Orange", "positive", by="ana", now=NOW)
    for _ in range(2):
        assert store.tally(Selection(brands=("Orange",))).positive == 1
        assert store.tally(Selection(brands=("Free",))).negative == 1
        assert store.tally(Selection()).negative == 1
        chosen = Selection(brands=("Orange",), labels=("positive",), query="panne")
        assert len(store.search(chosen).found) == 1
        store.mark_pending(Selection())
        enrich(store, label="negative")
    (kept,) = store.corrections()
    assert (kept.brand, kept.label, kept.was, kept.by) == ("Orange", "positive", "negative", "ana")


def test_correction_toward_the_only_brand_is_one_of_the_whole(store: Store) -> None:
    save(store, mention(1))
    enrich(store, label="negative")
    store.correct("web:m1", "Orange", "neutral", by="ana", now=NOW)
    assert store.tally(Selection()).neutral == 1
    store.correct("web:m1", None, "positive", by="bob", now=NOW)
    shown = store.found(["web:m1"])[0].enrichment
    assert shown.sentiment == sentiment_of("positive")
    assert shown.made_by["sentiment"] == "person"
