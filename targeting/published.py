"""The published scores that an answer rests on, and the model that they came from."""

from pathlib import Path

from graph.store.base import GraphStore
from graph.store.results import PublishedSet
from targeting import TargetingError
from targeting.model import Model
from targeting.registry import load


def published_scores(view: GraphStore, models: Path, *, current: bool) -> tuple[PublishedSet, Model]:
    """Return the published set and its model.

    Args:
        view: where the set is; one state of the store, if the scores have to be current.
        models: folder of the registry.
        current: whether the scores have to be of the network as it is, and not of one before.

    Raises:
        TargetingError: no scores are published, they are not current, or their model is not there.
    """
    published = view.published()
    if published is None or not published.model:
        raise TargetingError("No scores are published yet; run `tidewaiter train` and `tidewaiter score` first.")
    if current and published.store_version != view.version():
        raise TargetingError("The store has changed since it was scored; run `tidewaiter score` first.")
    _, model = load(models, published.model)
    return published, model
