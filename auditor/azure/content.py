"""The body of an answer: read to its end, unpacked, and never larger than what we are willing to hold."""

from __future__ import annotations

import zlib

from azure.core.rest import AsyncHttpResponse

MAX_BODY = 128 * 1024 * 1024
"""Bytes of one answer that are read, unpacked; Resource Graph stops at about 16 MB, other services well below."""

_GZIP = 16 + zlib.MAX_WBITS


class BadContentError(Exception):
    """A body that is not what its headers say, or too large."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        """`BadEncoding`, `TruncatedAnswer` or `TooLarge`."""


async def read_content(response: AsyncHttpResponse) -> bytes:
    """The whole body. Raises BadContentError; errors of the connection pass through.

    Unpacked here and not below, where a body that is no gzip ends in an error of zlib's own, and a small one can grow
    without bound.
    """
    unpack = _unpacker(response.headers.get("Content-Encoding", ""))
    chunks: list[bytes] = []
    size = 0
    async for raw in response.iter_raw():
        chunk = raw if unpack is None else _unpacked(unpack, raw, MAX_BODY + 1 - size)
        size += len(chunk)
        if size > MAX_BODY:
            raise BadContentError("TooLarge", f"the answer is over {MAX_BODY >> 20} MB")
        chunks.append(chunk)
    if unpack is not None and size and not unpack.eof:
        raise BadContentError("TruncatedAnswer", "the answer ended too early")
    return b"".join(chunks)


def _unpacker(encoding: str) -> zlib._Decompress | None:
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(wbits=_GZIP)
        case other:  # only gzip was asked for
            raise BadContentError("BadEncoding", f"the answer is packed as {other[:20]!r}, which was not asked for")


def _unpacked(unpack: zlib._Decompress, raw: bytes, most: int) -> bytes:
    try:
        return unpack.decompress(raw, most)
    except zlib.error:
        words = "the answer says that it is packed with gzip, and is not"
        raise BadContentError("BadEncoding", words) from None
