"""The page about Neo4j: its questions can be asked, and what they name is there."""

import re
from pathlib import Path

from graph.store.neo4j import Login, Neo4jStore
from ingest.load import load
from ingest.synthetic.simulation import simulate
from tests.neo4j.server import Server

PAGE = Path(__file__).parents[4] / "docs" / "neo4j.md"


def test_the_questions_of_the_page_can_be_asked(neo4j_database: Server, tmp_path: Path) -> None:
    simulate(tmp_path / "world", shipments=1_000, seed=3)
    with Neo4jStore(neo4j_database.address, Login(neo4j_database.user, neo4j_database.password)) as store:
        load(store, tmp_path / "world", mapping="native")
    blocks = re.findall(r"(?:^    .+\n)+", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    questions = [block for block in blocks if "MATCH" in block]
    assert len(questions) >= 3
    with neo4j_database.driver() as driver:
        a_trader = "MATCH (:Inspection {outcome: 'infraction'})-->()-[:IMPORTED_BY]->(t) RETURN t.key AS key LIMIT 1"
        key = driver.execute_query(a_trader).records[0]["key"]
        for question in questions:
            # A name that the database does not know would be a warning, and so an error here.
            asked = re.sub(r"native/GB[0-9]+", key, question)
            rows, summary, _ = driver.execute_query(asked)
            assert not [said for said in summary.gql_status_objects if said.is_notification]
            assert rows or "AT_ADDRESS" in question
        # Nothing of the store's own is linked to a thing.
        named = driver.execute_query("MATCH (a)--() UNWIND labels(a) AS name RETURN DISTINCT name").records
        assert not {row["name"] for row in named} & {"Batch", "StatementChunk", "PublishedSet", "TidewaiterStore"}
