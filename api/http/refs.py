"""Things and links in the bodies of requests, by their complete names."""

from typing import Annotated

from pydantic import StringConstraints

from api.http.answers import Asked
from graph.schema import LINKS, NODES

RefText = Annotated[
    str, StringConstraints(max_length=20_000, pattern=rf"^({'|'.join(node.name.lower() for node in NODES)}):")
]
"""A thing by its complete name, `trader:native/I1`."""

LinkName = Annotated[str, StringConstraints(pattern=rf"^({'|'.join(link.name for link in LINKS)})$")]
"""A type of links."""

TypeName = Annotated[str, StringConstraints(pattern=rf"^({'|'.join(node.name for node in NODES)})$")]
"""A type of things."""


class LinkAsked(Asked):
    """A link by its ends and type, as it is said: from the specific to the general."""

    start: RefText
    link: LinkName
    end: RefText
