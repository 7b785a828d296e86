"""Install a lock file, hashes checked, into the environment that runs this script.

uv does it in seconds; where uv cannot be had or cannot reach the index that pip is set up for,
pip does the same more slowly. Renom itself is then installed in place.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


def pinned_uv() -> list[str]:
    """Return the lock's lines for uv: the pin and its hashes."""
    lines = (HERE / "requirements-dev.lock").read_text("utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("uv=="))
    taken = [lines[start]]
    while taken[-1].endswith("\\"):
        taken.append(lines[start + len(taken)])
    return taken


def has_uv() -> bool:
    """Make sure that uv is there; return False where it cannot be had."""
    if (
        subprocess.run([sys.executable, "-m", "uv", "--version"], capture_output=True).returncode
        == 0
    ):
        return True
    pin = Path(sys.prefix) / "uv-pin.txt"
    pin.write_text("\n".join(pinned_uv()) + "\n", "utf-8")
    return subprocess.run([*PIP, "install", "--require-hashes", "-r", str(pin)]).returncode == 0


def main(lock: str) -> int:
    """Install ``lock`` and Renom; return the exit code."""
    path = str(HERE / lock)
    done = 1
    if has_uv():
        uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable]
        done = subprocess.run([*uv, "--require-hashes", "-r", path]).returncode
    if done != 0:
        print("uv could not install; trying pip (slower)", file=sys.stderr)
        done = subprocess.run([*PIP, "install", "--require-hashes", "-r", path]).returncode
    if done != 0:
        return done
    return subprocess.run(
        [*PIP, "install", "--no-deps", "--no-build-isolation", "--editable", str(HERE)]
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
