"""Progress of long tasks: a bar where somebody looks at a terminal, a line where the output is kept, else nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from api.commands.output import console, numbered, remark
from api.text import visible


class Bar:
    """What a running task reports to; where nothing is shown, reports are dropped."""

    def __init__(self, screen: Progress | None = None, title: str = "") -> None:
        self._screen = screen
        self._title = visible(title)
        self._task = screen.add_task(self._title, total=None) if screen is not None else None

    def share(self, done: float) -> None:
        """Report the share done, from 0 to 1."""
        self.part(done, 1.0)

    def part(self, done: float, total: float) -> None:
        """Report how much is done of how much."""
        if self._screen is not None and self._task is not None:
            self._screen.update(self._task, total=total, completed=done)

    def doing(self, what: str) -> None:
        """Report what is being done now."""
        if self._screen is not None and self._task is not None:
            self._screen.update(self._task, description=f"{self._title}: {visible(what)}")

    def rows(self, done: int) -> None:
        """Report the number of rows done, of a total that is not known."""
        if self._screen is not None and self._task is not None:
            self._screen.update(self._task, completed=done)


class _Done(ProgressColumn):
    """The share done, else the number of rows done."""

    def render(self, task: Task) -> Text:
        if task.total is None:
            return Text(numbered(int(task.completed), "row", "rows") if task.completed else "")
        return Text(f"{task.percentage:3.0f} %")


@contextmanager
def progress(title: str, *, silent: bool) -> Iterator[Bar]:
    """Show that something is going on, and how far it is."""
    screen = console(stderr=True)
    if silent:
        yield Bar()
    elif not screen.is_terminal:
        remark(f"{title} ...")
        yield Bar()
    else:
        name = TextColumn("{task.description}", markup=False, table_column=Column(overflow="ellipsis", no_wrap=True))
        columns = (SpinnerColumn(), name, BarColumn(bar_width=20), _Done(), TimeElapsedColumn())
        with Progress(*columns, console=screen, transient=True) as shown:
            yield Bar(shown, title)
