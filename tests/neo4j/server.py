"""A real Neo4j server on this machine: start it on a folder, stop it, kill it."""

import os
import random
import re
import secrets
import shlex
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from neo4j import Driver, GraphDatabase
from neo4j.exceptions import AuthError, DriverError, Neo4jError

from tests.neo4j.jars import jars, java

HOST = "127.0.0.1"
# Below the ports that outgoing connections use: a client that waits for its server would sooner or later be given the
# server's port for its own end, and be connected to itself.
PORTS = range(20_000, 32_000)
OPENS = [
    f"--add-opens=java.base/{package}=ALL-UNNAMED"
    for package in ("java.io", "java.nio", "java.util.concurrent", "sun.nio.ch")
]
# Half of what a start takes is compiling for a time that never comes.
BRIEF = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]


class ServerError(RuntimeError):
    """The server did not do what it was asked to; the text says what happened, in the server's words where it spoke."""


@dataclass(frozen=True)
class Server:
    """A server that answers, and how to reach it."""

    address: str
    user: str
    password: str = field(repr=False)
    home: Path
    database: str = "neo4j"

    def driver(self) -> Driver:
        """Return a driver, to be closed by whoever asked for it."""
        return GraphDatabase.driver(self.address, auth=(self.user, self.password))


def start(
    home: Path, *, port: int | None = None, heap: str = "1g", page_cache: str = "512m", brief: bool = False
) -> Server:
    """Start the server whose data are in a folder, or find it running, and wait until it answers.

    The folder is made if there is none; it keeps data, password and port. A port that is asked for comes first, then
    the one of the last time, then any that is free. One that is brief is there sooner, and never becomes as fast as
    others do in the long run: for tests, and not to be measured.

    Raises:
        Neo4jMissingError: Java, Maven or the jars are not there.
        ServerError: the port is taken, or the server did not come up; what it said is in the text.
    """
    home = home.absolute()
    if not _process(home):
        port = port or _port(home) or _free_port()
        if not _is_free(port):
            raise ServerError(f"Port {port} of {HOST} is taken: stop what listens there, and repeat.")
        _prepare(home, port, page_cache, brief)
        _launch(home, heap, brief)
    password = _password(home).read_text("utf-8").strip()
    server = Server(f"neo4j://{HOST}:{_port(home)}", "neo4j", password, home)
    _wait_until_it_answers(server)
    return server


def stop(home: Path, *, seconds: float = 60) -> bool:
    """End the server on a folder in good order, or by force after a while; return whether there was one."""
    process = _process(home.absolute())
    if process:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
        if not _gone(process, seconds):
            kill(home)
    return process is not None


def kill(home: Path) -> None:
    """End the server on a folder as a power cut would (SIGKILL), if there is one.

    Raises:
        ServerError: the machine did not end it.
    """
    process = _process(home.absolute())
    if process:
        with suppress(psutil.NoSuchProcess):
            process.kill()
        if not _gone(process, 60):
            raise ServerError(f"Process {process.pid} was killed and is still there after 60 s.")


def admin(home: Path) -> Path:
    """Return the command that is neo4j-admin for the server on a folder."""
    return home.absolute() / "bin" / "neo4j-admin"


def is_alive(process: psutil.Process) -> bool:
    """Tell whether anything of a process is left that may hold files and ports: a zombie's last threads do."""
    try:
        return process.is_running() and not (process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1)
    except psutil.NoSuchProcess:
        return False


