"""The file with the key: what is read, how long it is waited for, and what is refused."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bo_sync.cli.api_key import LARGEST, KeyFile, read_key_file

KEY = "recognisable-key-4711"


def told(found: KeyFile) -> str:
    return "" if found.objection is None else str(found.objection)


def accepted(found: KeyFile) -> str:
    return found.accepted().reveal()


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path, 0o600)
    return path


@contextmanager
def written(path: Path, *pieces: str, pause: float = 0.05) -> Iterator[None]:
    """The pipe is written piece by piece while the block runs."""

    def write() -> None:
        with suppress(BrokenPipeError), path.open("wb", buffering=0) as writer:
            for piece in pieces:
                time.sleep(pause)
                writer.write(piece.encode())

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    yield
    thread.join(5)


def test_a_file_for_its_owner_alone_is_read(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n")
    path.chmod(0o400)
    assert accepted(read_key_file(path)) == KEY


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o620, 0o601])
@pytest.mark.parametrize("kind", ["file", "pipe"])
def test_what_others_may_read_or_write_is_refused_at_once(kind: str, mode: int, tmp_path: Path) -> None:
    path = tmp_path / "key"
    if kind == "file":
        path.write_text(KEY)
    else:
        os.mkfifo(path)
    path.chmod(mode)
    started = time.monotonic()
    assert told(read_key_file(path)) == f"--api-key-file {path}: others may read it (mode {mode:04o})"
    assert time.monotonic() - started < 2


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("kind", ["file", "pipe"])
def test_what_belongs_to_somebody_else_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    if kind == "file":
        path.write_text(KEY)
    else:
        os.mkfifo(path)
    path.chmod(0o600)
    os.chown(path, 4711, 4711)
    assert told(read_key_file(path)) == f"--api-key-file {path}: belongs to somebody else (user 4711)"


def test_a_pipe_that_nobody_writes_is_not_waited_for_without_end(pipe: Path) -> None:
    started = time.monotonic()
    assert "was not written and closed within 0 s" in told(read_key_file(pipe, patience=0.2))
    assert time.monotonic() - started < 2


def test_a_pipe_that_drips_is_not_waited_for_without_end(pipe: Path) -> None:
    with written(pipe, *["k"] * 10, pause=0.1):
        assert "was not written and closed" in told(read_key_file(pipe, patience=0.3))


def test_a_pipe_that_is_slow_is_read_to_its_end(pipe: Path) -> None:
    with written(pipe, KEY[:4], KEY[4:9], KEY[9:], "\n"):
        assert accepted(read_key_file(pipe, patience=5)) == KEY


def test_what_a_shell_passes_down_is_read_to_its_end() -> None:
    taken, given = os.pipe()
    os.write(given, KEY.encode())
    os.close(given)
    assert accepted(read_key_file(Path(f"/dev/fd/{taken}"), patience=5)) == KEY
    os.close(taken)


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o601])
def test_what_is_passed_down_and_others_may_read_is_refused(mode: int, pipe: Path) -> None:
    pipe.chmod(mode)
    descriptor = os.open(pipe, os.O_RDWR)
    path = f"/dev/fd/{descriptor}"
    assert told(read_key_file(Path(path), patience=5)) == f"--api-key-file {path}: others may read it (mode {mode:04o})"
    os.close(descriptor)


def test_what_is_longer_than_any_key_is_refused_and_not_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("k" * (LARGEST + 1))
    path.chmod(0o600)
    assert told(read_key_file(path)) == f"--api-key-file {path}: holds more than any key"


@pytest.mark.parametrize("content", [b"", b" \n", b"two words", b"key\xff"])
def test_what_is_no_key_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    found = read_key_file(path)
    assert found.key is None
    assert told(found).startswith(f"--api-key-file {path}")
