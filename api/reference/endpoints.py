"""The reference: the OpenAPI document, and a page that is written from it."""

from pathlib import Path
from typing import Any

from fastapi import Request, Response
from starlette.responses import HTMLResponse

from api.http.routes import noun
from api.reference.page import page

router = noun("reference", prefix="")

_STYLE = Path(__file__).with_name("style.css")


@router.get("/openapi.json", summary="The OpenAPI document")
async def document(request: Request) -> dict[str, Any]:
    """The OpenAPI document, for machines."""
    described: dict[str, Any] = request.app.openapi()
    return described


@router.get("/docs", response_class=HTMLResponse, summary="The reference as a page")
async def read(request: Request) -> HTMLResponse:
    """The reference as a page, which needs nothing from elsewhere."""
    return HTMLResponse(page(request.app.openapi()))


class _Css(Response):
    media_type = "text/css"


@router.get("/docs/style.css", response_class=_Css, summary="The style of that page")
def style() -> _Css:
    """The style of that page."""
    return _Css(_STYLE.read_bytes())
