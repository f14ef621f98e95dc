"""What reasons are made of: the keys and figures of rows, as they are shown."""

from graph.snapshot import Snapshot
from targeting.inputs import Inputs

LONGEST = 60
"""Characters of a value that are shown."""


def shortened(text: str) -> str:
    """Return a value as it is shown: at most `LONGEST` characters."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def counted(count: float, one: str, many: str) -> str:
    """Return a number with the word for what is counted."""
    return f"{count:,.0f} {one if count == 1 else many}"


class Facts:
    """What is known of rows; places are positions within the inputs."""

    def __init__(self, snapshot: Snapshot, inputs: Inputs) -> None:
        self._snapshot, self._inputs = snapshot, inputs
        self._column = {name: at for at, name in enumerate(inputs.network.names)}

    def figure(self, name: str, place: int) -> float:
        """Return a figure of the network."""
        return float(self._inputs.network.values[place, self._column[name]])

    def key(self, column: str, place: int) -> str:
        """Return what a column names, or nothing where it is empty."""
        declarations = self._snapshot.declarations
        node = int(declarations.keys[column][self._inputs.rows[place]])
        if node < 0:
            return ""
        return shortened(self._snapshot.things[declarations.key_types[column]].keys[node].as_py())

    def party(self, role: str, place: int) -> str:
        """Return a party with its role."""
        return f"{role} {self.key(role, place)}"
