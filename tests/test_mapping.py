"""Every module has a test module of its own, at the same place in the mirrored tree."""

from __future__ import annotations

from pathlib import Path

from tests.support.shape import CODE, ROOT, python_files

# Modules without one, each with what tests it instead.
ELSEWHERE = {
    "audio/take.py": "values only; tests/audio uses them throughout",
    "server/room/linked.py": "when a chain stays open; tests/server/room/test_chains.py leaves some",
    "games/parts.py": "values only; tests/server/room/test_company.py uses them throughout",
    "audio/masks/alien.py": "a mask; tests/audio/masks/test_init.py wears it",
    "audio/masks/choir.py": "a mask; tests/audio/masks/test_init.py wears it",
    "audio/masks/giant.py": "a mask; tests/audio/masks/test_init.py wears it",
    "audio/masks/mouse.py": "a mask; tests/audio/masks/test_init.py wears it",
    "audio/masks/radio.py": "a mask; tests/audio/masks/test_init.py wears it",
    "audio/masks/robot.py": "a mask; tests/audio/masks/test_init.py wears it",
    "audio/masks/underwater.py": "a mask; tests/audio/masks/test_init.py wears it",
    "audio/masks/whisper.py": "a mask; tests/audio/masks/test_init.py wears it",
    "server/__main__.py": "starts the command; tests/support/server.py runs it in every end-to-end test",
    "server/room/commands.py": "values only; tests/server/room/test_decide.py uses them throughout",
    "server/room/held_facts.py": "values only; tests/server/room/test_held.py uses them throughout",
    "server/room/hook_facts.py": "values only; tests/server/room/test_hooks.py uses them throughout",
    "server/rooms/base.py": "an interface; tests/support/room_contract.py is its suite",
    "server/rooms/rules.py": "values only; tests/server/rooms use them throughout",
    "server/http/app_keys.py": "names only",
    "server/api/resources.py": "one list; tests/test_contract.py compares it with what is routed",
    "server/web/app_keys.py": "names only",
    "server/web/counts.py": "values only",
    "server/settings_page.py": "a page of the settings; tests/server/test_config.py reads it",
    "server/blobs/base.py": "an interface; tests/support/blob_contract.py is its suite",
    "server/log/claims.py": "an interface; tests/server/log/test_nats.py holds what implements it",
    "server/log/cursors.py": "cursors in memory; tests/support/feed_contract.py is their suite",
    "server/log/erasing.py": "a part of the writer; tests/server/log/test_writing.py erases",
    "server/log/jetstream/catalogue.py": "of the log in NATS; tests/support/log_contract.py lists rooms",
    "server/log/jetstream/changes.py": "of the log in NATS; tests/support/feed_contract.py is its suite",
    "server/log/jetstream/eraser.py": "of the log in NATS; tests/crash/test_nats_erasing.py erases",
    "server/log/jetstream/following.py": "of the log in NATS; tests/crash/test_nats.py cuts it off",
    "server/log/jetstream/marks.py": "of the log in NATS; tests/crash/test_nats_erasing.py starts again",
    "server/log/jetstream/planning.py": "of the log in NATS; tests/support/log_contract.py is its suite",
    "server/log/jetstream/reading.py": "of the log in NATS; tests/support/log_contract.py is its suite",
    "server/log/jetstream/readers.py": "of the log in NATS; tests/support/feed_contract.py is its suite",
    "server/log/jetstream/sending.py": "of the log in NATS; tests/crash/test_nats.py pauses it",
    "server/log/jetstream/sequence.py": "of the log in NATS; tests/support/feed_contract.py is its suite",
    "server/log/jetstream/snapshots.py": "of the log in NATS; snapshot_contract.py is its suite",
    "server/log/jetstream/writing.py": "of the log in NATS; tests/support/log_contract.py is its suite",
    "server/log/moving.py": "an interface; tests/support/moving_contract.py is its suite",
    "server/moving/ends.py": "a part of each move; tests/server/moving use it throughout",
    "server/log/jobs.py": "values only; tests/server/log/test_writing.py uses them throughout",
    "server/log/snapshots.py": "snapshots in SQLite; tests/support/snapshot_contract.py is their suite",
    "server/engines/worker.py": "a part of the transcriber, whose tests break it",
    "server/nats/codes.py": "numbers; tests/server/nats/test_connection.py is refused",
    "server/readers/base.py": "an interface; tests/crash/test_readers.py holds what implements it",
    "server/push/opening.py": "makes a service of the settings; tests/server/push/test_service.py asks it",
    "server/telegram/opening.py": "makes a bot of its parts; tests/support/telegram_bot.py runs it",
    "server/radio_of_takes.py": "joins two parts; tests/test_play.py and tests/browser hear them together",
    "server/takes/landing.py": "a part of Takes; tests/server/takes/test_spool.py drives it",
    "server/takes/completion.py": "a part of Takes; tests/test_take_races.py and the tests of Takes",
    "server/takes/previewing.py": "a part of Takes; tests/server/takes/test_previews.py drives it",
}


def mirrored(name: Path) -> Path:
    """Return where the tests of a module belong."""
    return ROOT / "tests" / name.parent / f"test_{name.stem.strip('_')}.py"


def test_every_module_has_its_test_module() -> None:
    names = [path.relative_to(ROOT) for path in python_files(*CODE)]
    wanted = [mirrored(name) for name in names if name.as_posix() not in ELSEWHERE]
    missing = [path.relative_to(ROOT).as_posix() for path in wanted if not path.exists()]
    assert not missing


def test_no_exception_outlives_its_module() -> None:
    gone = [name for name in ELSEWHERE if not (ROOT / name).exists()]
    needless = [name for name in ELSEWHERE if mirrored(Path(name)).exists()]
    assert not gone + needless


def test_every_test_module_tests_a_module_that_exists() -> None:
    orphans = []
    for folder in CODE:
        for path in sorted((ROOT / "tests" / folder).rglob("test_*.py")):
            name = path.relative_to(ROOT / "tests")
            stem = name.stem.removeprefix("test_")
            if not any((ROOT / name.parent / f"{s}.py").exists() for s in (stem, f"__{stem}__")):
                orphans.append(path.relative_to(ROOT).as_posix())
    assert not orphans
