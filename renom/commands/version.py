"""Print the version."""

from __future__ import annotations

import platform
from importlib import metadata

from renom import __version__
from renom.commands._output import out, print_json
from renom.commands._session import Json


def command(json: Json = False) -> None:
    """Print the version of Renom and of what it stands on."""
    names = ("scrapy", "spacy", "sqlalchemy", "streamlit", "apscheduler", "praw", "tweepy")
    versions = {name: metadata.version(name) for name in names}
    if json:
        print_json({"renom": __version__, "python": platform.python_version(), **versions})
        return
    out.print(f"renom {__version__}")
