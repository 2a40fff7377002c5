"""A heart that does not reach the database says so once, and not with every beat."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Event, Thread

import pytest

from avgate_gateway.heart import Heart


def test_beats_that_are_missed_in_a_row_are_told_once(lines: pytest.LogCaptureFixture) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    often = Event()

    def turns_away() -> None:
        with suppress(OSError):
            for number in range(1, 100):
                listener.accept()[0].close()
                if number == 4:
                    often.set()

    Thread(target=turns_away, daemon=True).start()
    address = f"postgresql://x@127.0.0.1:{listener.getsockname()[1]}/x?sslmode=disable"
    heart = Heart(address, "one", "1", "1.0", lambda _: None)
    heart.start()
    try:
        assert often.wait(30)
    finally:
        heart.stop()
        listener.close()
    assert lines.text.count("worker.missed_a_beat") == 1


def test_a_strange_answer_is_a_beat_that_was_missed_and_not_the_last() -> None:
    """Something else than a PostgreSQL at its address, or one that broke off in the midst of a message."""
    listener = socket.create_server(("127.0.0.1", 0))
    often = Event()

    def says_what_nobody_says() -> None:
        with suppress(OSError):
            for number in range(1, 100):
                connection = listener.accept()[0]
                connection.recv(1000)
                connection.sendall(b"Z\xff\xff\xff\xff")  # a message shorter than its length
                connection.close()
                if number == 3:
                    often.set()

    Thread(target=says_what_nobody_says, daemon=True).start()
    address = f"postgresql://x@127.0.0.1:{listener.getsockname()[1]}/x?sslmode=disable"
    heart = Heart(address, "one", "1", "1.0", lambda _: None)
    heart.start()
    try:
        assert often.wait(30)
    finally:
        heart.stop()
        listener.close()
