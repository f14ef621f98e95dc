"""The formats in which a part of the network is handed over, each in a module of its own.

A format is `write(portion, folder, heading)`: it writes its files into the folder and returns their paths.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from api.exports.portion import Heading, Portion

Format = Callable[[Portion, Path, Heading], list[Path]]

FORMATS: Mapping[str, str] = {
    "brief": "what a partner reads first, in Markdown",
    "graphml": "GraphML, for yEd, Gephi, Cytoscape, networkx",
    "gexf": "GEXF, for Gephi",
    "cytoscape": "JSON for Cytoscape",
    "csv": "things and links as two tables",
    "parquet": "things and links as two tables with a schema",
    "cypher": "a script for an empty Neo4j database",
    "anx": "a chart for i2 Analyst's Notebook",
    "stix": "a STIX 2.1 bundle for threat-intelligence platforms",
    "ftm": "FollowTheMoney entities, for OpenAleph",
    "geojson": "the routes from country to country, for maps",
    "html": "one page with picture and tables, for a browser, offline; at most 2,000 things",
}
"""Every format by the name of its module, with what it is for."""

USUAL = ("brief", "graphml", "csv")
"""The formats that are written where none is named."""


def format_named(name: str) -> Format:
    """Return a format of `FORMATS`; its module is imported now, since some take a while."""
    found: Format = import_module(f"api.exports.formats.{name}").write
    return found
