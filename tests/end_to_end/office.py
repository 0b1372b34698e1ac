"""An office: a hub of eight users, the repository that `init` began from it, and the double of GitHub or GitLab.

The hub is served over HTTP. The environment `bo-sync-plan` holds the viewer's key, `bo-sync-apply` the owner's.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Final, Literal, cast
from uuid import UUID

from bo_sync.sandbox.population import (
    KNOWN_DEFINITIONS,
    OWNER_KEY,
    VIEWER_KEY,
    Population,
    RoleShape,
    UserRecord,
    baseline_definitions,
    baseline_keys,
)
from bo_sync.sandbox.store import Store
from tests.end_to_end.world import rows, user
from tests.support.forges import Account, Forge
from tests.support.forked import program
from tests.support.github_double import ACTIONS, github, github_env
from tests.support.gitlab_double import gitlab
from tests.support.process import SECONDS, Served, bo_sync, environment, served, write
from tests.support.steps import Steps
from tests.support.workflow_text import mapping, nodes, read, texts

Kind = Literal["github", "gitlab"]
KEYS: Final = {"bo-sync-plan": VIEWER_KEY, "bo-sync-apply": OWNER_KEY}
HANA: Final = "email: hana@example.com\nfirst_name: Hana\nlast_name: Sato\npreset: sales-representative\n"
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


def seller(name: str) -> UserRecord:
    """Somebody who sells, as the preset of that name has it."""
    grants = rows(sales="OWNER", user="OWNER", product="OWNER", order="OWNER")
    return user(f"{name}@example.com", *grants, firstName=name.title(), lastName="Seller")


def team() -> Population:
    """Two users who can give access, and six who sell."""
    everything: list[RoleShape] = [{"definition": name, "access": "OWNER"} for name in KNOWN_DEFINITIONS]
    leads = [
        user(f"{name}@example.com", *everything, firstName=name.title(), lastName="Lead") for name in ("anna", "omar")
    ]
    return {"definitions": baseline_definitions(), "keys": baseline_keys(), "users": [*leads, *map(seller, SELLERS)]}


@dataclass(frozen=True, slots=True)
class Office:
    """`desk` is a clone to work in, `forge` what the forge holds of comments and issues."""

    folder: Path
    hub: Served
    forge: Forge

    @property
    def desk(self) -> Path:
        return self.folder / "desk"

    @property
    def remote(self) -> Path:
        return self.folder / "remote.git"

    def git(self, *arguments: str) -> str:
        return git_in(self.desk, *arguments)

    def file(self, name: str) -> str:
        return (self.desk / "users" / f"{name}@example.com.yaml").read_text(encoding="utf-8")

    def proposes(self, branch: str, files: Mapping[str, str | None], number: int = 7) -> str:
        """Pushes a branch with these files (None removes one), and the merge that a forge makes of it."""
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

    def merges(self, files: Mapping[str, str | None], number: int = 7) -> None:
        branch = self.proposes(f"branch-{number}", files, number)
        self.git("merge", "--quiet", "--no-ff", "--message", f"Merge {branch}", branch)
        self.git("push", "--quiet", "origin", "main")

    def checkout(self, ref: str, depth: int = 0) -> Path:
        """A new clone of `ref` with `depth` commits of history (0 for all), on its branch or on none."""
        work = self.folder / f"job-{len(list(self.folder.glob('job-*')))}"
        work.mkdir()
        git_in(work, "init", "--quiet")
        git_in(work, "remote", "add", "origin", self.remote.as_uri())
        history = (
            ("origin", f"+{ref}:refs/checked/out")
            if depth
            else ("origin", "+refs/*:refs/all/*", f"+{ref}:refs/checked/out")
        )
        git_in(work, "fetch", "--quiet", *((f"--depth={depth}",) if depth else ()), *history)
        onto = ("-B", ref.removeprefix("refs/heads/")) if ref.startswith("refs/heads/") else ("--detach",)
        git_in(work, "checkout", "--quiet", *onto, "refs/checked/out")
        return work

    def env(self) -> dict[str, str]:
        """The environment of every script: bo-sync and `gh` on the PATH, and a committer."""
        kept = {**environment(), **_WRITER}
        others = [folder for folder in kept["PATH"].split(os.pathsep) if not (Path(folder) / "bo-sync").exists()]
        return {**kept, "PATH": os.pathsep.join([str(self.folder / "bin"), *others])}

    def job(self, file: str, name: str, values: Mapping[str, str] | None = None, number: int | None = None) -> Steps:
        """A job of GitHub for a pull request, or for the default branch; its token may write what the job names."""
        ref = f"refs/pull/{number}/merge" if number else "refs/heads/main"
        workflow = read(git_in(self.remote, "show", f"{ref}:.github/workflows/bo-sync-{file}.yml"))
        node = mapping(mapping(workflow["jobs"])[name])
        work = self.checkout(ref, int(texts(mapping(nodes(node["steps"])[0])["with"]).get("fetch-depth", "1")))
        temp = work.with_name(f"temp-of-{work.name}")
        write(temp, {"bo-sync-is-installed": ""})
        may = frozenset(scope for scope, level in texts(node["permissions"]).items() if level == "write")
        token = f"ghs_{len(self.forge.accounts)}-{'-'.join(sorted(may))}-0123456789"
        self.forge.accounts[token] = Account(ACTIONS.id, ACTIONS.login, is_app=True, may=may)
        given = {"runner.temp": str(temp), "github.event.repository.default_branch": "main", "github.token": token}
        if "environment" in node:
            key = KEYS[str(node["environment"])]
            given |= {"vars.BO_SYNC_HUB_URL": self.hub.url, "secrets.BO_SYNC_API_KEY": key}
        env = {
            **self.env(),
            **github_env(self.forge, number=number),
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(work),
        }
        del env["GITHUB_TOKEN"]
        return Steps(node, work, temp, env, {**given, **(values or {})})

    def emails(self) -> set[str]:
        return {user["email"] for user in self.hub.holds()["users"]}

    def last_name(self, email: str) -> str | None:
        return next(user["lastName"] for user in self.hub.holds()["users"] if user["email"] == email)

    def changes_by_hand(self, email: str, **fields: str) -> None:
        with Store.open(self.hub.database) as store:
            there = store.snapshot()
            changed = [{**user, **fields} if user["email"] == email else user for user in there["users"]]
            store.load({**there, "users": cast("list[UserRecord]", changed)})

    def grants_by_hand(self, email: str, definition: str) -> None:
        """Somebody makes a user a viewer of something in the backoffice."""
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
            twin = user(email.partition("@")[0].upper() + "@" + email.partition("@")[2])
            store.load({**there, "users": [*there["users"], twin]})

    def access(self, email: str, definition: str) -> str:
        (held,) = (user for user in self.hub.holds()["users"] if user["email"] == email)
        (row,) = (row for row in held["roles"] if row["definition"] == definition)
        return row["access"]


def plain(body: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", body))


def git_in(folder: Path, *arguments: str) -> str:
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


_GH: Final = """#!/usr/bin/env bash
# Stands for GitHub's own program: writes down what it is asked; the pull requests that it created stay open.
printf '%s\\n' "$*" >> "{said}"
if [ "$1 $2" = "pr list" ]; then grep -c '^pr create ' "{said}" || true; fi
"""


@contextmanager
def begun(folder: Path, kind: Kind) -> Iterator[Served]:
    """A hub, and below `folder` the repository that `init --from-hub` began for a forge: `remote.git` and `desk`."""
    remote, desk = folder / "remote.git", folder / "desk"
    with served(folder, team()) as hub:
        desk.mkdir()
        git_in(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
        git_in(remote, "config", "receive.advertisePushOptions", "true")
        git_in(desk, "init", "--quiet", "--initial-branch=main")
        git_in(desk, "remote", "add", "origin", "../remote.git")
        ran = bo_sync(desk, "init", f"--{kind}", "--from-hub", env=hub.env(VIEWER_KEY))
        assert ran.code == 0, ran.err
        git_in(desk, "add", "--all")
        git_in(desk, "commit", "--quiet", "--message", "Begin")
        git_in(desk, "push", "--quiet", "origin", "main")
        yield hub


@contextmanager
def office(hub: Served, folder: Path, kind: Kind) -> Iterator[Office]:
    """A copy of what was begun beside the hub's database, below `folder`; the hub holds the team again."""
    for name in ("remote.git", "desk"):
        shutil.copytree(hub.database.parent / name, folder / name, symlinks=True)
    write(folder / "bin", {"bo-sync": program(), "gh": _GH.format(said=folder / "gh.log")})
    for file in (folder / "bin").iterdir():
        file.chmod(0o755)
    with Store.open(hub.database) as store:
        store.load(team())
    with github() if kind == "github" else gitlab() as forge:
        yield Office(folder, hub, forge)
