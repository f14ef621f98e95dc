"""The tables of an SQLite store, derived from the shapes of statements.

One row per statement and batch. What rows repeat is kept once and referred to by number: descriptions of parties, the
names of sources, and *ways* (route, stops and office of a declaration). `declaration.shown` marks the row that counts
for each shipment; where several different rows share its latest day, that is a merged row without a batch, which holds
nothing but links. `day` is `known_on`, or the day derived for a row that came without.

What is searched is indexed by its distinct texts, not by rows: `text` holds each with its search form, `word` the
words of the forms, also reversed, `posting` which text has which word, and `listed` what list entries have as lists.
"""

import pyarrow as pa

from graph.schema import ROLES, SCHEMA_VERSION
from graph.statements import SHAPES
from graph.store.results import RESULTS

# Raised with every change of the tables below.
LAYOUT = 2
USER_VERSION = SCHEMA_VERSION * 1000 + LAYOUT
# "tide" in ASCII: tells this kind of file from every other SQLite database.
APPLICATION_ID = 0x74696465

WAY = ("route", "departure_place", "departure_country", "arrival_place", "office", "transit_places")
STOPS = {"departure": "DEPARTS_FROM", "arrival": "ARRIVES_AT", "office": "CLEARED_AT", "transit": "VIA"}
DESCRIBED = tuple(role.column for role in ROLES if role.described)
LATE = ("entity", "ownership", "listing")

# The columns of `declaration` that name a thing, each with an index that answers by itself how often, since when and by
# whom the thing was named.
NAMING = (*DESCRIBED, "way", "commodity", "origin", "document")


def quoted(name: str) -> str:
    """Return a name as an SQL identifier; all names come from the schema, never from a user."""
    return '"' + name.replace('"', '""') + '"'


def stored(shape: str) -> list[str]:
    """Return the columns in which the rows of a shape are stored, apart from `id`, `batch` and what is derived."""
    names = [name for name in SHAPES[shape].names if name != "id"]
    if shape == "declaration":
        names = [name for name in names if name not in WAY]
        names.append("way")
    return names


def _affinity(data: pa.DataType) -> str:
    if pa.types.is_floating(data):
        return "REAL"
    return "INTEGER" if pa.types.is_integer(data) or pa.types.is_date(data) or pa.types.is_boolean(data) else "TEXT"


def _columns(schema: pa.Schema, names: list[str]) -> str:
    return ", ".join(f"{quoted(name)} {_affinity(schema.field(name).type)}" for name in names)


def _shape_tables() -> list[str]:
    tables = []
    for shape, schema in SHAPES.items():
        names = [name for name in stored(shape) if name not in ("source", "way")]
        columns = _columns(schema, names)
        if shape == "description":
            tables.append(f"CREATE TABLE description (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, {columns})")
            continue
        derived = ", shown INTEGER, way INTEGER" if shape == "declaration" else ", day INTEGER" if shape in LATE else ""
        tables.append(
            f"CREATE TABLE {shape} (id INTEGER PRIMARY KEY, batch INTEGER, source INTEGER, {columns}{derived})"
        )
    return tables


SEARCHED = (
    "CREATE TABLE text (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, form TEXT NOT NULL)",
    "CREATE TABLE word (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE, reversed TEXT NOT NULL)",
    "CREATE TABLE posting (word INTEGER NOT NULL, text INTEGER NOT NULL)",
    "CREATE TABLE listed (text TEXT, entry TEXT, batch INTEGER, PRIMARY KEY (text, entry, batch)) WITHOUT ROWID",
)
RESULT_TABLES = tuple(
    # `rank` rises where the value that orders the table falls.
    f"CREATE TABLE result_{name} (id INTEGER PRIMARY KEY, {_columns(schema, schema.names)}, rank REAL NOT NULL)"
    for name, schema in RESULTS.items()
)
TABLES = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "INSERT INTO meta VALUES ('version', 0)",
    "CREATE TABLE batch (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, content_hash TEXT, source TEXT,"
    " mapping TEXT, mapping_version TEXT, name TEXT, rows_in INTEGER, rows_loaded INTEGER, rows_quarantined INTEGER,"
    " rows_duplicate INTEGER, loaded_at TEXT, version INTEGER,"
    " UNIQUE (content_hash, source, mapping, mapping_version))",
    'CREATE TABLE quarantine (batch INTEGER, file TEXT, "row" INTEGER, rule TEXT, "column" TEXT, value TEXT)',
    "CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    *_shape_tables(),
    f"CREATE TABLE way (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, {', '.join(f'{n} TEXT' for n in WAY)})",
    "CREATE TABLE stop (way INTEGER, role TEXT, position INTEGER, place TEXT,"
    " PRIMARY KEY (way, role, position)) WITHOUT ROWID",
    "CREATE TABLE held (declaration INTEGER, container TEXT, PRIMARY KEY (declaration, container)) WITHOUT ROWID",
    *SEARCHED,
    "CREATE TABLE published (id TEXT, store_version INTEGER, as_of INTEGER, model TEXT, thresholds TEXT, about TEXT)",
    *RESULT_TABLES,
)

