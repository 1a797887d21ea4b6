"""The manners of the command line: help, JSON, exit codes, terminals and pipes."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo, entry_text

from sync import __version__
from sync.cli.app import COMMANDS
from sync.errors import EXIT_CODES

FOLDER = "journal/entries"
ENTRY = f"{FOLDER}/2025-04-05-14-30-a.md"
WITH_JSON = {
    "init": ["init"],
    "new": ["new", "x"],
    "validate": ["validate"],
    "export": ["export"],
    "import": ["import"],
    "create": ["create", "--entry", ENTRY],
    "sync": ["sync"],
    "query": ["query", "learned"],
}
COLOUR = re.compile(r"\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[0-9;]*m")


@pytest.fixture
def journal(repo: Repo) -> Repo:
    """A repository with one committed entry."""
    repo.write(ENTRY, entry_text("A", body="Something was learned."))
    repo.commit()
    return repo


def program(*arguments: str | bytes, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the program as people do, in a process of its own."""
    command: list[str | bytes] = [sys.executable, "-m", "sync", *arguments]
    return subprocess.run(command, cwd=cwd, env=os.environ | environment, capture_output=True, check=False)


def on_a_terminal(*arguments: str, cwd: Path, **environment: str) -> str:
    """What the program shows on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    variables = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    variables |= {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", **environment}
    command = [sys.executable, "-m", "sync", *arguments]
    with subprocess.Popen(command, cwd=cwd, env=variables, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
        process.wait()
    os.close(ours)
    return shown.decode()


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 65536)
    except OSError:  # Linux says EIO when the other side of a terminal is closed
        return b""


def document(output: str) -> dict[str, Any]:
    """Output as the one JSON object it must be."""
    found = json.loads(output)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_shows_an_example(repo: Repo, command: str, flag: str) -> None:
    example = r'eval "\$\(journal completion' if command == "completion" else f"journal {command}"
    assert re.search(rf"Examples:\n +{example}", repo.journal(command, flag).output)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_fits_a_line(repo: Repo, command: str) -> None:
    assert all(len(line) <= 100 for line in repo.journal(command, "--help").output.splitlines())


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_names_every_command_with_a_line_about_it(repo: Repo, command: str) -> None:
    assert re.search(rf"^  {command} +{re.escape(COMMANDS[command])}$", repo.journal("--help").output, re.M)


@pytest.mark.parametrize("code", EXIT_CODES)
def test_the_help_explains_every_exit_code(repo: Repo, code: int) -> None:
    assert re.search(rf"^ +{code}  {re.escape(EXIT_CODES[code])}$", repo.journal("--help").output, re.M)


def test_the_help_shows_examples(repo: Repo) -> None:
    assert re.search(r"Examples:\n +journal init --hooks\n", repo.journal("--help").output)


def test_no_command_at_all_shows_the_help(repo: Repo) -> None:
    result = repo.journal(code=2)
    assert "Usage: journal" in result.output + result.stderr


def test_help_works_where_there_is_no_repository(tmp_path: Path) -> None:
    assert program("export", "--help", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("command", WITH_JSON)
def test_json_is_one_valid_object(journal: Repo, command: str) -> None:
    assert document(journal.journal(*WITH_JSON[command], "--json").stdout)


@pytest.mark.parametrize("command", WITH_JSON)
def test_json_of_findings_is_one_valid_object(journal: Repo, command: str) -> None:
    journal.write(f"{FOLDER}/broken.md", "---\ntitle: [\n---\n")
    journal.write(".augment/memories/x.json", "{")
    assert document(journal.journal(*WITH_JSON[command], "--json", code=None).stdout)


@pytest.mark.parametrize("command", sorted(WITH_JSON.keys() - {"validate"}))
def test_json_of_an_error_is_one_valid_object(journal: Repo, command: str) -> None:
    journal.write("journal.toml", "not toml")
    error = document(journal.journal(*WITH_JSON[command], "--json", code=2).stdout)["error"]
    assert (error["code"], set(error)) == ("settings", {"code", "message", "hint"})


@pytest.mark.parametrize("command", WITH_JSON)
def test_json_of_a_wrong_option_is_one_valid_object(journal: Repo, command: str) -> None:
    result = journal.journal(*WITH_JSON[command], "--json", "--no-such-option", code=2)
    assert "error" in document(result.stdout)


@pytest.mark.parametrize("command", WITH_JSON)
def test_json_says_nothing_on_standard_error(journal: Repo, command: str) -> None:
    assert journal.journal(*WITH_JSON[command], "--json").stderr == ""


def test_the_json_format_of_validate_is_json_for_errors_too(journal: Repo) -> None:
    assert "error" in document(journal.journal("validate", "--format", "json", "nothing.md", code=2).stdout)


def test_json_keeps_accents_readable(journal: Repo) -> None:
    journal.write(ENTRY, entry_text("Été"))
    assert "Été" in journal.journal("query", "été", "--json").stdout


WRITING = ["init", "new", "export", "import", "create", "sync"]


@pytest.mark.parametrize("command", WRITING)
def test_every_command_that_writes_has_a_dry_run_that_writes_nothing(journal: Repo, command: str) -> None:
    journal.write(".augment/memories/x.json", '[{"text": "Build: x"}]')
    before = journal.git("status", "--porcelain", "--untracked-files=all", "--ignored")
    journal.journal(*WITH_JSON[command], "--dry-run")
    assert journal.git("status", "--porcelain", "--untracked-files=all", "--ignored") == before


@pytest.mark.parametrize("command", WRITING)
def test_a_dry_run_in_json_is_one_valid_object(journal: Repo, command: str) -> None:
    assert document(journal.journal(*WITH_JSON[command], "--dry-run", "--json").stdout)


def test_zero_means_clean(journal: Repo) -> None:
    assert journal.journal("sync", code=None).exit_code == 0


def test_one_means_findings(journal: Repo) -> None:
    journal.write(f"{FOLDER}/broken.md", "---\ntitle: [\n---\n")
    journal.commit()
    (journal.path / ".augment" / "memories").mkdir(parents=True)
    assert journal.journal("sync", code=None).exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["export", "--no-such-option"],
        ["export", "--max-bytes", "many"],
        ["export", "--max-bytes", "-1"],
        ["export", "--since", "yesterday"],
        ["export", "--until", "2025-13-01"],
        ["new"],
        ["create"],
        ["create", "--entry", "nothing.md"],
        ["query", ""],
        ["query", "x", "--limit", "0"],
        ["validate", "nothing.md"],
        ["validate", "--staged", ENTRY],
        ["init", "--language", "tlh"],
        ["completion", "tcsh"],
        ["hook", "post-commit"],
    ],
)
def test_two_means_usage(journal: Repo, arguments: list[str]) -> None:
    assert journal.journal(*arguments, code=None).exit_code == 2


@pytest.mark.parametrize("folder", ["nowhere", ENTRY])
def test_a_folder_that_is_none_is_refused(journal: Repo, folder: str) -> None:
    assert program("-C", folder, "export", cwd=journal.path).returncode == 2


def test_three_means_refused(journal: Repo) -> None:
    assert journal.journal("export", "--output", "../x.json", code=None).exit_code == 3


def test_seventy_means_a_bug(journal: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*_arguments: object, **_options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("sync.cli.export_.export", bug)
    assert "this is a bug; please report" in journal.journal("export", code=70).stderr


def test_an_interrupted_command_ends_as_the_shell_expects(journal: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sync.cli.export_.export", interrupted)
    assert "Traceback" not in journal.journal("export", code=130).stderr


def test_a_reader_that_went_away_is_no_fault(journal: Repo) -> None:
    journal.write(ENTRY, entry_text(body="learned " * 100_000))
    command = f"{sys.executable} -m sync query learned | head -c 1"
    done = subprocess.run(["sh", "-c", command], cwd=journal.path, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_a_mistyped_command_is_guessed(repo: Repo) -> None:
    assert "Did you mean `export`?" in repo.journal("exprot", code=2).stderr


def unreadable_settings(repo: Repo) -> None:
    """journal.toml cannot be read, whoever asks."""
    (repo.path / "journal.toml").symlink_to("journal.toml")


def settings_that_are_a_folder(repo: Repo) -> None:
    """journal.toml is a folder."""
    (repo.path / "journal.toml").mkdir()


def journal_that_is_a_file(repo: Repo) -> None:
    """The journal's folder is a file."""
    (repo.path / "journal").rename(repo.path / "elsewhere")
    repo.write("journal", "a file\n")


