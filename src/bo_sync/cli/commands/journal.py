"""`bo-sync journal`: list and show recorded runs; restore users as they were before a run."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bo_sync.cli.console import is_redacting, redactable, shown
from bo_sync.cli.options import Common, located, output_format
from bo_sync.core.model import Declaration, FieldValue, Override, Profile, Source, State, in_normal_form
from bo_sync.core.plan_digest import FORMAT_VERSION
from bo_sync.core.text import Message, Text
from bo_sync.errors import StalePlanError, UsageError
from bo_sync.journal.reader import Past, created_id, is_changed
from bo_sync.journal.records import Before, PlannedUser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bo_sync.config.files import File
    from bo_sync.journal.chain import Chain


@dataclass(frozen=True, slots=True)
class Restored:
    """One user's declaration, and what cannot be restored: one sentence each."""

    declaration: Declaration
    lost: tuple[Message, ...]


def restored(past: Past) -> Iterator[Restored]:
    """Each user that the run changed or may have changed, in its order."""
    for user in past.users:
        if is_changed(past, user):
            yield _restored(user, created_id(past, user))


def _restored(user: PlannedUser, made: int | None) -> Restored:
    source = Source(Text(""), 1)
    if user.before is None:
        return Restored(Declaration(user.email, source, made, state=State.ABSENT), ())
    is_gone = user.action == "delete"
    declaration = Declaration(
        email=user.email,
        source=source,
        id=None if is_gone else user.id,
        profile=_profile(user.before, is_gone=is_gone),
        overrides=tuple(Override(role, access, source) for role, access in user.before.grants),
    )
    return Restored(declaration, tuple(_lost(user, user.before)) if is_gone else ())


def _profile(before: Before, *, is_gone: bool) -> Profile:
    """Every field, empty ones too, so that what the run filled is cleared; a name that a new user lacks is left out.

    The hub requires a first and last name to create a user, and a file without them shows that best. Texts are in
    normal form, because odd spaces in a name are an error; what no file can hold is left out.
    """
    values = (
        FieldValue(entry.field, in_normal_form(entry.field, entry.value))
        for entry in before.profile
        if entry.value is None or entry.value.is_writable
    )
    return tuple(
        entry
        for entry in values
        if not (is_gone and entry.value is None and entry.field in {"first_name", "last_name"})
    )


def _lost(user: PlannedUser, before: Before) -> Iterator[Message]:
    old = f"was deleted: the hub will give a new id instead of {user.id}, and what it kept of the old one is gone"
    yield Message(old)
    if before.others:
        held = Message.of((Message("{} {}", row.definition, row.access.word) for row in before.others), ", ")
        yield Message("held access in role definitions that bo-sync does not know, which it cannot give back: {}", held)


@click.command(name="journal", short_help="Read back what applies did, and what is unknown.")
@click.argument("run", metavar="[RUN]", required=False)
@located
@output_format("text", "json")
@redactable
@click.option(
    "--before",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write the people whom RUN changed, as they were before it, as files into DIR.",
)
def command(chosen: Common, *, run: str | None, form: str, before: Path | None) -> None:
    """List the runs of `apply`, newest first, or show one: RUN is a name from the list, or `latest`.

    A run's requests are shown in order, each with its outcome: applied, failed, settled (no valid answer, but the user
    was read again), or unknown (no recorded outcome, or no later read). The run's author is the user of its session,
    as in the hub; with only a key, the account and the machine.

    The journal of a run names the newest finished run before it, with the SHA-256 of its file. A named journal that is
    missing or differs, and runs that name the same run, are listed. The exit code stays the same.

    With --before DIR, each user that the run changed is written as a user file with the values from before it; a
    created user is `state: absent`. DIR must be empty or new. What cannot be restored is listed. To restore, put the
    files in place of the present ones, and apply.
    """
    from bo_sync.cli.console import result, width
    from bo_sync.cli.journal_view import run_json, run_text, runs_json, runs_text
    from bo_sync.journal.chain import read_chain

    if before is not None and is_redacting():
        raise UsageError("--redact and --before: files with pseudonyms restore nobody", hint="leave one of them out")
    if run is None:
        if before is not None:
            raise UsageError("--before needs a run", hint="bo-sync journal lists them; `latest` is the newest")
        found, chain = _all(chosen.root)
        pasts = [shown(past) for past in found]
        result(runs_json(pasts, chain) if form == "json" else runs_text(pasts, chain, width()))
        return
    past = _named(chosen.root, run)
    if before is not None:
        _restore(chosen, past, before)
    else:
        past, chain = shown(past), read_chain(chosen.root)
        result(run_json(past, chain) if form == "json" else run_text(past, chain, width()))


def _all(root: Path) -> tuple[list["Past"], "Chain"]:
    """All runs, newest first, and the chain of their journals: each file is read and hashed once."""
    from bo_sync.journal.chain import chain_of, link_of
    from bo_sync.journal.directory import read_bytes, runs
    from bo_sync.journal.reader import read

    pasts, links = [], []
    for name in runs(root):
        journal = read_bytes(root, name)
        pasts.append(read(name, journal))
        links.append(link_of(name, journal))
    return pasts, chain_of(links)


