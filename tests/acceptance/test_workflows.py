"""The workflows, hooks and sessions: valid, safe by the rules of their linter, and running what people run."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
PUSHING = ("sync.yml", "consolidate.yml")
SCRIPT = ".github/scripts/conflicts-pull-request.sh"
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
SESSION = re.compile(r"\bnox(?: -\w+)* -s (\w+(?: \w+)*)")


def load(path: Path) -> dict[str, Any]:
    """A workflow as data, read as YAML 1.2 reads it: `on` is a word."""
    text = re.sub(r"^on:", '"on":', path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    data: dict[str, Any] = yaml.safe_load(text)
    return data


def commands(workflow: dict[str, Any]) -> list[str]:
    """What a workflow's steps run."""
    return [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]


def sessions(workflow: dict[str, Any]) -> set[str]:
    """The nox sessions that a workflow runs."""
    return {name for line in commands(workflow) for found in SESSION.findall(line) for name in found.split()}


def nox_sessions() -> set[str]:
    """The sessions of noxfile.py; read as text, since nox is no dependency of the tests."""
    tree = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(mark).startswith("nox.session") for mark in node.decorator_list)
    }


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program in the project's folder."""
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


def test_the_workflows_are_there() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "consolidate.yml", "sync.yml"]


@pytest.mark.parametrize("schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"])
def test_workflows_obey_the_workflow_schema_and_have_time_limits(schema: str) -> None:
    done = run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, WORKFLOWS))
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_nothing_in_workflows_and_hooks() -> None:
    zizmor = Path(sysconfig.get_path("scripts")) / "zizmor"
    inputs = [*map(str, WORKFLOWS), ".pre-commit-config.yaml", ".pre-commit-hooks.yaml"]
    done = run(str(zizmor), "--offline", "--no-progress", "--strict-collection", "--format", "json", *inputs)
    assert (done.returncode, json.loads(done.stdout)) == (0, []), done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_commit_with_its_version_beside_it(path: Path) -> None:
    uses = re.findall(r"uses:\s*(.+)", path.read_text(encoding="utf-8"))
    assert uses
    assert [one for one in uses if not PINNED.fullmatch(one.strip())] == []


def test_one_action_has_one_pin() -> None:
    uses = {one for path in WORKFLOWS for one in re.findall(r"uses:\s*(.+)", path.read_text(encoding="utf-8"))}
    assert len(uses) == len({one.partition("@")[0] for one in uses})


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_run_sessions_that_exist(path: Path) -> None:
    named = sessions(load(path))
    assert named
    assert named <= nox_sessions()


def test_ci_checks_everything_that_people_check() -> None:
    workflow = load(FOLDER / "ci.yml")
    assert sessions(workflow) == {"lint", "tests", "wheel", "stale"}
    assert workflow["jobs"]["tests"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]


def test_the_tested_pythons_are_those_that_the_package_names() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    named = re.findall(r"Python :: (3\.\d+)", text)
    assert load(FOLDER / "ci.yml")["jobs"]["tests"]["strategy"]["matrix"]["python"] == named


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_as_a_whole_may_do_nothing(path: Path) -> None:
    assert load(path)["permissions"] == {}


def test_only_jobs_that_push_may_write_and_only_the_one_with_a_pull_request_may_change_those() -> None:
    rights = {
        f"{path.stem}/{name}": {key for key, right in job["permissions"].items() if right == "write"}
        for path in WORKFLOWS
        for name, job in load(path)["jobs"].items()
    }
    assert {name: keys for name, keys in rights.items() if keys} == {
        "consolidate/consolidate": {"contents"},
        "sync/sync": {"contents"},
        "sync/conflicts": {"contents", "pull-requests"},
    }


def test_only_the_job_that_pushes_keeps_credentials() -> None:
    for path in WORKFLOWS:
        for job in load(path)["jobs"].values():
            kept = [step["with"]["persist-credentials"] for step in job["steps"] if "checkout" in step.get("uses", "")]
            assert kept == [job["permissions"]["contents"] == "write"]


def test_what_pushes_is_never_cancelled_and_never_runs_twice_at_a_time() -> None:
    first, second = (load(FOLDER / name)["concurrency"] for name in PUSHING)
    assert first["group"]
    assert first == second
    assert first["cancel-in-progress"] is False


@pytest.mark.parametrize("name", PUSHING)
def test_what_pushes_has_the_whole_history(name: str) -> None:
    jobs = load(FOLDER / name)["jobs"].values()
    steps = [step for job in jobs for step in job["steps"] if "checkout" in step.get("uses", "")]
    assert {step["with"]["fetch-depth"] for step in steps} == {0}


@pytest.mark.parametrize("name", PUSHING)
def test_what_pushes_runs_by_the_clock_off_the_hour_and_by_hand(name: str) -> None:
    triggers = load(FOLDER / name)["on"]
    minutes = [line["cron"].split()[0] for line in triggers["schedule"]]
    assert set(triggers) == {"schedule", "workflow_dispatch"}
    assert minutes
    assert all(minute.isdecimal() and int(minute) % 15 for minute in minutes)


def test_sync_pushes_what_it_did() -> None:
    assert "nox -s sync -- --push" in commands(load(FOLDER / "sync.yml"))


def test_the_memory_is_consolidated_before_it_is_pushed() -> None:
    run = commands(load(FOLDER / "consolidate.yml"))
    assert run[-2:] == ["journal consolidate || test $? -eq 1", "nox -s sync -- --push"]


def test_conflicts_are_shown_whatever_became_of_the_sync() -> None:
    job = load(FOLDER / "sync.yml")["jobs"]["conflicts"]
    assert (job["needs"], job["if"]) == ("sync", "${{ !cancelled() }}")
    assert job["steps"][-1]["run"] == SCRIPT
    assert job["steps"][0]["with"]["ref"] == "${{ github.ref }}", "the commit of the event lacks what was pushed"


def test_conflicts_that_are_pushed_do_not_fail_the_session() -> None:
    text = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    assert 'codes = (0, 1) if "--push" in session.posargs else (0,)' in text


@pytest.mark.parametrize("name", [SCRIPT, ".ci/run"])
def test_scripts_are_executable_and_stop_at_the_first_failure(name: str) -> None:
    path = ROOT / name
    assert path.stat().st_mode & 0o111
    assert "\nset -euo pipefail\n" in path.read_text(encoding="utf-8")
    assert run("bash", "-n", name).stderr == ""


def test_nothing_stages_everything() -> None:
    texts = [path.read_text(encoding="utf-8") for path in [*WORKFLOWS, ROOT / SCRIPT]]
    assert [text for text in texts if re.search(r"git\b.*\b(add (-A|--all|-u|\.)|commit -a)|reset --hard", text)] == []


def test_sessions_are_those_that_the_documents_name() -> None:
    assert nox_sessions() == {"sync", "tests", "services", "lint", "wheel", "stale", "bench"}


def test_the_complete_run_ends_with_the_tests() -> None:
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    named = re.findall(r"for session in ([\w ]+); do", text)
    assert [names.split()[-1] for names in named] == ["tests"]
    assert set(named[0].split()) <= nox_sessions()
