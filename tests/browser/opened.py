"""A window of the browser that keeps what its page did."""

from pathlib import Path

from playwright.sync_api import Dialog, Page


class Opened:
    """A page with all that it asked for (`requests`) and complained of (`complaints`: console, errors, dialogs)."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("popup", lambda popup: self.complaints.append(f"popup: {popup.url}"))

        def dismiss(dialog: Dialog) -> None:
            self.complaints.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        page.on("dialog", dismiss)

    def file(self, path: Path) -> Page:
        """Open a file as somebody does who was handed it."""
        self.page.goto(path.resolve().as_uri())
        return self.page
