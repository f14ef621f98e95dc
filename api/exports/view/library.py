"""The vis-network that the picture is drawn with: the copy inside pyvis's wheel, and only if it is the one known."""

import hashlib
from importlib import resources

VERSION = "9.1.2"
SHA256 = "1f20f0736f32cb9bedf8f6383b25cfea2f839e1abe80d6e8040b4d5bea378c69"
"""The SHA-256 of `vis-network.min.js` 9.1.2 as its makers published it (Apache-2.0 or MIT, at choice)."""

_MAP = b"//# sourceMappingURL="


class LibraryError(RuntimeError):
    """The vis-network that is installed is not the one that the view was tested with."""


def vis_network() -> str:
    """Return the script, without the last line, by which a browser's tools would look for another file.

    Raises:
        LibraryError: it is missing, or another one.
    """
    file = resources.files("pyvis").joinpath("lib", f"vis-{VERSION}", "vis-network.min.js")
    try:
        script = file.read_bytes()
    except FileNotFoundError:
        raise LibraryError(
            f"The pyvis that is installed brings no vis-network {VERSION}: install pyvis 0.3.2."
        ) from None
    if hashlib.sha256(script).hexdigest() != SHA256:
        raise LibraryError(
            f"The vis-network {VERSION} inside the pyvis that is installed is not the one that its makers published: "
            "install pyvis 0.3.2 anew."
        )
    # A browser reads every end of line in a page as one character, and takes the hash of what it has read.
    return script.partition(_MAP)[0].decode("utf-8").replace("\r\n", "\n")
