"""The page about pipelines names what the pipelines are made of, and nothing else."""

import re
from pathlib import Path

from bo_sync.cli.commands.init import templates
from tests.support.workflow_text import mapping, read, texts

PAGE = (Path(__file__).parents[2] / "docs" / "pipelines.md").read_text(encoding="utf-8")
WRITTEN = {template.path: template.text for template in templates(("github", "gitlab"))}
GITHUB, _, GITLAB = PAGE.partition("\n## GitLab\n")


def test_every_workflow_is_told_and_no_other() -> None:
    workflows = {path.rpartition("/")[2] for path in WRITTEN if "/workflows/" in path}
    assert set(re.findall(r"^\| `(bo-sync-[\w-]+\.yml)` \|", GITHUB, re.MULTILINE)) == workflows


def test_every_environment_variable_and_secret_of_a_workflow_is_told() -> None:
    text = "".join(text for path, text in WRITTEN.items() if "/workflows/" in path)
    used = set(re.findall(r"(?:vars|secrets)\.(\w+)", text)) | set(re.findall(r"environment: ([\w-]+)", text))
    assert used == {"BO_SYNC_HUB_URL", "BO_SYNC_API_KEY", "bo-sync-plan", "bo-sync-apply"}
    assert all(f"`{name}`" in GITHUB for name in used)


def test_every_input_and_output_of_the_action_is_told() -> None:
    action = read(WRITTEN[".github/actions/bo-sync/action.yml"])
    table = GITHUB.partition("| input | |")[2].partition("\n\n")[0]
    assert re.findall(r"`([\w-]+)`(?=[,` |])", table.replace("`0 2`; `0`", "")) == list(mapping(action["inputs"]))
    outputs = GITHUB.partition("Its outputs are ")[2].partition(".")[0]
    assert re.findall(r"`(\w+)`", outputs.replace("`plan --format github`", "")) == list(mapping(action["outputs"]))


def test_every_job_task_and_variable_of_the_pipeline_for_gitlab_is_told() -> None:
    text = WRITTEN["ci/bo-sync.gitlab-ci.yml"]
    jobs = [name for name in read(text) if not name.startswith(".")]
    assert jobs == ["bo-sync:" + job for job in re.findall(r"`bo-sync:([\w-]+)`", GITLAB.partition("| job |")[2])]
    tasks = set(re.findall(r'\$BO_SYNC_TASK == "(\w+)"', text))
    assert tasks == {"apply", "expired", "drift", "pull"}
    assert all(f"`BO_SYNC_TASK` = `{task}`" in GITLAB for task in tasks)
    used = re.findall(r"\$\{?((?:BO_SYNC|GITLAB)_\w+)", text)
    assert used
    for name in used:
        assert f"`{name}`" in GITLAB, name


def test_every_job_of_github_has_a_bound_on_its_time_and_names_what_it_may_do() -> None:
    for path, text in WRITTEN.items():
        if "/workflows/" in path:
            workflow = read(text)
            assert workflow["permissions"] == {}, path
            for name, job in mapping(workflow["jobs"]).items():
                assert {"timeout-minutes", "permissions"} <= mapping(job).keys(), name
                assert "contents" in texts(mapping(job)["permissions"])
