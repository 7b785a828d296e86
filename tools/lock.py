"""Write requirements.lock and requirements-dev.lock from pyproject.toml, with hashes, no URL."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
COMPILE = [
    sys.executable, "-m", "uv", "pip", "compile", "--generate-hashes", "--no-emit-index-url",
    "--no-header", "--no-annotate", "--universal", "--python-version", "3.11", "--quiet",
]  # fmt: skip


def main(arguments: list[str]) -> int:
    """Compile both locks; the second holds only what the first lacks. Extra arguments go to uv."""
    base, dev = HERE / "requirements.lock", HERE / "requirements-dev.lock"
    project = str(HERE / "pyproject.toml")
    done = subprocess.run([*COMPILE, project, "--group", "install", "-o", str(base), *arguments])
    if done.returncode:
        return done.returncode
    whole = HERE / ".dev.lock"
    done = subprocess.run(
        [*COMPILE, project, "--extra", "dev", "-c", str(base), "-o", str(whole), *arguments]
    )
    if done.returncode:
        return done.returncode
    known = _blocks(base.read_text("utf-8"))
    rest = {k: v for k, v in _blocks(whole.read_text("utf-8")).items() if k not in known}
    dev.write_text("".join(rest.values()), "utf-8")
    whole.unlink()
    return 0


def _blocks(text: str) -> dict[str, str]:
    """Return the lock's entries by their first line."""
    blocks: dict[str, str] = {}
    name = ""
    for line in text.splitlines(keepends=True):
        if not line.startswith((" ", "#")):
            name = line.split("==")[0]
            blocks[name] = ""
        if name and not line.startswith("#"):
            blocks[name] += line
    return blocks


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
