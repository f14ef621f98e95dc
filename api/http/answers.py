"""Answers in JSON: what is no number is null, and an answer that the client has is not sent again."""

import json
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict
from starlette.responses import JSONResponse

from api.text import plain


class Answer(BaseModel):
    """What an endpoint answers."""

    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="null")


class Asked(BaseModel):
    """What a request says in its body: a field that is not known is an error."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class PlainJson(JSONResponse):
    """JSON in which every number is finite; other scripts are left readable."""

    def render(self, content: Any) -> bytes:
        """Return the content as bytes."""
        text = json.dumps(plain(content), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        # A lone surrogate has no bytes; it can only come from a request, which may not hold one.
        return text.encode("utf-8", "backslashreplace")


class NotModified(Exception):  # noqa: N818 - the standard calls it so
    """The client has the answer already."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag


def tagged(request: Request, response: Response, tag: str) -> None:
    """Mark an answer with what it rests on, and break off where the client has that answer.

    Raises:
        NotModified: it has.
    """
    weak = f'W/"{tag}"'
    response.headers["ETag"] = weak
    response.headers["Cache-Control"] = "private, no-cache"
    known = {part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")}
    if known & {"*", f'"{tag}"'}:
        raise NotModified(weak)


async def not_modified(request: Request, error: Any) -> Response:
    """Answer that nothing has changed."""
    return Response(status_code=304, headers={"ETag": error.tag, "Cache-Control": "private, no-cache"})


def _marks(request: Request, response: Response) -> "Marks":
    return Marks(request, response)


class Marks:
    """The marks of an answer: from which store version and published set it comes."""

    def __init__(self, request: Request, response: Response) -> None:
        self._request, self._response = request, response

    def rest_on(self, *parts: object) -> None:
        """Say what the answer rests on; raises NotModified where the client has it already."""
        words = "-".join(str(part) for part in parts)
        tag = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else f"~{ord(c):x}~" for c in words)
        tagged(self._request, self._response, tag)


Marked = Annotated[Marks, Depends(_marks)]