def store_that_is_a_file(repo: Repo) -> None:
    """Augment's folder is a file."""
    repo.write(".augment", "a file\n")


def state_that_is_a_file(repo: Repo) -> None:
    """The program's own folder in Git's is a file."""
    repo.write(".git/journal", "a file\n")


def projection_that_is_a_folder(repo: Repo) -> None:
    """The tracked memories are a folder."""
    (repo.path / "journal/memories.json").mkdir()


def state_that_is_a_folder(repo: Repo) -> None:
    """Every state file is a folder."""
    repo.journal("export")
    for file in (repo.path / ".git/journal").glob("*.state"):
        file.unlink()
        file.mkdir()


def state_that_cannot_be_made(repo: Repo) -> None:
    """The program's own folder cannot be made: a link to where nothing can be stands in its place."""
    (repo.path / ".git/journal").symlink_to("/proc/nowhere")


MISTAKES = [
    unreadable_settings,
    settings_that_are_a_folder,
    journal_that_is_a_file,
    store_that_is_a_file,
    state_that_is_a_file,
    projection_that_is_a_folder,
    state_that_is_a_folder,
    state_that_cannot_be_made,
]


@pytest.mark.parametrize("command", WITH_JSON)
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: str(mistake.__name__))
def test_no_mistake_of_a_user_is_taken_for_a_bug(journal: Repo, mistake: Callable[[Repo], None], command: str) -> None:
    mistake(journal)
    result = journal.journal(*WITH_JSON[command], code=None)
    assert (result.exit_code in {0, 1, 2, 3}, "Traceback" in result.stderr) == (True, False)


