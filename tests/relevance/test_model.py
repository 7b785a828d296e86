"""The classifier of one brand: context words, judgements, silence, the same answer every time."""

from __future__ import annotations

import random

import numpy as np
import pytest

from renom.brand import Brand
from renom.relevance.features import context_of, evidence, features, names_of
from renom.relevance.model import DROP, Learner, Model, fit

ORANGE = Brand("Orange", "orange", context=("fibre", "forfait", "service client", "livebox"))

PHONE = "fibre forfait livebox réseau panne opérateur facture débit abonnement box 5G mobile"
FRUIT = "jus pressé cuisine recette gâteau zeste confiture mandarine sucre fruit vitamine marché"

USUAL = "hier très encore avec chez nous toujours beaucoup"


def texts(seed: int, count: int = 160) -> list[tuple[str, bool]]:
    """Return made-up texts about the operator and the fruit, every other one."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        about = number % 2 == 0
        words = chance.sample((PHONE if about else FRUIT).split(), 4)
        words += chance.sample(USUAL.split(), 3)
        chance.shuffle(words)
        made.append(
            (
                f"{' '.join(words[:3])} l'{'Orange' if about else 'orange'} {' '.join(words[3:])}",
                about,
            )
        )
    return made


def right(model: Model, tested: list[tuple[str, bool]]) -> float:
    given = model.probabilities([text for text, _ in tested]) >= 0.5
    return float(np.mean(given == [label for _, label in tested]))


def test_context_words_alone_tell_texts_apart_that_hold_none_of_them() -> None:
    model = fit(ORANGE, [], [text for text, _ in texts(1)])
    assert model.speaks
    tested = [one for one in texts(2) if not evidence(one[0], context_of(ORANGE))]
    assert right(model, tested) > 0.8


def test_judgements_do_without_context_words() -> None:
    brand = Brand("Orange", "orange")
    model = fit(brand, texts(3, 40), [text for text, _ in texts(1)])
    assert model.speaks
    assert right(model, texts(2)) > 0.95


def test_judgements_outweigh_context_words_that_mislead() -> None:
    wrong = Brand("Orange", "orange", context=tuple(FRUIT.split()[:6]))
    pool = [text for text, _ in texts(1)]
    assert right(fit(wrong, [], pool), texts(2)) < 0.2
    assert right(fit(wrong, texts(3, 60), pool), texts(2)) > 0.9


def test_labels_that_follow_nothing_leave_it_silent() -> None:
    chance = random.Random(5)
    labels = [(text, chance.random() < 0.8) for text, _ in texts(4, 60)]
    model = fit(Brand("Orange", "orange"), labels, [])
    assert not model.speaks
    assert {model.decide(text) for text, _ in texts(2)} <= {"relevant", "uncertain"}


@pytest.mark.parametrize("labels", [[], [("orange mécanique", True)] * 30])
def test_it_is_silent_with_nothing_to_learn_from(labels: list[tuple[str, bool]]) -> None:
    model = fit(Brand("Orange", "orange"), labels, ["orange"])
    assert not model.speaks
    assert 0 <= model.probability("") <= 1
    assert model.decide("jus d'orange") != "not relevant"


def test_the_same_lessons_give_the_same_model_and_it_travels_as_arrays() -> None:
    pool, tested = [text for text, _ in texts(1)], [text for text, _ in texts(2)]
    first, second = (fit(ORANGE, texts(3, 30), pool) for _ in range(2))
    again = Model.from_arrays(first.to_arrays())
    assert first.probabilities(tested).tolist() == second.probabilities(tested).tolist()
    assert again.probabilities(tested).tolist() == first.probabilities(tested).tolist()
    assert (again.labels, again.threshold, again.speaks) == (30, DROP, True)


def test_one_text_is_scored_as_among_many() -> None:
    model = fit(ORANGE, texts(3, 30), [text for text, _ in texts(1)])
    some = [text for text, _ in texts(2, 6)]
    assert [model.probability(text) for text in some] == model.probabilities(some).tolist()


def test_learning_twice_from_one_pool_is_learning_once() -> None:
    made = texts(1)
    learner = Learner(ORANGE, [text for text, _ in made])
    few = learner.learn({place: made[place][1] for place in range(20)})
    many = learner.learn({place: made[place][1] for place in range(100)})
    assert (few.labels, many.labels) == (20, 100)
    assert right(many, texts(2)) >= right(few, texts(2)) - 0.02


def test_names_are_masked_and_context_is_found_whatever_its_form() -> None:
    brand = Brand("Orange", "orange", aliases=("Orange SA",), handles={"x": "Orange_France"})
    assert names_of(brand) == {"orange", "sa", "orange_france"}
    assert features("Orange", frozenset(["orange"]))[0].total() == 0
    assert evidence("Les FORFAITS du Service  Client", context_of(ORANGE)) == 2


@pytest.mark.parametrize(
    "text", ["", "\0", "😀" * 500, "a" * 100_000, "orange " * 20_000, "\ud800"]
)
def test_hostile_texts_are_scored(text: str) -> None:
    model = fit(ORANGE, texts(3, 30), [text for text, _ in texts(1, 60)])
    assert 0 <= model.probability(text) <= 1