def _named(root: Path, run: str) -> "Past":
    """The run of that name. Raises UsageError if unknown, StalePlanError for another version of the format."""
    from bo_sync.journal.directory import read_bytes, runs
    from bo_sync.journal.reader import read
    from bo_sync.journal.records import other_format

    names = runs(root)
    if not names:
        raise UsageError("no run has left a journal here", hint="an apply writes one, below .bo-sync/journal")
    name = names[0] if run == "latest" else run
    if name not in names:
        raise UsageError(
            Message("there is no run {} here", Text(run)), hint="bo-sync journal lists them; `latest` is the newest"
        )
    journal = read_bytes(root, name)
    if (version := other_format(journal)) is not None:
        raise StalePlanError(
            f"run {name}: the journal has format version {version}; this bo-sync reads {FORMAT_VERSION}",
            hint="read it with the version of bo-sync that wrote it",
        )
    return read(name, journal)


def _restore(chosen: Common, past: "Past", folder: Path) -> None:
    from bo_sync.cli.console import result, say
    from bo_sync.cli.file_writer import create_file
    from bo_sync.config.files import file_name, walk_settings
    from bo_sync.config.formatting import dump_user
    from bo_sync.journal.directory import JournalError
    from bo_sync.render.escape import terminal

    if past.header is None:
        raise JournalError(
            f"run {past.run}: its first line, which says who was what before, cannot be read",
            hint="what the hub holds now is had with bo-sync pull",
        )
    _check_empty(folder)
    _warn_of_chain(chosen, past.run)
    beside, used = walk_settings(chosen.root).files, set[str]()
    for user in restored(past):
        email = user.declaration.email
        declaration, masked = _unmasked(user.declaration)
        if declaration is None:
            say(Message("no file for {}: the address held a key or token that is not in the journal", email))
            continue
        name = file_name(email.raw, used)
        used.add(name)
        text = dump_user(declaration)
        create_file(folder, name, text)
        result(terminal(Message("wrote {}", Text((folder / name).as_posix()))))
        told = [Message("cannot come back as it was: {} {}", email, loss) for loss in user.lost]
        told += [
            Message("left out of {}: {}, which held a key or token that is not in the journal", Text(name), field)
            for field in masked
        ]
        told += _faults(beside, f"users/{name}", text)
        for line in () if chosen.quiet else told:
            say(line)
    if not used:
        result("The run changed nobody: nothing to write.")


def _warn_of_chain(chosen: Common, run: str) -> None:
    """Files made from an altered journal would restore what the hub never held."""
    from bo_sync.cli.console import say
    from bo_sync.cli.journal_view import chain_rows
    from bo_sync.journal.chain import read_chain

    for row in () if chosen.quiet else chain_rows(read_chain(chosen.root).about(run)):
        say(f"warning: {row}")


def _unmasked(declaration: "Declaration") -> tuple["Declaration | None", list[str]]:
    """Without the fields where the journal masks a secret, and their names; None for such an address."""
    from dataclasses import replace

    from bo_sync.hub.secrets import HIDDEN

    if HIDDEN in declaration.email.raw:
        return None, []
    masked = [entry for entry in declaration.profile if entry.value is not None and HIDDEN in entry.value.raw]
    kept = tuple(entry for entry in declaration.profile if entry not in masked)
    return replace(declaration, profile=kept), [entry.field for entry in masked]


def _faults(beside: "Sequence[File]", path: str, text: str) -> list[Message]:
    """The problems of a file under the present configuration, with its settings in `beside`: one sentence each.

    Warnings too: a value that the hub holds but no longer accepts, such as a long name, is valid in the file of a
    user with an `id`, but prevents creating the user again.
    """
    from bo_sync.config.load import tree_of
    from bo_sync.core.model import Severity

    problems = tree_of([*beside, (path, text.encode())]).problems
    return [
        Message(
            "{} come back as it was: {}",
            "cannot" if problem.severity is Severity.ERROR else "may not",
            problem.sentence,
        )
        for problem in problems
        if problem.source.path.raw == path
    ]


def _check_empty(folder: Path) -> None:
    """Raises UsageError when the folder is not empty, or a part of its path is a link in a checkout."""
    from bo_sync.cli.file_writer import link_in

    if (link := link_in(folder)) is not None:
        why = Message("--before {}: {} is a link; expected a folder", Text(str(folder)), Text(link.name))
        raise UsageError(why, hint="name an empty or a new folder")
    try:
        is_empty = next(folder.iterdir(), None) is None
    except FileNotFoundError:
        return
    except OSError as err:
        raise UsageError(
            Message("--before {}: {}", Text(str(folder)), err.strerror), hint="name an empty or a new folder"
        ) from err
    if not is_empty:
        raise UsageError(Message("--before {} is not empty", Text(str(folder))), hint="name an empty or a new folder")
