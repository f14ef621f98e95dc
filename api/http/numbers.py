"""Numbers in the bodies of requests: only as JSON writes them, where the framework would also take texts and truths."""

from typing import Annotated, Any

from pydantic import BeforeValidator


def _written(value: Any) -> Any:
    if isinstance(value, bool | str | bytes):
        raise ValueError("write a number")
    return value


Number = Annotated[int, BeforeValidator(_written)]
