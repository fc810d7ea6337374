"""A PNG without anything but its picture."""

from __future__ import annotations

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
BASE64_SIGNATURE = "iVBORw0KGgo"
KEPT = b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB sBIT bKGD pHYs acTL fcTL fdAT".split()


class BadPng(ValueError):
    """It claims to be a PNG and is none."""


def strip(data: bytes) -> tuple[bytes, int]:
    """Take out every chunk that may hold words (tEXt, zTXt, iTXt, eXIf and any unknown), and what follows the end.

    Returns:
        The picture, and how many chunks were taken out.

    Raises:
        BadPng: It cannot be read to its end.
    """
    if not data.startswith(SIGNATURE):
        raise BadPng("no PNG signature")
    kept, place, dropped, kind = [SIGNATURE], len(SIGNATURE), 0, b""
    while kind != b"IEND":
        kind, chunk = _chunk(data, place)
        place += len(chunk)
        if kind in KEPT:
            kept.append(chunk)
        else:
            dropped += 1
    return b"".join(kept), dropped + (place < len(data))


def _chunk(data: bytes, place: int) -> tuple[bytes, bytes]:
    if len(data) < place + 12:
        raise BadPng("it is cut short")
    length, kind = struct.unpack_from(">I4s", data, place)
    chunk = data[place : place + 12 + length]
    if len(chunk) < 12 + length or zlib.crc32(chunk[4:-4]) != struct.unpack(">I", chunk[-4:])[0]:
        raise BadPng(f"a chunk is damaged at {place}")
    return kind, chunk
