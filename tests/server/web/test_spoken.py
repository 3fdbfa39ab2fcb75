from __future__ import annotations

from server.web.spoken import UTTERANCES
from tests.support.web_app import Site


async def test_what_was_said_is_a_file_in_two_forms_for_who_knows_its_name(site: Site) -> None:
    utterances = site.app[UTTERANCES]
    here = f"/api/speech/{utterances.publish(await utterances.sound('applause'))}"

    async with site.ask("GET", f"{here}.ogg") as answer:
        assert (answer.status, answer.content_type) == (200, "audio/ogg")
        assert answer.headers["Cache-Control"] == "no-store"
        assert (await answer.read()).startswith(b"OggS")
    async with site.ask("GET", f"{here}.m4a") as answer:
        assert (answer.status, answer.content_type) == (200, "audio/mp4")
    assert await site.problem("GET", f"/api/speech/{'x' * 22}.ogg") == (404, "no_such_clip")


async def test_a_room_says_whether_it_is_spoken_to_only_where_something_speaks(site: Site) -> None:
    room = await site.room(kind="wonder")
    async with site.ask("GET", f"/api/rooms/{room}") as answer:
        assert (await answer.json())["voice"] is False
