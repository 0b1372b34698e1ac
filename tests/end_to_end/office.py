"""An office: a hub of eight people, the repository that `init` began from it, and the forge on which that lies.

The hub is served over HTTP. The environment `bo-sync-plan` holds a key that may only look, `bo-sync-apply` the owner's.
"""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from html import unescape
from pathlib import Path
from typing import Final, Literal, cast
from uuid import UUID

from bo_sync.sandbox.baseline import KNOWN_DEFINITIONS, OWNER_KEY, VIEWER_KEY, definitions, keys
from bo_sync.sandbox.shape import Population, RoleShape, UserShape
from bo_sync.sandbox.store import Store
from tests.end_to_end.world import person, rows
from tests.support.expressions import Value
from tests.support.forges import Account, Forge
from tests.support.github_double import ACTIONS, REPOSITORY, github
from tests.support.gitlab_double import gitlab
from tests.support.process import COMMAND, SECONDS, Served, bo_sync, environment, served, write
from tests.support.runner import Event, Job, Site, Trigger, Vault, run_workflow

Kind = Literal["github", "gitlab"]
SELLERS: Final = ("bea", "cas", "dora", "emil", "fay", "gus")
_WRITER: Final = {
    "GIT_AUTHOR_NAME": "Wim",
    "GIT_AUTHOR_EMAIL": "wim@example.com",
    "GIT_COMMITTER_NAME": "Wim",
    "GIT_COMMITTER_EMAIL": "wim@example.com",
    "GIT_AUTHOR_DATE": "2026-06-01T12:00:00Z",
    "GIT_COMMITTER_DATE": "2026-06-01T12:00:00Z",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
}


def seller(name: str) -> UserShape:
    """Somebody who sells, as the preset of that name has it."""
    grants = rows(sales="OWNER", user="OWNER", product="OWNER", order="OWNER")
    return person(f"{name}@example.com", *grants, firstName=name.title(), lastName="Seller")


def team() -> Population:
    """Two people who can give access, and six who sell."""
    everything: list[RoleShape] = [{"definition": name, "access": "OWNER"} for name in KNOWN_DEFINITIONS]
    leads = [
        person(f"{name}@example.com", *everything, firstName=name.title(), lastName="Lead") for name in ("anna", "omar")
    ]
    return {"definitions": definitions(), "keys": keys(), "users": [*leads, *map(seller, SELLERS)]}


@dataclass(frozen=True, slots=True)
class Office:
    """`desk` is a clone in which somebody works, `forge` what GitHub holds of comments and issues."""

    site: Site
    desk: Path
    hub: Served
    forge: Forge

    def git(self, *arguments: str) -> str:
        return _git(self.desk, *arguments)

    def proposes(self, branch: str, files: Mapping[str, str | None], number: int = 7) -> str:
        """Pushes a branch with these files (None removes one), and makes the merge that a forge makes of it."""
        self.git("checkout", "--quiet", "-B", branch, "main")
        for path, text in files.items():
            if text is None:
                self.git("rm", "--quiet", path)
            else:
                write(self.desk, {path: text})
                self.git("add", "--", path)
        self.git("commit", "--quiet", "--message", branch)
        self.git("checkout", "--quiet", "--detach", "main")
        self.git("merge", "--quiet", "--no-ff", "--message", f"Merge {branch}", branch)
        self.git("push", "--quiet", "--force", "origin", f"HEAD:refs/pull/{number}/merge", f"{branch}:{branch}")
        self.git("checkout", "--quiet", "main")
        return branch

    def merges(self, branch: str) -> None:
        self.git("merge", "--quiet", "--no-ff", "--message", f"Merge {branch}", branch)
        self.git("push", "--quiet", "origin", "main")

    def runs(self, file: str, event: Event, before: Mapping[str, Callable[[], None]] | None = None) -> dict[str, Job]:
        return run_workflow(self.site, f"{file}.yml", event, before)

    def pull_request(self, number: int = 7, *, fork: bool = False) -> dict[str, Job]:
        """Runs what a pull request sets off."""
        head = "somebody/backoffice" if fork else REPOSITORY
        payload: dict[str, Value] = {
            "number": number,
            "pull_request": {"number": number, "head": {"repo": {"full_name": head}}},
        }
        event = Event("pull_request", f"refs/pull/{number}/merge", _payload(payload), is_from_a_fork=fork)
        return self.runs("bo-sync-pull-request", event)

    def changes_by_hand(self, email: str, **fields: str) -> None:
        """Somebody changes a person in the backoffice."""
        with Store.open(self.hub.database) as store:
            there = store.snapshot()
            changed = [{**user, **fields} if user["email"] == email else user for user in there["users"]]
            store.load({**there, "users": cast("list[UserShape]", changed)})

    def grants_by_hand(self, email: str, definition: str) -> None:
        """Somebody makes a person a viewer of something in the backoffice."""
        with Store.open(self.hub.database) as store:
            there = store.snapshot()
            for user in there["users"]:
                if user["email"] == email:
                    row: RoleShape = {"id": str(UUID(int=1)), "definition": definition, "access": "VIEWER"}
                    user["roles"] = [*user["roles"], row]
            store.load(there)

    def has_twin(self, email: str) -> None:
        """Another user gets the same address in upper case, so a deletion of either is blocked."""
        with Store.open(self.hub.database) as store:
            there = store.snapshot()
            twin = person(email.partition("@")[0].upper() + "@" + email.partition("@")[2])
            store.load({**there, "users": [*there["users"], twin]})

    def access(self, email: str, definition: str) -> str:
        """The access of a user's row of a definition."""
        (held,) = (user for user in self.hub.holds()["users"] if user["email"] == email)
        (row,) = (row for row in held["roles"] if row["definition"] == definition)
        return row["access"]


