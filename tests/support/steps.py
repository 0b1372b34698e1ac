"""The scripts of a pipeline's steps, read from its YAML and run by bash as they are.

What only the forge decides (conditions, rules, order, keys) is compared as text in `tests/scaffold`. A test names the
step to run and gives the values that the forge would give. An expression without a value is an error.
"""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.workflow_text import Node, mapping, nodes, read, texts

SECONDS: Final = 120
_EXPIRED: Final = "github.event_name == 'schedule' && '--expired' || ''"
_ACCEPTED: Final = "github.event_name == 'schedule' && '0 4' || '0'"
SCHEDULED: Final = {_EXPIRED: "--expired", _ACCEPTED: "0 4", "inputs.allow": ""}
"""Expressions of the workflows and their values on a schedule."""
_HOLE: Final = re.compile(r"\$\{\{ (.*?) \}\}")


def not_scheduled(allow: str = "") -> dict[str, str]:
    """The same expressions on a push or a start by hand, with what was typed as `allow`."""
    return {_EXPIRED: "", _ACCEPTED: "0", "inputs.allow": allow}


@dataclass(frozen=True, slots=True)
class Done:
    """How a script ended: its exit code, both streams, and what it wrote for the forge."""

    code: int
    log: str
    outputs: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""


def run_script(script: str, folder: Path, env: Mapping[str, str], *options: str) -> Done:
    """Run a script with nothing in its environment but `env`."""
    done = subprocess.run(
        ["bash", *options, "-c", script],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert "Traceback" not in done.stdout, done.stdout
    return Done(done.returncode, done.stdout)


def gitlab_script(pipeline: Mapping[str, Node], name: str) -> tuple[str, Mapping[str, str]]:
    """The lines of a job of GitLab with those that it extends, and the variables that they declare."""
    job = mapping(pipeline[name])
    before, declared = gitlab_script(pipeline, str(job["extends"])) if "extends" in job else ("", {})
    lines = [str(line) for part in ("before_script", "script") for line in nodes(job.get(part, ()))]
    return "\n".join([before, *lines]), {**declared, **texts(job.get("variables"))}


@dataclass(slots=True)
class Steps:
    """One job of GitHub: its checkout, its folder for temporary files, and the values of expressions.

    Outputs of a step that has an id are added to the values.
    """

    job: Mapping[str, Node]
    work: Path
    temp: Path
    env: Mapping[str, str]
    values: dict[str, str]

    def run(self, name: str) -> Done:
        """Run a step by its name, or the scripts of the repository's action when the step uses it."""
        step = _named(self.job, name)
        done = self._script(step, self.values) if "run" in step else self._action(step)
        self.values |= {f"steps.{step.get('id')}.outputs.{key}": value for key, value in done.outputs.items()}
        return done

    def filled(self, text: str) -> str:
        return _filled(text, self.values)

    def _action(self, step: Mapping[str, Node]) -> Done:
        action = read((self.work / str(step["uses"]) / "action.yml").read_text(encoding="utf-8"))
        inputs = {name: texts(node).get("default", "") for name, node in mapping(action["inputs"]).items()}
        given = {name: self.filled(text) for name, text in texts(step["with"]).items()}
        assert given.keys() <= inputs.keys(), given.keys() - inputs.keys()
        inputs |= given
        values = {f"inputs.{name}": value for name, value in inputs.items()}
        wanted = inputs["requirement"] or f"bo-sync=={inputs['version']}"
        values["inputs.requirement || format('bo-sync=={0}', inputs.version)"] = wanted
        runs = mapping(action["runs"])
        if self._script(_named(runs, "Look whether bo-sync is there"), values).outputs.get("found") != "true":
            installed = self._script(_named(runs, "Install bo-sync"), values)
            assert installed.code == 0, installed.log
        return self._script(_named(runs, "Run the command"), values)

    def _script(self, step: Mapping[str, Node], values: Mapping[str, str]) -> Done:
        output, summary = self.temp / "_output", self.temp / "_summary"
        for file in (output, summary):
            file.write_text("")
        own = {name: _filled(text, values) for name, text in texts(step.get("env")).items()}
        named = {"RUNNER_TEMP": str(self.temp), "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
        strict = ("--noprofile", "--norc", "-eo", "pipefail") if "shell" in step else ("-e",)
        done = run_script(str(step["run"]), self.work, {**self.env, **named, **own}, *strict)
        return Done(done.code, done.log, _outputs(output), summary.read_text(encoding="utf-8"))


def _named(holder: Mapping[str, Node], name: str) -> Mapping[str, Node]:
    return next(step for step in map(mapping, nodes(holder["steps"])) if step.get("name") == name)


def _filled(text: str, values: Mapping[str, str]) -> str:
    filled = _HOLE.sub(lambda hole: values[hole[1]], text)
    assert "${{" not in filled, filled
    return filled


def _outputs(file: Path) -> dict[str, str]:
    lines = (line.partition("=") for line in file.read_text(encoding="utf-8").splitlines())
    return {name: value for name, _, value in lines}
