"""The prompts: what each is asked with, and what it looks up in the journal before it is put into words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sync.document.moment import parse_date
from sync.document.templates import TEMPLATES
from sync.errors import UsageError
from sync.mcp.prompt_texts import SECTIONS, distinct, prepare_text, topic_text, week_text
from sync.operations.entries import Shelf, body_of, commits_of, count_tags, recent_entries
from sync.operations.journal import Journal
from sync.operations.query import query
from sync.operations.recall import hand_out
from sync.operations.write import one_line
from sync.repository.files import read_or_none, refuse_outside
from sync.search.filters import Filters

_DAYS = 7
_MOST = 200  # entries of a week
_HITS = 16
_LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A prompt that is asked for.

    Attributes:
        journal, shelf: the journal, and what has been read of it.
        now: aware.
        arguments: as given; those that are required are there.
    """

    journal: Journal
    shelf: Shelf
    now: datetime
    arguments: Mapping[str, str]

    @property
    def language(self) -> str:
        """The journal's."""
        return self.journal.settings.language


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One prompt.

    Attributes:
        name, title, description: for the person who chooses it.
        required, optional: its arguments: name -> description.
        write: makes its text; raises a JournalError where it cannot. Blocks.
    """

    name: str
    title: str
    description: str
    required: Mapping[str, str]
    optional: Mapping[str, str]
    write: Callable[[Asked], str]


def render_prompt(prompt: Prompt, asked: Asked) -> str:
    """The text of a prompt.

    Raises:
        UsageError: an argument is missing, unknown, empty or too long.
    """
    known = {**prompt.required, **prompt.optional}
    if unknown := sorted(set(asked.arguments) - set(known)):
        raise UsageError(f"{unknown[0][:100]}: no such argument", hint=f"there are: {', '.join(known)}")
    for name in prompt.required:
        if not asked.arguments.get(name, "").strip():
            raise UsageError(f"{prompt.name} needs {name}", hint=known[name])
    if any(len(value) > _LONGEST for value in asked.arguments.values()):
        raise UsageError(f"an argument has more than {_LONGEST} characters", hint="shorten it")
    return prompt.write(asked)


def _summarise_week(asked: Asked) -> str:
    written = asked.arguments.get("until", "").strip()
    today = asked.now.astimezone(asked.journal.settings.view.zone).date()
    last = _day(written) if written else today
    since, until = (last - timedelta(days=_DAYS - 1)).isoformat(), last.isoformat()
    entries = asked.shelf.read(asked.journal)
    cards = recent_entries(entries.values(), limit=_MOST, since=since, until=until)
    chosen = [entries[card.entry] for card in reversed(cards)]
    commits = commits_of(asked.journal, chosen)
    hits = [body_of(entry, commits[entry.path]) for entry in chosen]
    hand_out(asked.journal, hits)
    return week_text(asked.language, since=since, until=until, hits=hits)


def _day(written: str) -> date:
    moment = parse_date(written)
    if moment is None or moment.clock is not None:
        raise UsageError(f"until: not a day: {written[:100]}", hint="write it as 2025-04-05")
    return moment.day


def _on_topic(asked: Asked, kind: str) -> str:
    """Passages under the headings that hold such things come first, then whatever else is on the topic."""
    topic = one_line(asked.arguments["topic"])
    filters = [*(Filters(section=one) for one in SECTIONS[asked.language][kind]), Filters()]
    hits = [hit for one in filters for hit in query(asked.journal, topic, filters=one, limit=_HITS).hits]
    chosen = distinct(hits, _HITS)
    hand_out(asked.journal, chosen)
    return topic_text(asked.language, kind, topic=topic, hits=chosen)


def _prepare_entry(asked: Asked) -> str:
    title = one_line(asked.arguments["title"])
    hits = query(asked.journal, title, limit=5).hits
    hand_out(asked.journal, hits)
    tags = [tag for tag, _count in count_tags(asked.shelf.read(asked.journal).values())[:30]]
    return prepare_text(asked.language, title=title, template=_template(asked.journal), hits=hits, tags=tags)


def _template(journal: Journal) -> str:
    """The project's own template, else that of the language."""
    file = journal.absolute(journal.settings.template)
    if journal.settings.template:
        refuse_outside(file.resolve(), journal.root)
    data = read_or_none(file) if journal.settings.template else None
    return TEMPLATES[journal.settings.language] if data is None else data.decode("utf-8", "replace")


_TOPIC = {"topic": "what about, in a few words"}
PROMPTS = (
    Prompt(
        name="summarise_week",
        title="Summarise the week",
        description="What was done, learned and decided in seven days.",
        required={},
        optional={"until": "the last day, YYYY-MM-DD; today where it is left out"},
        write=_summarise_week,
    ),
    Prompt(
        name="lessons_on",
        title="Lessons on a topic",
        description="What the journal has taught about something.",
        required=_TOPIC,
        optional={},
        write=lambda asked: _on_topic(asked, "lessons"),
    ),
    Prompt(
        name="decisions_on",
        title="Decisions on a topic",
        description="What was decided about something, and why.",
        required=_TOPIC,
        optional={},
        write=lambda asked: _on_topic(asked, "decisions"),
    ),
    Prompt(
        name="prepare_entry",
        title="Prepare an entry",
        description="A draft of an entry from the conversation, in the journal's own sections.",
        required={"title": "of the entry, one line"},
        optional={},
        write=_prepare_entry,
    ),
)
"""All prompts, in the order that people are told of them."""
