"""A small runner of GitLab's pipelines: it reads the pipeline's own YAML and runs the jobs whose rules hold.

What it keeps to: `include` of local files, `extends`, `rules`, stages, the variables of an environment, `before_script`
and `script` line by line, artifacts handed on to later jobs. A job that waits for somebody is run when it is named.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.expressions import Value, evaluated
from tests.support.workflow_text import Node, mapping, nodes, read, texts

STAGES: Final = ("build", "test", "deploy")
SECONDS: Final = 120
Variables = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ran:
    """One job as it ended."""

    is_sound: bool
    log: str
    work: Path


@dataclass(frozen=True, slots=True)
class Project:
    """A project: its bare repository, a scratch folder, and the variables of all jobs and of each environment's."""

    remote: Path
    scratch: Path
    variables: Variables
    environments: Mapping[str, Variables]


def run_pipeline(project: Project, commit: str, variables: Variables, started: tuple[str, ...] = ()) -> dict[str, Ran]:
    """The jobs of the pipeline for `commit`, stage by stage, until a stage fails; `started` are run by hand."""
    given = {**project.variables, **variables}
    jobs = _jobs(project, commit)
    ran: dict[str, Ran] = {}
    for stage in STAGES:
        before = tuple(ran.values())
        if not all(each.is_sound for each in before):
            break
        for name, job in jobs.items():
            when = _when(job, given)
            wanted = when == "on_success" or (when == "manual" and name in started)
            if job.get("stage") == stage and wanted:
                ran[name] = _run(project, commit, _Asked(name, job, given, before))
    return ran


@dataclass(frozen=True, slots=True)
class _Asked:
    """A job to be run: what its YAML says, the variables of the pipeline, and the jobs of earlier stages."""

    name: str
    job: Mapping[str, Node]
    variables: Variables
    before: tuple[Ran, ...]


def _jobs(project: Project, commit: str) -> dict[str, Mapping[str, Node]]:
    """Every job by its name, with what it extends; those whose name begins with a dot are only extended."""
    files = [mapping(node)["local"] for node in nodes(read(_shown(project, commit, ".gitlab-ci.yml"))["include"])]
    found = {name: mapping(node) for file in files for name, node in read(_shown(project, commit, str(file))).items()}
    return {name: _whole(job, found) for name, job in found.items() if not name.startswith(".")}


def _whole(job: Mapping[str, Node], found: Mapping[str, Mapping[str, Node]]) -> Mapping[str, Node]:
    base = _whole(found[str(job["extends"])], found) if "extends" in job else {}
    variables = {**texts(base.get("variables")), **texts(job.get("variables"))}
    return {**base, **job, "variables": variables}


def _shown(project: Project, commit: str, path: str) -> str:
    return _git(project.remote, "show", f"{commit}:{path}")


def _when(job: Mapping[str, Node], variables: Variables) -> str:
    """The `when` of the first rule that holds; `never` where none does."""
    for rule in map(mapping, nodes(job["rules"])):
        if _holds(str(rule["if"]), variables):
            return str(rule.get("when", "on_success"))
    return "never"


def _holds(condition: str, variables: Variables) -> bool:
    """GitLab's `$NAME == "text"`, in the grammar of the other forge: a variable that is not set is null."""
    asked = re.sub(r"\$(\w+)", r"given.\1", condition).replace('"', "'")
    given: Value = {**variables}
    return bool(evaluated(asked, {"given": given}, {}))


def _run(project: Project, commit: str, asked: _Asked) -> Ran:
    job = asked.job
    work = project.scratch / f"{len(list(project.scratch.iterdir())):02}-{asked.name.replace(':', '-')}"
    work.mkdir()
    _checked_out(project, commit, work)
    for earlier in asked.before:
        _hand_on(earlier.work.with_name(f"{earlier.work.name}-artifacts"), work)
    environment = job.get("environment")
    scope = str(mapping(environment)["name"]) if environment else ""
    lines = [str(line) for part in ("before_script", "script") for line in nodes(job.get(part, ()))]
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(lines)],
        cwd=work,
        env={
            **asked.variables,
            **project.environments.get(scope, {}),
            **texts(job["variables"]),
            "CI_COMMIT_SHA": commit,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert "Traceback" not in done.stdout, done.stdout
    _keep(work, job, is_sound=done.returncode == 0)
    return Ran(done.returncode == 0, done.stdout, work)


def _checked_out(project: Project, commit: str, work: Path) -> None:
    """As GitLab does it: the commit, with all of its history, on no branch."""
    _git(work, "init", "--quiet")
    _git(work, "remote", "add", "origin", project.remote.as_uri())
    _git(work, "fetch", "--quiet", "origin", "+refs/*:refs/remotes/all/*")
    _git(work, "checkout", "--quiet", "--detach", commit)


def _keep(work: Path, job: Mapping[str, Node], *, is_sound: bool) -> None:
    """The artifacts of a job, beside its folder; every report that it promises is there when it succeeded."""
    artifacts = mapping(job.get("artifacts", {}))
    kept = work.with_name(f"{work.name}-artifacts")
    kept.mkdir()
    if not is_sound and artifacts.get("when") != "always":
        return
    for path in nodes(artifacts.get("paths", ())):
        source = work / str(path)
        (kept / str(path)).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, kept / str(path))
        elif source.exists():
            shutil.copy(source, kept / str(path))
    for path in texts(artifacts.get("reports")).values():
        assert not is_sound or (work / path).is_file(), f"{path} is promised and was not written"


def _hand_on(kept: Path, work: Path) -> None:
    for file in _files(kept):
        place = work / file.relative_to(kept)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file())


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