# What of a description is searched, with the column of the key of the thing that it is said of.
SEARCHED_COLUMNS = {
    "name": "key",
    "tax_id": "key",
    "address": "address_key",
    "email": "email_key",
    "phone": "phone_key",
}

# The indexes of the search, by which texts are found, and then the rows that hold them.
SEARCH_INDEXES = {
    "posting_word": "posting (word, text)",
    "word_reversed": "word (reversed)",
    "declaration_goods": "declaration (goods_description, known_on DESC, shipment) WHERE goods_description IS NOT NULL",
    **{
        f"description_said_{column}": f"description ({column}, type, {key}) WHERE {column} IS NOT NULL"
        for column, key in SEARCHED_COLUMNS.items()
    },
}

# The indexes of the large tables are built after the rows of a first load.
LARGE_INDEXES = {
    **{
        f"declaration_{column}": f"declaration ({column}, known_on, shown, source, batch) WHERE {column} IS NOT NULL"
        for column in NAMING
    },
    "declaration_batch": "declaration (batch)",
    "held_container": "held (container, declaration)",
    **SEARCH_INDEXES,
}
LIST_INDEXES = {"listed_batch": "listed (batch)"}
RESULT_INDEXES = {
    "result_shipment_shipment": "result_shipment (shipment)",
    "result_shipment_rank": "result_shipment (rank, shipment, decided, lane, accepted_on)",
    "result_shipment_accepted_on": "result_shipment (accepted_on, rank, shipment, decided, lane)",
    "result_shipment_community": "result_shipment (community, rank, shipment, decided, lane, accepted_on)",
    "result_entity_key": "result_entity (key, type)",
    "result_entity_rank": "result_entity (rank, type, key)",
    "result_entity_community": "result_entity (community, rank, type, key)",
    "result_community_community": "result_community (community)",
    "result_community_rank": "result_community (rank, community)",
}
INDEXES = {
    "declaration_shipment": "declaration (shipment, known_on)",
    **LARGE_INDEXES,
    "description_key": "description (type, key)",
    **{
        f"description_{column}": f"description ({column}) WHERE {column} IS NOT NULL"
        for column in ("address_key", "email_key", "phone_key")
    },
    "way_route": "way (route) WHERE route IS NOT NULL",
    "stop_place": "stop (place, role, way)",
    "inspection_inspection": "inspection (inspection, known_on)",
    "inspection_shipment": "inspection (shipment)",
    "entity_thing": "entity (thing, day)",
    "ownership_owned": "ownership (owned)",
    "ownership_owner": "ownership (owner)",
    "listing_entry": "listing (entry)",
    **{f"{shape}_batch": f"{shape} (batch)" for shape in ("inspection", *LATE)},
    **{f"{shape}_undated": f"{shape} (id) WHERE known_on IS NULL" for shape in LATE},
    **LIST_INDEXES,
    "quarantine_batch": 'quarantine (batch, file, "row")',
    **RESULT_INDEXES,
}


def create_indexes(names: dict[str, str]) -> list[str]:
    """Return the statements that build indexes."""
    return [f"CREATE INDEX {name} ON {rest}" for name, rest in names.items()]


def drop_indexes(names: dict[str, str]) -> list[str]:
    """Return the statements that drop indexes."""
    return [f"DROP INDEX {name}" for name in names]
