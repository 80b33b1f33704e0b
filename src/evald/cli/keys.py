"""`evald keys`: creates, lists and revokes API keys, beside a running server too."""

import argparse
import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from evald.adapters.clock import SystemClock
from evald.adapters.sql.store import SqlStore
from evald.assembly.data_folder import open_data_folder
from evald.assembly.storage import UNUSABLE_STORAGE, opened_store
from evald.services.keys import KeyNotFound, create_key, list_keys, revoke_key
from evald.settings import Settings, SettingsInvalid, load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One action: create, list or revoke."""
    parser.add_argument("--data-dir", type=Path, default=None)
    parser.add_argument("--database-url", default=None)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    create = actions.add_parser("create", help="make a key; its secret is printed this once")
    create.add_argument("--name", default="", help="what it is for")
    actions.add_parser("list", help="every key, without its secret")
    revoke = actions.add_parser("revoke", help="a key lets nobody in any more")
    revoke.add_argument("id", help="the key's id, as `list` shows it")


def run(args: argparse.Namespace) -> int:
    """0 if it was done, 1 if there is no such key, 2 if the settings make no sense."""
    try:
        given = {"data_dir": args.data_dir, "database_url": args.database_url}
        asyncio.run(_act(load_settings(os.environ, given), args))
    except KeyNotFound as problem:
        print(f"evald: {problem}", file=sys.stderr)
        return 1
    except (SettingsInvalid, *UNUSABLE_STORAGE, OSError) as problem:
        print(f"evald: {problem}", file=sys.stderr)
        return 2
    return 0


async def _act(settings: Settings, args: argparse.Namespace) -> None:
    async with opened_store(settings, open_data_folder(settings.data_dir)) as store:
        match args.action:
            case "create":
                await _create(store, args.name)
            case "list":
                await _list(store)
            case "revoke":
                await revoke_key(store, SystemClock(), args.id)
                print(f"{args.id} is revoked.")


async def _create(store: SqlStore, name: str) -> None:
    created = await create_key(store, SystemClock(), name)
    print(created.secret)
    print(f"{created.key.id}: keep the line above; it is not shown again.", file=sys.stderr)


async def _list(store: SqlStore) -> None:
    for key in await list_keys(store):
        made = datetime.fromtimestamp(key.created_at, UTC).strftime("%Y-%m-%d %H:%M")
        state = "good" if key.revoked_at is None else "revoked"
        print(f"{key.id}  {made}  {state:8} {key.hint}  {key.name}")
