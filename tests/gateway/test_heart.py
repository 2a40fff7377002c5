"""A heart that does not reach the database says so once, and not with every beat."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

import pytest

from avgate_gateway.heart import Heart

Answer = Callable[[socket.socket], None]


@contextmanager
def beating_at(answers: Answer, often_enough: int) -> Iterator[None]:
    """A heart whose database is something that answers so, until it has been asked so often."""
    listener = socket.create_server(("127.0.0.1", 0))
    often = Event()

    def listens() -> None:
        with suppress(OSError):
            for number in range(1, 100):
                with listener.accept()[0] as connection:
                    answers(connection)
                if number == often_enough:
                    often.set()

    Thread(target=listens, daemon=True).start()
    address = f"postgresql://x@127.0.0.1:{listener.getsockname()[1]}/x?sslmode=disable"
    heart = Heart(address, "one", "1", "1.0", lambda _: None)
    heart.start()
    try:
        assert often.wait(30)
        yield
    finally:
        heart.stop()
        listener.close()


def test_beats_that_are_missed_in_a_row_are_told_once(lines: pytest.LogCaptureFixture) -> None:
    with beating_at(lambda _: None, 4):
        pass
    assert lines.text.count("worker.missed_a_beat") == 1


def test_a_strange_answer_is_a_beat_that_was_missed_and_not_the_last() -> None:
    """Something else than a PostgreSQL at its address, or one that broke off in the midst of a message."""

    def says_what_nobody_says(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"Z\xff\xff\xff\xff")  # a message shorter than its length

    with beating_at(says_what_nobody_says, 3):
        pass
