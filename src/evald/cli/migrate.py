"""`evald migrate`: brings a database to this version's schema, as `evald serve` does at start."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from evald.adapters.sql.migrate import packaged_migrations
from evald.assembly.data_folder import open_data_folder
from evald.assembly.storage import UNUSABLE_STORAGE, opened_store
from evald.settings import Settings, SettingsInvalid, load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which database."""
    parser.add_argument("--data-dir", type=Path, default=None)
    parser.add_argument("--database-url", default=None)


def run(args: argparse.Namespace) -> int:
    """0 if the database has this version's schema now, 2 if it cannot be used."""
    try:
        given = {"data_dir": args.data_dir, "database_url": args.database_url}
        asyncio.run(_migrate(load_settings(os.environ, given)))
    except (SettingsInvalid, *UNUSABLE_STORAGE, OSError) as problem:
        print(f"evald: {problem}", file=sys.stderr)
        return 2
    print(f"The database has schema version {packaged_migrations()[-1].version}.")
    return 0


async def _migrate(settings: Settings) -> None:
    async with opened_store(settings, open_data_folder(settings.data_dir)):
        pass
