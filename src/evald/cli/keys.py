"""`evald keys`: creates, lists and revokes API keys, beside a running server too."""

import argparse
import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from evald.adapters.clock import SystemClock
from evald.adapters.sql.migrate import DatabaseUnusable, SchemaTooNew
from evald.adapters.sql.store import SqlStore, open_store
from evald.assembly.data_folder import DATABASE, open_data_folder
from evald.services.keys import KeyNotFound, create_key, list_keys, revoke_key
from evald.settings import SettingsInvalid, load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One action: create, list or revoke."""
    parser.add_argument("--data-dir", type=Path, default=None)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    create = actions.add_parser("create", help="make a key; its secret is printed this once")
    create.add_argument("--name", default="", help="what it is for")
    actions.add_parser("list", help="every key, without its secret")
    revoke = actions.add_parser("revoke", help="a key lets nobody in any more")
    revoke.add_argument("id", help="the key's id, as `list` shows it")


def run(args: argparse.Namespace) -> int:
    """0 if it was done, 1 if there is no such key, 2 if the settings make no sense."""
    try:
        settings = load_settings(os.environ, {"data_dir": args.data_dir})
        asyncio.run(_act(settings.data_dir, args))
    except KeyNotFound as problem:
        print(f"evald: {problem}", file=sys.stderr)
        return 1
    except (SettingsInvalid, SchemaTooNew, DatabaseUnusable, OSError) as problem:
        print(f"evald: {problem}", file=sys.stderr)
        return 2
    return 0


async def _act(data_dir: Path, args: argparse.Namespace) -> None:
    store = await open_store(open_data_folder(data_dir) / DATABASE)
    try:
        match args.action:
            case "create":
                await _create(store, args.name)
            case "list":
                await _list(store)
            case "revoke":
                await revoke_key(store, SystemClock(), args.id)
                print(f"{args.id} is revoked.")
    finally:
        await store.close()


async def _create(store: SqlStore, name: str) -> None:
    created = await create_key(store, SystemClock(), name)
    print(created.secret)
    print(f"{created.key.id}: keep the line above; it is not shown again.", file=sys.stderr)


async def _list(store: SqlStore) -> None:
    for key in await list_keys(store):
        made = datetime.fromtimestamp(key.created_at, UTC).strftime("%Y-%m-%d %H:%M")
        state = "good" if key.revoked_at is None else "revoked"
        print(f"{key.id}  {made}  {state:8} {key.hint}  {key.name}")
