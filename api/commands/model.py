"""What a trained model is: its card."""

from typing import Annotated

import typer

from api.commands.errors import UsageError
from api.commands.options import JsonOption, StoreOption, settings
from api.commands.output import print_json


def model(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Its id; default: the one trained last.")] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Print a model's card: data, features, quality, calibration, intended use and limits; Markdown, or JSON."""
    from targeting.card import markdown
    from targeting.registry import CARD, card_of

    folder = settings(ctx, store).models_folder
    if name is not None and name not in {path.parent.name for path in folder.glob(f"*/{CARD}")}:
        raise UsageError(f"There is no model '{name}' in {folder}: 'tidewaiter status' lists those there are.")
    identity, card = card_of(folder, name)
    if json:
        print_json({"id": identity, **card})
        return
    typer.echo(markdown(identity, card), nl=False)
