"""The page about Neo4j: its questions can be asked, and the answers are those of the demo's world."""

from pathlib import Path

from tests.graph.store.neo4j.page import PAGE, load_demo, questions, with_answers
from tests.neo4j.server import Server


def test_the_questions_of_the_page_have_the_answers_that_it_gives(neo4j_database: Server, tmp_path: Path) -> None:
    load_demo(neo4j_database, tmp_path / "world")
    page = PAGE.read_text("utf-8")
    asked = list(questions(page))
    assert len(asked) == 10
    with neo4j_database.driver() as driver:
        for question in asked:
            rows, summary, _ = driver.execute_query(question)
            # A name that the database does not know would be a warning, and so an error here.
            assert not [said for said in summary.gql_status_objects if said.is_notification]
            assert 1 <= len(rows) <= 6, question
        assert with_answers(page, driver) == page, (
            "Run `python -m tests.graph.store.neo4j.page`, and read what it wrote."
        )
        # Nothing of the store's own is linked to a thing.
        named = driver.execute_query("MATCH (a)--() UNWIND labels(a) AS name RETURN DISTINCT name").records
        assert not {row["name"] for row in named} & {"Batch", "StatementChunk", "PublishedSet", "TidewaiterStore"}
