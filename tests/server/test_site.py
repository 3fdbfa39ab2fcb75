"""Garbage on every route: 4xx, never 5xx, and the next visitor is served."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from aiohttp import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.api import resources
from tests.support.web_app import KEY, bearer, running_site

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"]
TYPES = [
    "application/json",
    "application/sdp",
    "audio/ogg",
    "application/trickle-ice-sdpfrag",
    "text/plain",
    "",
    "a/b/c",
]
PATHS = sorted({operation.path for operation in resources.OPERATIONS})
# A name of a room, clip or peer: real, crooked, or hostile.
NAMES = st.one_of(
    st.sampled_from(
        ["wonder", "..", ".", "%2e%2e%2f", "a" * 500, "peer-1", "\x00", "x.ogg", "<script>", "'; drop"]
    ),
    st.text(max_size=30),
)
HEADER_TEXT = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Range", "If-None-Match", "If-Match", "If-Range", "Authorization", "Cookie", "Accept-Language",
         "Accept", "Accept-Encoding", "X-Forwarded-For", "Origin", "Content-Encoding"]
    ),
    HEADER_TEXT,
    max_size=4,
)  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(
        [b"{}", b"[]", b"null", b'{"kind":"topic"}', b"v=0\r\na=ice-ufrag:x\r\n", b"silence", b"{" * 2_000]
    ),
)
REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(METHODS),
        st.sampled_from(PATHS),
        NAMES,
        st.text(max_size=20),
        st.sampled_from(TYPES),
        st.booleans(),
        HEADERS,
        BODIES,
    ),
    min_size=20,
    max_size=20,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(REQUESTS)
def test_garbage_is_never_our_fault(
    requests: list[tuple[str, str, str, str, str, bool, dict[str, str], bytes]],
) -> None:
    async def run() -> None:
        async with running_site() as site:
            for method, path, name, query, media_type, keyed, headers, body in requests:
                where = path
                for part in ("room", "clip", "peer", "name"):
                    where = where.replace(f"{{{part}}}", quote(name, safe="%./"))
                sent = {**headers, **(bearer(KEY) if keyed else {})}
                if media_type:
                    sent["Content-Type"] = media_type
                where += "?after=" + quote(query)
                try:
                    found = await site.status(
                        method, where, data=None if method == "HEAD" else body, headers=sent
                    )
                except (ClientError, ValueError):
                    continue  # the client itself would not send it
                assert found < 500, (method, where, sent, body, found)
            assert await site.status("GET", "/healthz") == 200

    asyncio.run(run())
