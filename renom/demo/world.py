"""The demo's fictional world: brands, outlets, products and some hundreds of hand-written texts.

The texts lie in YAML files beside this module (``renom/demo/world/*.yaml``). A text's time is
written relative to now: ``5h 20m`` counts back from now; ``12d 14:20`` is the clock time in Paris
on the day twelve days ago, so that hours look natural whenever the demo starts.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast
from zlib import crc32
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from renom.brand import Brand, Promise
from renom.mention import KINDS, Kind

FOLDER = Path(__file__).parent / "world"
PARIS = ZoneInfo("Europe/Paris")
SPAN = timedelta(days=60)

TOUCHPOINTS = ("discover", "buy", "receive", "use", "get_help", "leave")
OutletKind = Literal["press", "shop", "microblog", "forum", "video", "survey", "mailbox"]
_PUBLISHES: Mapping[str, tuple[str, ...]] = {
    "press": ("article", "comment"),
    "shop": ("review",),
    "microblog": ("post", "comment"),
    "forum": ("post", "comment"),
    "video": ("comment",),
    "survey": ("survey",),
    "mailbox": ("email",),
}
# Where a text lives when its entry does not say, by kind and language.
_HOME: Mapping[str, Mapping[str, str]] = {
    "review": {"fr": "comptoir-noir", "en": "proper-cup"},
    "survey": {"fr": "voix-client", "en": "voix-client"},
    "email": {"fr": "boite-client", "en": "boite-client"},
}
_RELATIVE = re.compile(r"(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m)?")
_CLOCK = re.compile(r"(\d+)d (\d{1,2}):(\d{2})")


@dataclass(frozen=True, slots=True)
class Ago:
    """When a text appeared: ``days`` before now at Paris ``clock`` time, or ``back`` from now."""

    back: timedelta = timedelta()
    days: int = 0
    clock: time | None = None

    @classmethod
    def parse(cls, value: str) -> Ago:
        """Read ``12d 14:20``, ``26h``, ``5h 20m`` or ``40m``; raise ValueError otherwise."""
        if found := _CLOCK.fullmatch(value):
            days, hour, minute = (int(part) for part in found.groups())
            if days < 1:
                raise ValueError(f"clock time needs at least 1d, else it may lie ahead: {value!r}")
            return cls(days=days, clock=time(hour, minute))
        found = _RELATIVE.fullmatch(value)
        if found is None or not any(found.groups()):
            raise ValueError(f"not a time ago: {value!r}; write 12d 14:20, 26h or 5h 20m")
        days, hours, minutes = (int(part or 0) for part in found.groups())
        return cls(back=timedelta(days=days, hours=hours, minutes=minutes))

    def before(self, now: datetime) -> datetime:
        """Return the moment in UTC; always before ``now``."""
        if self.clock is None:
            return (now - self.back).astimezone(UTC)
        day = now.astimezone(PARIS).date() - timedelta(days=self.days)
        return datetime.combine(day, self.clock, PARIS).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Outlet:
    """A fictional place that publishes: press site, shop, forum, microblog, survey, mailbox."""

    key: str
    name: str
    kind: OutletKind
    lang: str
    tagline: str


@dataclass(frozen=True, slots=True)
class Product:
    """A thing on sale in the fictional shops; one page per shop. Prices include tax."""

    key: str
    brand: str
    name: str
    category: str
    price_eur: float
    price_gbp: float
    description_fr: str
    description_en: str


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens in this world and that texts tell of."""

    key: str
    brand: str
    title_fr: str
    title_en: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What the press would know of a brand: where it sits and what it does."""

    home: str
    about_fr: str
    about_en: str


@dataclass(frozen=True, slots=True)
class DemoText:
    """One text of the world.

    ``brands`` holds the keys of the brands it is about, for checks only (empty: a decoy that
    uses a brand's word for something else). ``outlet`` is where it lives. ``slug`` names its
    page. ``author`` is the signature; ``handle`` the account on its platform. ``rating`` is 1 to
    5 stars, ``nps`` 0 to 10, ``step`` the touchpoint a survey asked about. ``same_as`` is the id
    of the text that this one reprints word for word. ``parent`` is the id of the text answered.
    """

    id: str
    kind: Kind
    lang: str
    text: str
    author: str
    brands: tuple[str, ...]
    ago: Ago
    outlet: str
    title: str | None = None
    slug: str = ""
    handle: str = ""
    section: str | None = None
    product: str | None = None
    rating: int | None = None
    nps: int | None = None
    step: str | None = None
    event: str | None = None
    same_as: str | None = None
    parent: str | None = None
    likes: int | None = None
    shares: int | None = None
    followers: int | None = None

    @property
    def address(self) -> str:
        """The writer's invented e-mail address, in a domain reserved for examples."""
        return f"{slugify(self.author).replace('-', '.')}@courriel.example"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many texts there are, by what the demo shows. ``copies`` are reprints."""

    texts: int
    copies: int
    kinds: Mapping[str, int]
    languages: Mapping[str, int]
    brands: Mapping[str, int]
    events: Mapping[str, int]
    ratings: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class World:
    """Everything the demo publishes. Mappings are keyed by the short keys of the YAML files."""

    brands: Mapping[str, Brand]
    profiles: Mapping[str, Profile]
    outlets: Mapping[str, Outlet]
    products: Mapping[str, Product]
    events: Mapping[str, Happening]
    texts: tuple[DemoText, ...]
    disclaimer_fr: str
    disclaimer_en: str

    def of_kind(self, *kinds: str) -> tuple[DemoText, ...]:
        """Return the texts of these kinds, in file order."""
        return tuple(text for text in self.texts if text.kind in kinds)

    def at(self, outlet: str) -> tuple[DemoText, ...]:
        """Return the texts that live at this outlet, in file order."""
        return tuple(text for text in self.texts if text.outlet == outlet)

    def about(self, brand: str) -> tuple[DemoText, ...]:
        """Return the texts about this brand, in file order."""
        return tuple(text for text in self.texts if brand in text.brands)

    def told(self, event: str) -> tuple[DemoText, ...]:
        """Return the texts that tell of this event, in file order."""
        return tuple(text for text in self.texts if text.event == event)

    def reviews_of(self, product: str, shop: str) -> tuple[DemoText, ...]:
        """Return the reviews of a product on one shop's page, in file order."""
        return tuple(text for text in self.at(shop) if text.product == product)

    def text(self, id: str) -> DemoText:
        """Return the text with this id; raise KeyError when there is none."""
        for text in self.texts:
            if text.id == id:
                return text
        raise KeyError(id)

    def counts(self) -> Counts:
        """Count the texts by kind, language, brand, event and rating."""
        return Counts(
            texts=sum(text.same_as is None for text in self.texts),
            copies=sum(text.same_as is not None for text in self.texts),
            kinds=Counter(text.kind for text in self.texts),
            languages=Counter(text.lang for text in self.texts),
            brands=Counter(brand for text in self.texts for brand in text.brands),
            events=Counter(text.event for text in self.texts if text.event),
            ratings=Counter(text.rating for text in self.texts if text.rating is not None),
        )


def published_at(text: DemoText, now: datetime) -> datetime:
    """Return when ``text`` appeared, in UTC and before ``now`` (aware).

    Articles, mails and surveys follow the working week: two in three that would fall on a
    weekend appear two days earlier, chosen by id. Answers and texts that tell of an event keep
    their day, else they could come before what they speak of.
    """
    moment = text.ago.before(now)
    office = text.kind in ("article", "email", "survey") and text.ago.clock is not None
    bound = text.event is not None or text.parent is not None
    if (
        office
        and not bound
        and moment.astimezone(PARIS).weekday() >= 5
        and crc32(text.id.encode()) % 3
    ):
        moment -= timedelta(days=2)
    return moment


def normalised(text: str) -> str:
    """Return the words only, folded to lower case without accents, to compare two texts."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"[a-z0-9]+", folded.encode("ascii", "ignore").decode()))


def slugify(text: str) -> str:
    """Return ``text`` as a short page name: lower-case ASCII words joined by hyphens."""
    ligatures = text.replace("œ", "oe").replace("Œ", "oe")
    return "-".join(normalised(ligatures).split()[:12])


@cache
def load_world(folder: Path = FOLDER) -> World:
    """Read and check the whole world; raise ValueError that lists every problem found."""
    head = _read(folder / "world.yaml")
    problems: list[str] = []
    entries: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.yaml")):
        for entry in _entries(path) if path.name != "world.yaml" else ():
            name = str(entry.get("id", "?"))
            if name in entries:
                problems.append(f"{path.name}: id {name} is used twice")
            entries[name] = entry
    texts = []
    for name, entry in entries.items():
        try:
            texts.append(_text(entry, entries))
        except (TypeError, ValueError, KeyError) as error:
            problems.append(f"{name}: {error}")
    world = World(
        brands={item["key"]: _brand(item) for item in head["brands"]},
        profiles={
            item["key"]: Profile(item["home"], item["about_fr"], item["about_en"])
            for item in head["brands"]
        },
        outlets={item["key"]: Outlet(**item) for item in head["outlets"]},
        products={item["key"]: Product(**item) for item in head["products"]},
        events={item["key"]: Happening(**item) for item in head["events"]},
        texts=tuple(texts),
        disclaimer_fr=head["disclaimer_fr"],
        disclaimer_en=head["disclaimer_en"],
    )
    problems += _problems(world)
    if problems:
        raise ValueError("the demo world is broken:\n  " + "\n  ".join(problems))
    return world


def _read(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the entries of one file, each completed by the file's ``defaults``."""
    document = _read(path)
    for entry in document["texts"]:
        yield {**document.get("defaults", {}), **entry}


def _brand(item: Mapping[str, Any]) -> Brand:
    return Brand(
        name=item["name"],
        query=item["query"],
        role=item["role"],
        aliases=tuple(item["aliases"]),
        languages=tuple(item["languages"]),
        context=tuple(item["context"]),
        handles=item["handles"],
        promises=tuple(Promise(**promise) for promise in item["promises"]),
    )


def _text(entry: Mapping[str, Any], entries: Mapping[str, Mapping[str, Any]]) -> DemoText:
    """Build one text from its entry; a reprint takes the words of the text it copies."""
    given = dict(entry)
    if "same_as" in given:
        original = entries[given["same_as"]]
        given.update({key: original[key] for key in ("title", "text", "about")})
    kind, lang = given.pop("kind"), given.pop("lang")
    about = given.pop("about")
    author = str(given.pop("by"))
    ago = Ago.parse(str(given.pop("ago")))
    outlet = given.pop("on", None) or _HOME[kind][lang]
    text = str(given.pop("text")).strip()
    return DemoText(
        kind=cast(Kind, kind),
        lang=lang,
        text=text,
        author=author.lstrip("@"),
        handle=author.lstrip("@") if author.startswith("@") else slugify(author),
        brands=(about,) if isinstance(about, str) else tuple(about),
        ago=ago,
        outlet=outlet,
        slug=slugify(given.get("title") or given["id"]),
        **given,
    )


def _problems(world: World) -> Iterator[str]:
    """Yield everything in the world that contradicts something else in it."""
    ids = {text.id for text in world.texts}
    seen: dict[str, str] = {}
    for text in world.texts:
        for problem in _text_problems(text, world):
            yield f"{text.id}: {problem}"
        if text.parent is not None and text.parent not in ids:
            yield f"{text.id}: answers {text.parent!r}, which is not there"
        if text.same_as is None:
            words = normalised(text.text)
            if words in seen:
                yield f"{text.id}: same words as {seen[words]}"
            seen[words] = text.id


def _text_problems(text: DemoText, world: World) -> Iterator[str]:
    outlet = world.outlets.get(text.outlet)
    if text.kind not in KINDS:
        yield f"unknown kind {text.kind!r}"
    if text.lang not in ("fr", "en"):
        yield f"unknown language {text.lang!r}"
    if not text.text or not text.author:
        yield "blank text or author"
    if outlet is None:
        yield f"unknown outlet {text.outlet!r}"
    elif text.kind not in _PUBLISHES[outlet.kind]:
        yield f"{outlet.name} does not publish {text.kind}"
    for brand in text.brands:
        if brand not in world.brands:
            yield f"unknown brand {brand!r}"
    if text.event is not None and text.event not in world.events:
        yield f"unknown event {text.event!r}"
    yield from _field_problems(text, world)
    oldest = text.ago.back + timedelta(days=text.ago.days)
    # Weekend shift and clock time may each add to the age; 57 days leave room for both.
    if oldest > (SPAN - timedelta(days=3) if text.ago.clock else SPAN):
        yield f"older than {SPAN.days} days"


def _field_problems(text: DemoText, world: World) -> Iterator[str]:
    if text.kind in ("article", "review", "email") and not text.title:
        yield f"{text.kind} without a title"
    if text.kind == "article" and not text.section:
        yield "article without a section"
    if (text.kind == "review") != (text.rating is not None):
        yield "reviews have a rating, other texts none"
    if text.rating is not None and not 1 <= text.rating <= 5:
        yield f"rating {text.rating} outside 1..5"
    if text.kind == "review" and text.product not in world.products:
        yield f"unknown product {text.product!r}"
    if (text.kind == "survey") != (text.nps is not None):
        yield "surveys have an nps, other texts none"
    if text.nps is not None and not 0 <= text.nps <= 10:
        yield f"nps {text.nps} outside 0..10"
    if text.step is not None and text.step not in TOUCHPOINTS:
        yield f"unknown touchpoint {text.step!r}"
