"""Days in requests: only as 2024-03-31, where the framework would also take seconds since 1970 and midnights."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _written(value: Any) -> Any:
    if isinstance(value, str) and _DAY.fullmatch(value) and value.isascii():
        return value
    raise ValueError("write a day as 2024-03-31")


Day = Annotated[date, BeforeValidator(_written)]