def _prepare(home: Path, port: int, page_cache: str, brief: bool) -> None:
    """Write what the server reads: its settings, neo4j-admin, and once its password."""
    for folder in (home, home / "conf", home / "bin"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = {
        "server.default_listen_address": HOST,
        "server.bolt.listen_address": f"{HOST}:{port}",
        "server.bolt.advertised_address": f"{HOST}:{port}",
        "server.http.enabled": "false",
        "server.https.enabled": "false",
        "server.memory.pagecache.size": page_cache,
        "dbms.usage_report.enabled": "false",
        "client.allow_telemetry": "false",
        # One wrong password too many would shut out the right one for seconds; nobody guesses a random one.
        "dbms.security.auth_max_failed_attempts": "0",
        # Else it waits ten seconds for clients that may still have something to say.
        "internal.dbms.bolt.netty_server_shutdown_quiet_period": "0",
        "db.logs.query.enabled": "OFF",
        "db.tx_log.preallocate": "false",
        "db.tx_log.rotation.retention_policy": "512M size",
    }
    if brief:
        # Else a query is planned again ten seconds later, since by then tests have filled or emptied the database.
        settings["dbms.cypher.min_replan_interval"] = "1h"
    _conf(home).write_text("".join(f"{name}={value}\n" for name, value in settings.items()), "utf-8")
    command = [java(), *OPENS, "-cp", f"{jars()}/*", "org.neo4j.cli.AdminTool"]
    script = admin(home)
    script.write_text(
        "#!/bin/sh\n"
        "# neo4j-admin for the server in the folder above; HEAP_SIZE gives it another memory.\n"
        f"export NEO4J_HOME={shlex.quote(str(home))} NEO4J_CONF={shlex.quote(str(home / 'conf'))}\n"
        f'exec {shlex.quote(command[0])} "-Xmx${{HEAP_SIZE:-1g}}" {shlex.join(command[1:])} "$@"\n',
        "utf-8",
    )
    script.chmod(0o700)
    if not _password(home).exists():
        with open(_password(home), "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(secrets.token_hex(24) + "\n")
    if not (home / "data" / "dbms" / "auth.ini").exists():
        # By a file that it reads, so that the process list does not show it.
        tell = [str(script), "dbms", "set-initial-password", f"@{_password(home)}"]
        done = subprocess.run(tell, env=_environment(), capture_output=True, text=True, check=False, timeout=120)
        if done.returncode:
            raise ServerError(f"neo4j-admin did not take the password: {_cause(done.stderr.splitlines())}")


def _launch(home: Path, heap: str, brief: bool) -> None:
    """Start the server as nobody's child: it outlives whoever started it, and leaves no zombie there."""
    chosen = BRIEF if brief else ["-XX:+UseG1GC"]
    command = [java(), f"-Xms{heap}", f"-Xmx{heap}", *chosen, *OPENS, "-cp", f"{jars()}/*"]
    command += ["org.neo4j.server.CommunityEntryPoint", _mark(home), f"--config-dir={home / 'conf'}"]
    (home / "logs").mkdir(exist_ok=True)
    # What the start before this one said is told no more.
    (home / "logs" / "neo4j.log").unlink(missing_ok=True)
    shell = ["sh", "-c", '"$@" >"$0" 2>&1 </dev/null & echo $!', str(_console(home)), *command]
    started = subprocess.run(
        shell, cwd=home, env=_environment(), start_new_session=True, stdout=subprocess.PIPE, text=True, check=True
    )
    _pid(home).write_text(started.stdout, "utf-8")


def _wait_until_it_answers(server: Server, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    address = server.address.replace("neo4j://", "bolt://")
    while True:
        try:
            with (
                GraphDatabase.driver(address, auth=(server.user, server.password)) as driver,
                driver.session(database=server.database) as session,
            ):
                session.run("RETURN 1").consume()
            return
        except AuthError:
            raise ServerError(f"The server does not know the password in {_password(server.home)}.") from None
        except (DriverError, Neo4jError, OSError):
            if not _process(server.home):
                raise ServerError(f"Neo4j ended while it started: {_said(server.home)}") from None
            if time.monotonic() > deadline:
                kill(server.home)
                raise ServerError(f"Neo4j did not answer within {seconds:.0f} s: {_said(server.home)}") from None
        time.sleep(0.2)


def _said(home: Path) -> str:
    return _cause([line for path in (_console(home), home / "logs" / "neo4j.log") for line in _lines(path)])


def _cause(lines: list[str]) -> str:
    """Return the innermost cause among the lines that Java printed, else the last line."""
    causes = [line for line in lines if line.startswith(("Caused by:", "Exception in thread", "Error"))]
    return (causes or lines or ["it said nothing."])[-1].strip()


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8", errors="replace").splitlines() if path.exists() else []


def _process(home: Path) -> psutil.Process | None:
    """Return the process of the server on a folder; another that was given its number meanwhile is not it."""
    try:
        process = psutil.Process(int(_pid(home).read_text("utf-8")))
        return process if _mark(home) in process.cmdline() else None
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return None


def _gone(process: psutil.Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _environment() -> dict[str, str]:
    """Return the environment without what is Tidewaiter's or another Neo4j's, passwords above all."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("TIDEWAITER_", "NEO4J_"))}


def _mark(home: Path) -> str:
    return f"--home-dir={home}"


def _conf(home: Path) -> Path:
    return home / "conf" / "neo4j.conf"


def _console(home: Path) -> Path:
    return home / "logs" / "console.log"


def _password(home: Path) -> Path:
    return home / "password"


def _pid(home: Path) -> Path:
    return home / "pid"


def _port(home: Path) -> int | None:
    if not _conf(home).exists():
        return None
    found = re.search(r"^server\.bolt\.listen_address=.*:(\d+)$", _conf(home).read_text("utf-8"), re.MULTILINE)
    return int(found[1]) if found else None


def _free_port() -> int:
    return next(port for port in random.sample(PORTS, 100) if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        # A connection that has just been closed does not count, as it does not for the server.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return False
    return True