@pytest.mark.parametrize("command", WITH_JSON)
def test_a_bare_repository_is_a_mistake_that_is_explained(tmp_path: Path, command: str) -> None:
    bare = Repo(tmp_path / "bare.git")
    bare.path.mkdir()
    bare.git("init", "-q", "--bare")
    assert "no work tree" in bare.journal(*WITH_JSON[command], code=2).stderr


@pytest.mark.parametrize("command", ["validate", "export", "import", "sync", "query", "new"])
def test_a_folder_without_git_is_no_mistake(tmp_path: Path, command: str) -> None:
    (tmp_path / FOLDER).mkdir(parents=True)
    assert Repo(tmp_path).journal(*WITH_JSON[command], code=None).exit_code == 0


def test_only_what_is_staged_needs_git(tmp_path: Path) -> None:
    assert "not in a Git repository" in Repo(tmp_path).journal("validate", "--staged", code=2).stderr


def test_an_entry_that_cannot_be_read_is_named(journal: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.read_bytes

    def refusing(path: Path) -> bytes:
        if path.name == "private.md":
            raise PermissionError(13, "Permission denied")
        return real(path)

    journal.write(f"{FOLDER}/private.md", "x\n")
    monkeypatch.setattr(Path, "read_bytes", refusing)
    result = journal.journal("export", code=None)
    assert ("private.md" in result.output + result.stderr, result.exit_code in {1, 2}) == (True, True)


@pytest.mark.parametrize("name", [b"caf\xe9.md", "café.md".encode(), b"a\x1b[31m.md"])
@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_a_path_of_any_bytes_can_be_validated(journal: Repo, name: bytes, form: str) -> None:
    Path(os.fsdecode(os.fsencode(journal.path) + b"/" + name)).write_bytes(b"---\ntitle: [\n---\n")
    done = program("validate", "--format", form, name, cwd=journal.path)
    assert (done.returncode, b"Traceback" in done.stderr) == (1, False)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_missing_path_of_any_bytes_is_named(journal: Repo, options: list[str]) -> None:
    done = program("create", *options, "--entry", b"caf\xe9.md", cwd=journal.path)
    assert (done.returncode, b"Traceback" in done.stderr) == (2, False)


@pytest.mark.parametrize("command", WITH_JSON)
def test_a_terminal_that_knows_only_ascii_is_no_bug(journal: Repo, command: str) -> None:
    journal.write(ENTRY, entry_text("Été", body="learned été"))
    journal.write(".augment/memories/x.json", '[{"text": "\\u00c9t\\u00e9: x"}]')
    done = program(*WITH_JSON[command], cwd=journal.path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0


@pytest.mark.parametrize("command", WITH_JSON)
def test_a_pipe_gets_no_escape_codes(journal: Repo, command: str) -> None:
    done = program(*WITH_JSON[command], cwd=journal.path, TERM="xterm-256color", NO_COLOR="")
    assert b"\x1b" not in done.stdout + done.stderr


def test_a_terminal_shows_a_table(journal: Repo) -> None:
    shown = on_a_terminal("sync", cwd=journal.path)
    assert all(part in shown for part in ("╭", "│", "╰", "store", "augment"))


def test_a_pipe_gets_a_table_of_blanks(journal: Repo) -> None:
    lines = program("sync", cwd=journal.path).stdout.decode().splitlines()
    assert ("│" in "".join(lines), lines[0].split()) == (False, ["store", "what"])


def test_a_terminal_shows_colours(journal: Repo) -> None:
    assert COLOUR.search(on_a_terminal("validate", cwd=journal.path))


@pytest.mark.parametrize("command", ["validate", "sync", "export", "query", "init"])
def test_no_color_shows_no_colours_on_a_terminal(journal: Repo, command: str) -> None:
    assert not COLOUR.search(on_a_terminal(*WITH_JSON[command], cwd=journal.path, NO_COLOR="1"))


def test_a_dumb_terminal_gets_no_escape_codes(journal: Repo) -> None:
    assert "\x1b" not in on_a_terminal("sync", cwd=journal.path, TERM="dumb")


def test_a_terminal_is_sent_no_escape_code_of_an_entry(journal: Repo) -> None:
    journal.write(
        ENTRY, entry_text("learned \x1b]0;hacked\x07").replace("title: learned \x1b]0;hacked\x07", "title: x")
    )
    assert "\x1b]0;hacked" not in on_a_terminal("query", "learned", cwd=journal.path)


def test_a_table_shows_brackets_as_they_are(journal: Repo) -> None:
    (journal.path / "[bold]x").mkdir()
    journal.write("journal.toml", '[stores.claude]\nenabled = true\npath = "[bold]x"\n')
    journal.write("[bold]x/[bold]x.md", "\0")
    assert "[bold]x" in on_a_terminal("sync", cwd=journal.path)


@pytest.mark.parametrize("arguments", [["--version"], ["-C", ".", "--version"]])
def test_the_version_is_printed(tmp_path: Path, arguments: list[str]) -> None:
    assert program(*arguments, cwd=tmp_path).stdout.decode() == f"journal {__version__}\n"


def test_the_version_needs_no_import(tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "sync", "--version"]
    # Coverage, where it is measured, would import its own into the process.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, env=alone)
    imported = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if "|" in line}
    assert imported & {"click", "rich", "git", "yaml", "jsonschema", "subprocess", "typing"} == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_of_a_shell_is_printed(repo: Repo, shell: str) -> None:
    assert "_JOURNAL_COMPLETE" in repo.journal("completion", shell).stdout


def test_the_completion_script_of_bash_is_correct_bash(repo: Repo) -> None:
    script = repo.journal("completion", "bash").stdout
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [("journal exp", "export"), ("journal export --exc", "--exclude-tag"), ("journal init --lan", "--language")],
)
def test_commands_and_options_are_completed(tmp_path: Path, words: str, wanted: str) -> None:
    count = str(len(words.split()) - 1)
    done = program(cwd=tmp_path, _JOURNAL_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=count)
    assert f"plain,{wanted}" in done.stdout.decode().split()


