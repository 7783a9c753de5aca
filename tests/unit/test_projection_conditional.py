"""Conditional requests and compression: one weak ETag for both codings, 304 without a body, `Vary` always."""

import gzip
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from services.projection.api.conditional import Conditional

LONG = "Wargasara " * 20_000
PLAIN = {"accept-encoding": "identity"}


async def _answer(request: Request) -> Response:
    match request.path_params["what"]:
        case "streamed":
            return StreamingResponse(iter([LONG, LONG]))
        case "events":
            return StreamingResponse(iter(["data: 1\n\n"]), media_type="text/event-stream")
        case "missing":
            return PlainTextResponse(LONG, 404)
        case "pdf":
            return Response(LONG.encode(), media_type="application/pdf")
        case "short":
            return PlainTextResponse("short", headers={"Vary": "Accept", "Kalimaya-Position": "deployment.events/0@1"})
        case _:
            return PlainTextResponse(LONG)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[Route("/{what}", _answer, methods=["GET", "POST"])])
    transport = httpx.ASGITransport(Conditional(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://picture") as made:
        yield made


async def test_both_codings_have_the_same_weak_etag_and_the_same_body(client: httpx.AsyncClient) -> None:
    plain = await client.get("/long", headers=PLAIN)
    packed = await client.get("/long", headers={"accept-encoding": "gzip"})
    assert (plain.headers.get("content-encoding"), packed.headers["content-encoding"]) == (None, "gzip")
    assert plain.text == packed.text == LONG
    assert plain.headers["etag"] == packed.headers["etag"]
    assert plain.headers["etag"].startswith('W/"')
    assert int(packed.headers["content-length"]) == len(gzip.compress(LONG.encode(), 4)) < len(LONG) / 20
    for each in (plain, packed):
        assert each.headers["vary"] == "Accept-Encoding"
        assert each.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("spelt", ["{}", '"x", {}', '{}, W/"y"', "*", "{strong}", '"a,b" , {}'])
async def test_what_the_client_has_is_not_sent_again(client: httpx.AsyncClient, spelt: str) -> None:
    etag = (await client.get("/short")).headers["etag"]
    asked = spelt.replace("{strong}", etag[2:]).replace("{}", etag)
    told = await client.get("/short", headers={"if-none-match": asked})
    assert (told.status_code, told.content) == (304, b"")
    assert told.headers["etag"] == etag
    assert told.headers["vary"] == "Accept, Accept-Encoding"
    assert told.headers["kalimaya-position"] == "deployment.events/0@1"
    assert not {"content-length", "content-type", "content-encoding"} & told.headers.keys()


@pytest.mark.parametrize("other", ['"x"', 'W/"x"', "", "x"])
async def test_what_he_has_not_is_sent(client: httpx.AsyncClient, other: str) -> None:
    told = await client.get("/short", headers={"if-none-match": other})
    assert (told.status_code, told.text) == (200, "short")


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [("gzip", True), ("br, gzip;q=0.5", True), ("*", True), ("GZIP", True), ("gzip;q=0", False), ("*;q=0", False),
     ("gzip;q=0, *", False), ("br", False), ("gzipped", False), ("", False)],
)  # fmt: skip
async def test_gzip_is_for_those_who_take_it(client: httpx.AsyncClient, accepted: str, packed: bool) -> None:
    told = await client.get("/long", headers={"accept-encoding": accepted})
    assert ("content-encoding" in told.headers) == packed
    assert told.text == LONG


@pytest.mark.parametrize("what", ["streamed", "events", "missing"])
async def test_streams_and_errors_pass_as_they_are(client: httpx.AsyncClient, what: str) -> None:
    told = await client.get(f"/{what}", headers={"if-none-match": "*"})
    assert told.status_code == (404 if what == "missing" else 200)
    assert not {"etag", "content-encoding"} & told.headers.keys()


async def test_what_is_short_or_packed_already_is_not_compressed(client: httpx.AsyncClient) -> None:
    for what in ("short", "pdf"):
        told = await client.get(f"/{what}")
        assert "etag" in told.headers
        assert "content-encoding" not in told.headers


async def test_only_reading_is_conditional(client: httpx.AsyncClient) -> None:
    assert "etag" not in (await client.post("/short")).headers
