"""`bo-sync sandbox`: serve, reset and seed the embedded hub."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bo_sync.cli.options import Common, located
from bo_sync.render.escape import terminal

if TYPE_CHECKING:
    from bo_sync.sandbox.hub import SandboxHub
    from bo_sync.sandbox.store import Store

DEFAULT_DATABASE = ".bo-sync/sandbox.db"


_database = click.option(
    "--database",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path(DEFAULT_DATABASE),
    metavar="PATH",
    help=f"The sandbox's file; from the directory of -C where PATH is relative.  [default: {DEFAULT_DATABASE}]",
)


def _open(chosen: Common, database: Path) -> "Store":
    from bo_sync.cli.embedded_hub import open_store

    return open_store(chosen.root, database)


@click.group()
def command() -> None:
    """Serve, reset or seed the embedded hub. Needs the extra `sandbox`."""


@command.command()
@located
@_database
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.  [default: 0]")
@click.option("--latency", type=click.FloatRange(0, 60_000), default=0.0, metavar="MS", help="Wait before each answer.")
@click.option("--max-page-size", type=click.IntRange(1), metavar="N", help="The largest page.  [default: any]")
@click.option("--large-pages", type=click.Choice(["clamp", "refuse"]), default="clamp", help="What larger ones get.")
@click.option(
    "--refusal", type=click.Choice(["graphql-error", "http-400"]), default="graphql-error", help="How it refuses."
)
@click.option(
    "--new-user-rows",
    type=click.Choice(["absent", "none", "default"]),
    default="absent",
    help="Role rows a new person has at once: none at all, rows of NONE, or rows with the default access.",
)
@click.option(
    "--omitted-gender",
    type=click.Choice(["null", "unknown"]),
    default="null",
    help="A new person's, when none is sent.",
)
@click.option("--single-root-mutations", is_flag=True, help="Refuse several mutations in one request.")
@click.option(
    "--viewer-for-key",
    type=click.Choice(["null", "unauthenticated"]),
    default="null",
    help="What adminUserViewer tells a key.",
)
@click.option("--no-introspection", is_flag=True, help="Refuse questions about the schema.")
def serve(
    chosen: Common,
    *,
    database: Path,
    port: int,
    latency: float,
    max_page_size: int | None,
    large_pages: str,
    refusal: str,
    new_user_rows: str,
    omitted_gender: str,
    single_root_mutations: bool,
    viewer_for_key: str,
    no_introspection: bool,
) -> None:
    """Serve the sandbox over HTTP on the loopback interface until interrupted.

    The first lines of the output are the address, the API keys with their level of Roles & permissions, and the
    session tokens. The other options choose the behaviour where that of the real hub is unknown.
    """
    with _open(chosen, database) as store:
        from bo_sync.sandbox import behaviour as choices
        from bo_sync.sandbox.hub import SandboxHub

        behaviour = choices.Behaviour(
            max_page_size=max_page_size,
            large_pages=choices.LargePages(large_pages),
            refusal=choices.RefusalForm(refusal),
            new_user_rows=choices.NewUserRows(new_user_rows),
            omitted_gender=choices.OmittedGender(omitted_gender),
            single_root_mutations=single_root_mutations,
            viewer_for_key=choices.ViewerForKey(viewer_for_key),
            introspection=not no_introspection,
        )
        _serve(SandboxHub(store, behaviour, latency=latency / 1000), port)


def _serve(hub: "SandboxHub", port: int) -> None:
    import signal
    from threading import Event

    from bo_sync.interruptible import until
    from bo_sync.sandbox.server import SandboxServer

    stopped = Event()
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with SandboxServer(hub, port=port) as server:
            _announce(server.url, hub.store)
            until(stopped.wait)
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _announce(url: str, store: "Store") -> None:
    click.echo(f"url {url}")
    for key, access in store.api_keys():
        click.echo(f"key {terminal(key)} {access}")
    for token in store.sessions():
        click.echo(f"session {terminal(token)}")


@command.command()
@located
@_database
def reset(chosen: Common, *, database: Path) -> None:
    """Delete all data except the role definitions, the keys and one user."""
    with _open(chosen, database) as store:
        store.reset()
        click.echo(_held(store))


@command.command()
@located
@_database
@click.argument("count", metavar="N", type=click.IntRange(0, 1_000_000))
@click.option("--seed", type=int, default=0, metavar="K", help="Another K gives other people.  [default: 0]")
def seed(chosen: Common, *, database: Path, count: int, seed: int) -> None:
    """Delete all data and create N synthetic users with typical roles: the same for the same K."""
    with _open(chosen, database) as store:
        from bo_sync.sandbox.population import synthetic

        store.load(synthetic(count, seed))
        click.echo(_held(store))


def _held(store: "Store") -> str:
    users, rows = store.counts()
    return f"The sandbox holds {users} {'person' if users == 1 else 'people'} with {rows} role rows."


if __name__ == "__main__":
    command()
