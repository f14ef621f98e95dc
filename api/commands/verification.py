"""Trusting a package: its check by whoever received it, and the key that its sender tells them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.commands.errors import FAILURE, UsageError
from api.commands.options import JsonOption, StoreOption, settings
from api.commands.output import print_json, remark, say


def verify(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A zip file that Tidewaiter wrote.")],
    key: Annotated[
        Path | None, typer.Option(help="The sender's public key, had on another way: what `export key` printed.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check a package: signature, hash of every file, nothing added; exit status 1 where something is wrong."""
    from api.exports.package import verify as verified
    from api.exports.signing import fingerprint, public_key, public_text

    if not path.is_file():
        raise UsageError(f"There is no file {path}.")
    trusted = None
    if key is not None:
        if not key.is_file():
            raise UsageError(f"There is no file {key}.")
        trusted = public_key(key.read_bytes())
        if trusted is None:
            raise UsageError(f"{key} holds no public key: it should be what `tidewaiter export key` printed.")
    found = verified(path, datetime.now(UTC).date())
    faults = list(found.faults)
    if trusted is not None and found.key is not None and public_text(trusted) != public_text(found.key):
        faults.append(f"it was signed with another key than that of {key}")
    if json:
        told = None if found.key is None else fingerprint(found.key)
        print_json({"faults": faults, "expired": found.expired, "fingerprint": told, "manifest": found.manifest})
    else:
        content = found.manifest
        say(f"For {content['recipient']}, {content['tlp']}, made {content['made_at']} by {content['made_by']}.")
        if found.expired:
            remark(f"Not to be used any more: the last day of use was {content['expires_on']}.", "yellow")
        for fault in faults:
            remark(f"Wrong: {fault}.", "red")
        if not faults:
            say(f"Every file is as it was signed, and nothing was added ({len(content['files'])} files).")
        if not faults and trusted is None and found.key is not None:
            say(f"Signed with the key {fingerprint(found.key)}: compare it with the sender's, or give --key.")
    if faults:
        raise typer.Exit(FAILURE)


def key(ctx: typer.Context, store: StoreOption = None, json: JsonOption = False) -> None:
    """Print the public key that hand-overs are signed with; send it to recipients on another way than the files."""
    from api.exports.signing import fingerprint, public_text, signing_key

    public = signing_key(settings(ctx, store).handovers_folder).public_key()
    text = public_text(public).decode()
    if json:
        print_json({"public_key": text, "fingerprint": fingerprint(public)})
        return
    for line in text.splitlines():
        say(line)
    remark(f"Fingerprint: {fingerprint(public)}")
