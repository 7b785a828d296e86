"""Stories: copies share a band or a hash and are confirmed; others do not."""

from __future__ import annotations

from collections.abc import Callable

from nlp.stories import Stories
from renom.contracts import Pending
from renom.enrichment import Fingerprint
from renom.stories import agreement, similar

ARTICLE = (
    "Le groupe de distribution a annoncé mardi la fermeture de douze magasins dans le nord du "
    "pays, une décision qui concerne trois cent quarante salariés. La direction évoque une baisse "
    "continue de la fréquentation et promet un reclassement pour chacun, tandis que les syndicats "
    "dénoncent un plan préparé de longue date et appellent à une journée de grève samedi prochain "
    "devant le siège. Le maire demande une rencontre avec le ministre avant la fin du mois."
)
OTHER = (
    "La météo annonce un week-end très ensoleillé sur toute la côte, avec des températures qui "
    "dépasseront trente degrés à l'intérieur des terres. Les secours rappellent les consignes de "
    "prudence pour la baignade et la randonnée, car plusieurs accidents ont eu lieu la semaine "
    "dernière. Les autorités ferment aussi certains massifs forestiers jusqu'à lundi matin."
)


def _print(text: str, pending: Callable[..., Pending]) -> Fingerprint:
    (partial,) = Stories("s", Stories.Options()).enrich([pending(text)])
    found = partial["fingerprint"]
    assert isinstance(found, Fingerprint)
    return found


def _same_story(a: Fingerprint, b: Fingerprint) -> bool:
    candidate = a.exact == b.exact or bool(set(a.bands) & set(b.bands))
    return candidate and similar(a, b)


def test_white_space_case_and_links_do_not_matter(pending: Callable[..., Pending]) -> None:
    a = _print(ARTICLE, pending)
    b = _print(f"  {ARTICLE.upper()}\n\nhttps://example.org/1 @presse", pending)
    assert (a.exact, a.bands) == (b.exact, b.bands)
    assert similar(a, b)


def test_an_agency_text_with_header_footer_and_cut_end_is_a_copy(
    pending: Callable[..., Pending],
) -> None:
    a = _print(ARTICLE, pending)
    assert _same_story(a, _print(f"PARIS (Agence) - {ARTICLE} Lire aussi notre dossier.", pending))
    assert _same_story(a, _print(ARTICLE[: int(len(ARTICLE) * 0.75)], pending))


def test_another_text_is_another_story(pending: Callable[..., Pending]) -> None:
    a, b = _print(ARTICLE, pending), _print(OTHER, pending)
    assert not _same_story(a, b)
    assert agreement(a, b) < 0.1


def test_a_short_repost_is_a_copy_and_a_short_opinion_is_not(
    pending: Callable[..., Pending],
) -> None:
    post = "Panne géante chez l'opérateur ce matin, plus aucun appel possible à Lyon"
    a = _print(post, pending)
    assert _same_story(a, _print(f"RT @lyon: {post} https://t.co/1", pending))
    assert not _same_story(a, _print("Panne de courant ce matin dans le quartier de Lyon", pending))


def test_two_people_who_write_the_same_few_words_are_two_stories(
    pending: Callable[..., Pending],
) -> None:
    assert not _same_story(_print("Très bien !", pending), _print("Très bien !", pending))


def test_unlike_algorithms_are_never_compared() -> None:
    a = Fingerprint(1, (5,), b"\x01\x00\x00\x00" * 128, "w3-rminhash128-42")
    b = Fingerprint(2, (5,), b"\x01\x00\x00\x00" * 128, "w3-rminhash128-43")
    assert agreement(a, b) == 0.0
    assert not similar(a, b)
    assert not similar(Fingerprint(1), Fingerprint(2))


def test_hashes_fit_a_signed_64_bit_column(pending: Callable[..., Pending]) -> None:
    for text in (ARTICLE, OTHER, "😀", "Nul"):
        found = _print(text, pending)
        assert all(-(2**63) <= n < 2**63 for n in (found.exact, *found.bands))
        assert (len(found.bands), len(found.signature)) in ((0, 0), (10, 512), (12, 512))
