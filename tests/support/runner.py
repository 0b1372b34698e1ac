"""A small runner of GitHub's workflows: it reads a workflow's own YAML and runs its steps on this machine.

What it keeps to: conditions, `needs`, environments and who gets their secrets, a fresh workspace a job, `bash -e` for
`run`, composite actions, the files GITHUB_OUTPUT, GITHUB_ENV, GITHUB_PATH and GITHUB_STEP_SUMMARY. The few actions of
GitHub itself have doubles here; any other one, and any input that an action does not declare, is an error.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, cast

from tests.support.expressions import Value, condition, filled, formatted
from tests.support.workflow_text import Node, mapping, nodes, read, texts, told

Trigger = Literal["pull_request", "push", "schedule", "workflow_dispatch"]
Conclusion = Literal["success", "failure", "skipped"]
SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Event:
    """What sets a workflow off. `ref` is what is checked out: a branch, or the merge of a pull request."""

    name: Trigger
    ref: str = "refs/heads/main"
    payload: Mapping[str, Value] = field(default_factory=dict)
    inputs: Mapping[str, Value] = field(default_factory=dict)
    is_from_a_fork: bool = False


@dataclass(frozen=True, slots=True)
class Vault:
    """What one environment holds."""

    variables: Mapping[str, str]
    secrets: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Site:
    """The forge around a workflow: the bare repository, a scratch folder, its environments, and what processes get.

    `token` makes a token for a job that may write what is named, as in `issues`.
    """

    name: str
    remote: Path
    scratch: Path
    vaults: Mapping[str, Vault]
    environment: Mapping[str, str]
    token: Callable[[frozenset[str]], str]


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it ended; `log` is what it printed, both streams."""

    name: str
    outcome: Conclusion
    log: str = ""


@dataclass(slots=True)
class Job:
    """One job as it ended."""

    conclusion: Conclusion = "success"
    steps: list[Step] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""

    def step(self, name: str) -> Step:
        return next(step for step in self.steps if step.name == name)

    @property
    def log(self) -> str:
        return "".join(step.log for step in self.steps)


