"""Print notifications on standard output.

The channel of whoever has configured none yet, and of tests. Text from outside is stripped of
control characters, so that it cannot steer the terminal.
"""

from __future__ import annotations

import sys

from alerts.letter import plain_text
from alerts.message import render
from renom.contracts import Channel, Message


class Console(Channel):
    """Writes the plain text of a message; cannot fail for good."""

    def send(self, message: Message) -> str:
        """Print the message and return its key."""
        letter = render(message)
        rule = "-" * min(78, max(20, len(letter.subject)))
        sys.stdout.write(f"{rule}\n{letter.subject}\n{rule}\n{plain_text(letter)}\n")
        sys.stdout.flush()
        return message.key