def on_main(name: Trigger, **inputs: Value) -> Event:
    """Something that happens on the default branch."""
    payload = {} if name == "schedule" else _payload({})  # a schedule need not tell of the repository
    return Event(name, payload=payload, inputs=inputs)


def plain(body: str) -> str:
    """A comment as people read it: no tags, no entities."""
    return unescape(re.sub(r"<[^>]*>", "", body))


def _payload(more: dict[str, Value]) -> dict[str, Value]:
    return {"repository": {"default_branch": "main", "full_name": REPOSITORY}, **more}


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**environment(), **_WRITER},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


_GH: Final = """#!/usr/bin/env bash
# Stands for GitHub's own program: writes down what it is asked; the pull requests that it created stay open.
printf '%s\\n' "$*" >> "{said}"
if [ "$1 $2" = "pr list" ]; then grep -c '^pr create ' "{said}" || true; fi
"""


_PYTHON: Final = """#!/usr/bin/env bash
# Stands for a Python whose pip installs bo-sync: writes down what is asked of it.
printf '%s\\n' "$*" >> "{said}"
cp "{program}" "{tools}/bo-sync"
"""


@contextmanager
def office(folder: Path, kind: Kind = "github", *, is_installed: bool = True) -> Iterator[Office]:
    """An office whose repository `init --from-hub` began for a forge; bo-sync is on its runners, or not yet."""
    tools, remote, desk = folder / "bin", folder / "remote.git", folder / "desk"
    program = (tools if is_installed else folder / "index") / "bo-sync"
    _program(program, f'#!/usr/bin/env bash\nexec {" ".join((sys.executable, *COMMAND[1:]))} "$@"\n')
    _program(tools / "gh", _GH.format(said=folder / "gh.log"))
    _program(tools / "python", _PYTHON.format(said=folder / "python.log", program=program, tools=tools))
    with served(folder, team()) as hub, github() if kind == "github" else gitlab() as forge:
        desk.mkdir()
        _git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
        _git(remote, "config", "receive.advertisePushOptions", "true")
        _git(desk, "init", "--quiet", "--initial-branch=main")
        _git(desk, "remote", "add", "origin", remote.as_uri())
        ran = bo_sync(desk, "init", f"--{kind}", "--from-hub", env=hub.env(VIEWER_KEY))
        assert ran.code == 0, ran.err
        _git(desk, "add", "--all")
        _git(desk, "commit", "--quiet", "--message", "Begin")
        _git(desk, "push", "--quiet", "origin", "main")
        kept = {**environment(), **_WRITER, "GITHUB_API_URL": forge.api}
        kept["PATH"] = os.pathsep.join([str(tools), *_without_ours(kept["PATH"])])
        vaults = {
            name: Vault({"BO_SYNC_HUB_URL": hub.url}, {"BO_SYNC_API_KEY": key})
            for name, key in (("bo-sync-plan", VIEWER_KEY), ("bo-sync-apply", OWNER_KEY))
        }
        site = Site(REPOSITORY, remote, folder / "jobs", vaults, kept, partial(_token, forge))
        yield Office(site, desk, hub, forge)


def _without_ours(path: str) -> list[str]:
    """The folders of a PATH, but for those that hold a bo-sync of this machine."""
    return [folder for folder in path.split(os.pathsep) if not (Path(folder) / "bo-sync").exists()]


def _token(forge: Forge, may: frozenset[str]) -> str:
    """A token of a job, which may write what it names and nothing else."""
    token = f"ghs_{len(forge.accounts)}-{'-'.join(sorted(may)) or 'nothing'}-0123456789"
    forge.accounts[token] = Account(ACTIONS.id, ACTIONS.login, is_app=True, may=may)
    return token


def asked_of(program: str, made: Office) -> list[str]:
    """What the workflows asked `gh` or `python`."""
    said = made.site.scratch.with_name(f"{program}.log")
    return said.read_text().splitlines() if said.exists() else []