def run_workflow(
    site: Site, file: str, event: Event, before: Mapping[str, Callable[[], None]] | None = None
) -> dict[str, Job]:
    """Runs the workflow `.github/workflows/FILE` as it stands at the event's commit; each job by its id.

    `before` are things that happen just before a job, as while somebody is asked to let it run.
    """
    text = _git(site.remote, "show", f"{event.ref}:.github/workflows/{file}")
    workflow = read(text)
    triggers = mapping(workflow["on"])
    assert workflow["permissions"] == {}, "a job gets what it names, and nothing else"
    assert event.name in triggers, f"{file} does not listen to {event.name}"
    site.scratch.mkdir(parents=True, exist_ok=True)
    jobs: dict[str, Job] = {}
    for name, node in mapping(workflow["jobs"]).items():
        (before or {}).get(name, lambda: None)()
        jobs[name] = _Running(site, event, f"{file}-{name}", jobs).job(mapping(node))
    return jobs


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class _Running:
    """One job while it runs."""

    def __init__(self, site: Site, event: Event, name: str, before: Mapping[str, Job]) -> None:
        self._site, self._event, self._before = site, event, before
        number = len(list(site.scratch.iterdir()))
        self._home = site.scratch / f"{number:02}-{name.removesuffix('.yml')}"
        self._work, self._temp = self._home / "work", self._home / "temp"
        self._done = Job()
        self._variables: dict[str, str] = {}
        self._paths: list[str] = []

    def job(self, node: Mapping[str, Node]) -> Job:
        needed = {str(name): self._before[str(name)] for name in nodes(node.get("needs", ()))}
        if any(job.conclusion != "success" for job in needed.values()):
            return Job("skipped")
        contexts = self._contexts(node, needed)
        if not self._holds(str(node.get("if", "success()")), contexts):
            return Job("skipped")
        for folder in (self._work, self._temp):
            folder.mkdir(parents=True)
        steps: dict[str, Value] = {}
        contexts["steps"] = steps
        contexts["env"] = {name: self._filled(value, contexts) for name, value in texts(node.get("env")).items()}
        self._steps(node, contexts, steps)
        self._done.outputs = {name: self._filled(value, contexts) for name, value in texts(node.get("outputs")).items()}
        return self._done

    def _contexts(self, node: Mapping[str, Node], needed: Mapping[str, Job]) -> dict[str, Value]:
        """What expressions may ask. A job sees the secrets of its own environment; one for a fork sees none."""
        is_trusted = not self._event.is_from_a_fork
        vault = self._site.vaults.get(str(node.get("environment", "")) if is_trusted else "", Vault({}, {}))
        written = {name for name, level in texts(node.get("permissions")).items() if level == "write"}
        github: dict[str, Value] = {
            "event": self._event.payload,
            "event_name": self._event.name,
            "ref": self._event.ref,
            "ref_name": re.sub(r"^refs/(heads/|tags/)?", "", self._event.ref),
            "repository": self._site.name,
            "token": self._site.token(frozenset(written) if is_trusted else frozenset()),
        }
        ended: Value = {name: {"result": job.conclusion, "outputs": job.outputs} for name, job in needed.items()}
        return {
            "github": github,
            "vars": vault.variables,
            "secrets": vault.secrets,
            "inputs": self._event.inputs,
            "needs": ended,
            "runner": {"temp": str(self._temp)},
        }

    def _functions(self) -> dict[str, Callable[..., Value]]:
        failed = self._done.conclusion == "failure"
        return {
            "success": lambda: not failed,
            "failure": lambda: failed,
            "always": lambda: True,
            "cancelled": lambda: False,
            "format": formatted,
        }

    def _filled(self, text: str, contexts: Mapping[str, Value]) -> str:
        return filled(text, contexts, self._functions())

    def _holds(self, text: str, contexts: Mapping[str, Value]) -> bool:
        """Whether an `if:` holds; one that asks no status holds only while nothing has failed."""
        asks = re.search(r"\b(success|failure|always|cancelled)\(", text)
        return bool(condition(text, contexts, self._functions())) and bool(asks or self._done.conclusion == "success")

    def _steps(self, holder: Mapping[str, Node], contexts: Mapping[str, Value], ended: dict[str, Value]) -> None:
        """Runs the steps one after another; what each with an id tells goes into `ended`."""
        for node in map(mapping, nodes(holder["steps"])):
            name = str(node.get("name") or node.get("uses") or node.get("run"))
            if not self._holds(str(node.get("if", "success()")), contexts):
                self._done.steps.append(Step(name, "skipped"))
                continue
            outputs = self._uses(node, contexts, name) if "uses" in node else self._runs(node, contexts, name)
            ended[str(node.get("id", name))] = {"outputs": outputs}

    def _uses(self, node: Mapping[str, Node], contexts: Mapping[str, Value], name: str) -> dict[str, str]:
        reference = str(node["uses"])
        given = {key: self._filled(value, contexts) for key, value in texts(node.get("with")).items()}
        if reference.startswith("./"):
            return self._composite(self._work / reference, given, contexts)
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", reference), f"{reference} is not pinned"
        action = reference.partition("@")[0].removeprefix("actions/")
        doubles = {
            "checkout": self._checkout,
            "setup-python": self._python,
            "upload-artifact": self._upload,
            "download-artifact": self._download,
        }
        doubles[action](given)
        self._done.steps.append(Step(name, "success"))
        return {}

    def _composite(self, folder: Path, given: dict[str, str], contexts: Mapping[str, Value]) -> dict[str, str]:
        """An action of the repository: its steps run here, and see its inputs alone."""
        action = read((folder / "action.yml").read_text(encoding="utf-8"))
        declared = {name: texts(node).get("default", "") for name, node in mapping(action["inputs"]).items()}
        assert given.keys() <= declared.keys(), given.keys() - declared.keys()
        inner: dict[str, Value] = {}
        own = {**contexts, "inputs": {**declared, **given}, "secrets": {}, "vars": {}, "steps": inner}
        self._steps(mapping(action["runs"]), own, inner)
        return {name: self._filled(texts(node)["value"], own) for name, node in mapping(action["outputs"]).items()}

    def _runs(self, node: Mapping[str, Node], contexts: Mapping[str, Value], name: str) -> dict[str, str]:
        files = {kind: self._temp / f"_{kind}" for kind in ("OUTPUT", "ENV", "PATH", "STEP_SUMMARY")}
        for path in files.values():
            path.write_text("")
        own = {key: self._filled(value, contexts) for key, value in texts(node.get("env")).items()}
        strict = ("--noprofile", "--norc", "-eo", "pipefail") if node.get("shell") else ("-e",)
        done = subprocess.run(
            ["bash", *strict, "-c", self._filled(str(node["run"]), contexts)],
            cwd=self._work,
            env={**self._environment(contexts), **{f"GITHUB_{kind}": str(path) for kind, path in files.items()}, **own},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        assert "Traceback" not in done.stdout, done.stdout
        self._variables |= told(files["ENV"])
        self._paths += files["PATH"].read_text().split()
        self._done.summary += files["STEP_SUMMARY"].read_text(encoding="utf-8")
        outcome: Conclusion = "success" if done.returncode == 0 else "failure"
        self._done.steps.append(Step(name, outcome, done.stdout))
        if outcome == "failure":
            self._done.conclusion = "failure"
        return told(files["OUTPUT"])

    def _environment(self, contexts: Mapping[str, Value]) -> dict[str, str]:
        event = self._temp / "_event.json"
        event.write_text(json.dumps({**self._event.payload, "inputs": self._event.inputs}))
        return {
            **self._site.environment,
            "PATH": os.pathsep.join([*self._paths, self._site.environment["PATH"]]),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": self._site.name,
            "GITHUB_EVENT_NAME": self._event.name,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REF": self._event.ref,
            "GITHUB_SHA": _git(self._site.remote, "rev-parse", self._event.ref).strip(),
            "GITHUB_RUN_ID": "1",
            "GITHUB_WORKSPACE": str(self._work),
            "RUNNER_TEMP": str(self._temp),
            **cast("Mapping[str, str]", contexts["env"]),
            **self._variables,
        }

    def _checkout(self, given: Mapping[str, str]) -> None:
        assert given["persist-credentials"] == "false"
        depth = given.get("fetch-depth", "1")
        deep = () if depth == "0" else (f"--depth={depth}",)
        refs = ["+refs/heads/*:refs/remotes/origin/*"] if depth == "0" else []
        _git(self._work, "init", "--quiet")
        _git(self._work, "remote", "add", "origin", self._site.remote.as_uri())
        _git(self._work, "fetch", "--quiet", *deep, "origin", f"+{self._event.ref}:refs/remotes/checked/out", *refs)
        branch = self._event.ref.removeprefix("refs/heads/")
        onto = ("--detach",) if self._event.ref.startswith("refs/pull/") else ("-B", branch)
        _git(self._work, "checkout", "--quiet", *onto, "refs/remotes/checked/out")

    def _python(self, given: Mapping[str, str]) -> None:
        assert given.keys() == {"python-version"}  # and the Python of this machine will do

    def _artifact(self, given: Mapping[str, str]) -> Path:
        return self._site.scratch.with_name(f"{self._site.scratch.name}-artifacts") / given["name"]

    def _upload(self, given: Mapping[str, str]) -> None:
        source, place = self._work / given["path"], self._artifact(given)
        if not source.exists():
            assert given["if-no-files-found"] == "ignore", f"{source} is not there"
            return
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for file in [source] if source.is_file() else filter(Path.is_file, source.rglob("*")):
            shutil.copy(file, place / file.name)

    def _download(self, given: Mapping[str, str]) -> None:
        shutil.copytree(self._artifact(given), self._work / given["path"])
