"""`bo-sync` as a program that starts at once: a process that has imported it forks for each command.

For scripts of many commands, where the start is not the subject. Each command is a process with the streams, folder
and environment of its caller; only what Python itself reads when it starts is not the caller's.
"""

import io
import json
import os
import pkgutil
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from select import select
from typing import Final, NoReturn

_CLIENT: Final = """
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect(sys.argv[1])
    socket.send_fds(server, [b"."], [0, 1, 2])
    server.sendall(json.dumps([os.getcwd(), dict(os.environ), sys.argv[2:]]).encode() + b"\\n")
    sys.exit(int(server.makefile().read()))
"""


@cache
def program() -> str:
    """The text of a script that is `bo-sync`, for as long as this process lives."""
    from tests.support.process import environment

    folder = Path(tempfile.mkdtemp(prefix="bo-sync-"))
    (folder / "client.py").write_text(_CLIENT, encoding="utf-8")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket"))
        listening.listen(64)
        ours, theirs = listening.fileno(), os.pipe()  # the server ends when its stdin does: when this process ends
        server = subprocess.Popen(
            [sys.executable, "-P", __file__, str(folder), str(ours)],
            stdin=theirs[0],
            env=environment(),
            pass_fds=[ours],
        )
        os.close(theirs[0])
        server.returncode = 0  # nobody waits for it
    words = (sys.executable, "-IS", folder / "client.py", folder / "socket")
    return f'#!/bin/sh\nexec {" ".join(shlex.quote(str(word)) for word in words)} "$@"\n'


def _serve(folder: str, number: int) -> None:
    listening = socket.socket(fileno=number)
    import_module("bo_sync")
    for module in pkgutil.walk_packages(sys.modules["bo_sync"].__path__, "bo_sync."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    while sys.stdin not in select([listening, sys.stdin], [], [])[0]:
        line, _ = listening.accept()
        if os.fork() == 0:
            _run(line)
        line.close()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    shutil.rmtree(folder)


def _run(line: socket.socket) -> NoReturn:
    """One command, to the end of this process; a traceback of it is Python's own."""
    code = 0
    _, streams, _, _ = socket.recv_fds(line, 1, 3)
    folder, environment, arguments = json.loads(line.makefile().readline())
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0)), "utf-8")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w")), "utf-8")
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w")), "utf-8", "backslashreplace", line_buffering=True
    )
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    try:
        sys.modules["bo_sync.cli.app"].main(arguments)
    except SystemExit as ended:
        code = int(ended.code or 0)
    with suppress(OSError):
        sys.stdout.flush()
    line.sendall(str(code).encode())
    os._exit(code)


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