@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_a_fault_is_shown_with_its_place_in_every_form(journal: Repo, form: str) -> None:
    journal.write(f"{FOLDER}/broken.md", "---\ntitle: x\ntitle: y\n---\n")
    said = journal.journal("validate", "--format", form, code=1).stdout
    places = {
        "text": f"{FOLDER}/broken.md:3:1: title: ",
        "json": '"line": 3,',
        "github": f"::error file={FOLDER}/broken.md,line=3,col=1::title: ",
    }
    assert places[form] in said


def test_paths_to_validate_are_relative_to_the_working_folder(journal: Repo) -> None:
    assert Repo(journal.path / "journal").journal("validate", "entries", code=None).exit_code == 0


def test_validating_the_index_sees_what_is_staged(journal: Repo) -> None:
    journal.write(ENTRY, "---\ntitle: [\n---\n")
    journal.git("add", ENTRY)
    journal.write(ENTRY, entry_text())
    assert journal.journal("validate", "--staged", code=None).exit_code == 1


def test_validating_the_index_looks_at_nothing_else(journal: Repo) -> None:
    journal.write(f"{FOLDER}/broken.md", "---\ntitle: [\n---\n")
    assert document(journal.journal("validate", "--staged", "--json").stdout)["read"] == 0


def test_a_question_without_an_answer_says_so(journal: Repo) -> None:
    assert "nothing found in 1 entry" in journal.journal("query", "zebra").output
