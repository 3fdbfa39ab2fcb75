"""Database files as older versions of this program made them."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from server.log import schema


def file_of_version(path: Path, version: int) -> apsw.Connection:
    """Make an empty file of a version, and return a connection that writes it."""
    connection = apsw.Connection(str(path))
    for pragma in ("journal_mode = WAL", "synchronous = OFF", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    with pytest.MonkeyPatch.context() as then:
        then.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:version])
        schema._migrate(connection)
    return connection
