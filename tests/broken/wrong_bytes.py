"""Servers that answer with the wrong bytes."""

import functools

from tests.broken.threaded import answering, serve_with


def _decoded(data: bytes) -> bytes:
    return data.decode("utf-8", "surrogateescape").upper().encode("utf-8", "surrogateescape")


def _latin1(data: bytes) -> bytes:
    return data.decode("latin-1").upper().encode("latin-1", "replace")


str_upper = functools.partial(serve_with, answering(_decoded))
latin1_upper = functools.partial(serve_with, answering(_latin1))
title_case = functools.partial(serve_with, answering(bytes.title))
lower_case = functools.partial(serve_with, answering(bytes.lower))
drops_last_byte = functools.partial(
    serve_with, answering(lambda data: data[:-1].upper() if len(data) > 1 else data.upper())
)
adds_newline = functools.partial(serve_with, answering(lambda data: data.upper() + b"\n"))
strips_zeros = functools.partial(serve_with, answering(lambda data: data.upper().replace(b"\0", b"")))
