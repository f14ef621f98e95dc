"""One HTML file that shows a portion of the network, for somebody who has a browser and nothing else."""

from pathlib import Path

from api.exports.errors import ExportError
from api.exports.portion import Heading, Portion
from api.files import written

MOST_THINGS = 2_000
MOST_LINKS = 10_000
"""Above these a picture tells nothing and a browser takes long to open it."""

NAME = "network.html"


class TooMuchToDrawError(ExportError):
    """There is more than a picture can show; the message says how much, and what to narrow."""


def write(portion: Portion, folder: Path, heading: Heading) -> list[Path]:
    """Write the view of a portion into a folder, and return the file.

    Raises:
        TooMuchToDrawError: it has more things or links than a picture can show; nothing is written.
    """
    from api.exports.view.page import page

    for count, most, what in (
        (portion.node_count, MOST_THINGS, "things"),
        (portion.edge_count, MOST_LINKS, "links between them"),
    ):
        if count > most:
            raise TooMuchToDrawError(
                f"The selection has {count:,} {what}, and the HTML view shows at most {most:,}: narrow it by "
                "community, link types, period or fewer starts, or choose another format, such as graphml."
            )
    text = page(list(portion.nodes()), list(portion.edges()), portion.cut, heading)
    path = folder / NAME
    with written(path) as file:
        file.write(text)
    return [path]
