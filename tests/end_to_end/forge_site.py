"""A repository that `init` began from a hub of eight people, on a forge: its remote, its secrets, and its hub.

The hub is served over HTTP. The environment `bo-sync-plan` holds a key that may only look, `bo-sync-apply` the owner's.
"""

import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bo_sync.sandbox.baseline import KNOWN_DEFINITIONS, OWNER_KEY, VIEWER_KEY, definitions, keys
from bo_sync.sandbox.shape import Population, RoleShape, UserShape
from bo_sync.sandbox.store import Store
from tests.end_to_end.world import person, rows
from tests.support.expressions import Value
from tests.support.process import COMMAND, SECONDS, Served, bo_sync, environment, served, write
from tests.support.runner import REPOSITORY, Event, Job, Site, Vault, run_workflow

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
class Forge:
    """The forge, as the people who use it see it. `desk` is a clone in which somebody works."""

    site: Site
    desk: Path
    hub: Served

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

    def runs(self, file: str, event: Event) -> dict[str, Job]:
        return run_workflow(self.site, f"{file}.yml", event)

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
            store.load({**there, "users": changed})  # type: ignore[typeddict-item]  # a test names fields that there are


def on_main(name: str, **inputs: Value) -> Event:
    """Something that happens on the default branch."""
    return Event(name, payload=_payload({}), inputs=inputs)  # type: ignore[arg-type]  # one of the names of an event


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
# Stands for GitHub's own program: writes down what it is asked, and knows no open pull request.
printf '%s\\n' "$*" >> "{said}"
if [ "$1 $2" = "pr list" ]; then echo 0; fi
"""


@contextmanager
def forge(folder: Path, **more: str) -> Iterator[Forge]:
    """A forge whose repository `init --github --from-hub` began; `more` is in the environment of every step."""
    tools, remote, desk = folder / "bin", folder / "remote.git", folder / "desk"
    _program(tools / "bo-sync", f'#!/usr/bin/env bash\nexec {" ".join((sys.executable, *COMMAND[1:]))} "$@"\n')
    _program(tools / "gh", _GH.format(said=folder / "gh.log"))
    kept = environment(**more)
    kept["PATH"] = f"{tools}:{kept['PATH']}"
    with served(folder, team()) as hub:
        desk.mkdir()
        _git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
        _git(remote, "config", "uploadpack.allowAnySHA1InWant", "true")
        _git(desk, "init", "--quiet", "--initial-branch=main")
        _git(desk, "remote", "add", "origin", remote.as_uri())
        ran = bo_sync(desk, "init", "--github", "--from-hub", env=hub.env(VIEWER_KEY))
        assert ran.code == 0, ran.err
        _git(desk, "add", "--all")
        _git(desk, "commit", "--quiet", "--message", "Begin")
        _git(desk, "push", "--quiet", "origin", "main")
        vaults = {
            name: Vault({"BO_SYNC_HUB_URL": hub.url}, {"BO_SYNC_API_KEY": key})
            for name, key in (("bo-sync-plan", VIEWER_KEY), ("bo-sync-apply", OWNER_KEY))
        }
        yield Forge(Site(remote, folder / "jobs", vaults, {**_WRITER, **kept}), desk, hub)


def asked_of_gh(made: Forge) -> list[str]:
    """What the workflows asked GitHub's own program."""
    said = made.site.scratch.parent / "gh.log"
    return said.read_text().splitlines() if said.exists() else []
