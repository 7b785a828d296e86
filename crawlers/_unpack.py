"""Unpack a body while it arrives, holding never more than one chunk beyond a limit."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

CHUNK = 65_536
PLAIN = frozenset({"", "identity"})
KNOWN = PLAIN | {"gzip", "x-gzip", "deflate"}


class Damaged(ValueError):
    """Not one byte of a packed body could be unpacked."""


def read_body(chunks: Iterator[bytes], encoding: str, limit: int) -> tuple[bytes, bool]:
    """Return at most ``limit`` bytes of a body and whether it was cut or damaged behind them.

    ``encoding`` is one of KNOWN. The limit holds for the packed and the unpacked bytes. Raises
    Damaged, and whatever ``chunks`` raises.
    """
    out = bytearray()
    bounded = _within(chunks, limit)
    try:
        for piece in bounded if encoding in PLAIN else _unpacked(bounded):
            out += piece
            if len(out) > limit:
                return bytes(out[:limit]), True
    except zlib.error as error:
        if not out:
            raise Damaged("the packed body is damaged") from error
        return bytes(out), True
    except _TooLong:
        return bytes(out), True
    return bytes(out), False


class _TooLong(Exception):
    """More bytes came than the limit allows."""


def _within(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    count = 0
    for chunk in chunks:
        count += len(chunk)
        if count > limit:
            yield chunk[: max(0, len(chunk) - (count - limit))]
            raise _TooLong
        yield chunk


def _unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip, zlib or raw deflate in steps of one chunk; raise zlib.error when damaged."""
    machine = None
    for chunk in chunks:
        if machine is None:
            machine = zlib.decompressobj(_window(chunk))
        while chunk:
            yield machine.decompress(chunk, CHUNK)
            chunk = machine.unconsumed_tail
            if machine.eof:
                # A gzip body may have several members (RFC 1952 §2.2).
                chunk = machine.unused_data
                if not chunk.startswith(b"\x1f\x8b"):
                    return
                machine = zlib.decompressobj(47)
    if machine is not None and not machine.eof:
        raise zlib.error("ends too early")


def _window(start: bytes) -> int:
    if start.startswith(b"\x1f\x8b"):
        return 47  # gzip, by its magic number
    zlib_header = len(start) > 1 and start[0] & 0x0F == 8 and (start[0] << 8 | start[1]) % 31 == 0
    return 15 if zlib_header else -15  # RFC 9110 deflate is zlib; old servers send it raw
