"""What each kind of job does; it runs in a process of its own, and tells how far it is."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol

from api.commands.ledger import as_row
from api.commands.opening import opened
from api.commands.published import as_heading
from api.settings import Settings


class Report(Protocol):
    """What a job tells while it runs."""

    def __call__(self, *, doing: str | None = None, share: float | None = None, rows: int | None = None) -> None:
        """Tell what is being done, the share that is done (0 to 1), and the number of rows read."""
        ...


Work = Callable[[Settings, Mapping[str, Any], Path, Report], Mapping[str, Any]]


def _load(settings: Settings, asked: Mapping[str, Any], folder: Path, report: Report) -> Mapping[str, Any]:
    from ingest.load import load

    report(doing=f"loading {asked['name']}")
    with opened(settings, create=True) as store:
        result = load(
            store,
            folder / asked["name"],
            mapping=asked["mapping"],
            source=asked["source"],
            progress=lambda rows: report(rows=rows),
        )
    return {
        **as_row(result.batch),
        "already_loaded": result.already_loaded,
        "unknown_columns": sorted({column for _, column in result.unknown_columns}),
        "zero_values": result.zero_values,
    }


def _remove(settings: Settings, asked: Mapping[str, Any], folder: Path, report: Report) -> Mapping[str, Any]:
    report(doing=f"removing batch {asked['batch']}")
    with opened(settings) as store:
        return {**as_row(store.remove_batch(asked["batch"])), "removed": True}


def _analyse(settings: Settings, asked: Mapping[str, Any], folder: Path, report: Report) -> Mapping[str, Any]:
    from targeting.publish import analyse

    with opened(settings) as store:
        published = analyse(store, _day(asked["as_of"]), seed=settings.seed, progress=lambda what: report(doing=what))
    return {"published": as_heading(published)}


def _train(settings: Settings, asked: Mapping[str, Any], folder: Path, report: Report) -> Mapping[str, Any]:
    from graph.build import snapshot
    from targeting.registry import save
    from targeting.training import train

    with opened(settings) as store:
        report(doing="reading the network")
        whole = snapshot(store)
    model = train(whole, _day(asked["until"]), seed=settings.seed, progress=lambda what: report(doing=what))
    return {"model": save(model, settings.models_folder), "metrics": dict(model.metrics)}


def _score(settings: Settings, asked: Mapping[str, Any], folder: Path, report: Report) -> Mapping[str, Any]:
    from targeting.publish import score_store
    from targeting.registry import load

    with opened(settings) as store:
        report(doing="reading the model")
        name, model = load(settings.models_folder)
        published = score_store(store, model, name, _day(asked["as_of"]), progress=lambda what: report(doing=what))
    return {"published": as_heading(published)}


def _what_if(settings: Settings, asked: Mapping[str, Any], folder: Path, report: Report) -> Mapping[str, Any]:
    from api.what_if import LISTED, supposition, what_if_as_data
    from targeting.what_if import what_if

    with opened(settings) as store:
        found = what_if(
            store,
            settings.models_folder,
            supposition(asked),
            _day(asked["first"]),
            _day(asked["last"]),
            progress=lambda what: report(doing=what),
        )
    return what_if_as_data(found, LISTED)


def _export(settings: Settings, asked: Mapping[str, Any], folder: Path, report: Report) -> Mapping[str, Any]:
    from api.exports.errors import ExportError
    from api.exports.handing import hand_over
    from api.exports.kept import begun_path, keep
    from api.exports.manifest import Terms
    from api.exports.question import from_data

    report(doing=f"writing what goes to {asked['recipient']}")
    terms = Terms(asked["recipient"], asked["purpose"], asked["tlp"], date.fromisoformat(asked["expires_on"]))
    handovers = settings.handovers_folder
    output = begun_path(handovers, folder.name)
    with opened(settings) as store:
        try:
            made = hand_over(
                store,
                from_data(asked),
                asked["formats"],
                terms,
                output,
                handovers,
                datetime.now(UTC).replace(microsecond=0),
                non_nominal=asked["non_nominal"],
                scratch=folder,
            )
        except ExportError as error:
            # Where the keys lie is not for whoever asks.
            raise ExportError(str(error).replace(f"{handovers}/", "")) from error
    keep(handovers, output, made.manifest_sha256)
    return {"manifest_sha256": made.manifest_sha256, "manifest": made.manifest}


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


WORK: Mapping[str, Work] = {
    "load": _load,
    "remove": _remove,
    "analyse": _analyse,
    "train": _train,
    "score": _score,
    "what-if": _what_if,
    "export": _export,
}
"""From the kind of a job to what it does with the settings, what was asked, and the job's own folder of files."""
