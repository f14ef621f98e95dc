"""Runs jobs one at a time, each in a process of its own, and keeps what becomes of them."""

import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from api.http.problems import LOG, UnavailableError
from api.jobs.record import OVER, Job, JobFile, State, now
from api.settings import Settings

_FIRST_ASKED_TO_END = 5.0
"""Seconds that a process has to end by itself before it is killed."""
_TRY_AGAIN = 1.0
"""Seconds after which a file that could not be written is written to again."""
_WAITING = 100
"""Jobs that may wait; more are refused."""
_RESTARTED = "The service ended while this job was waiting or running; ask for it again."


class JobKeeper:
    """The jobs of one service; its file is opened when it is first needed.

    `done` is called after each job that succeeds.
    """

    def __init__(self, settings: Settings, done: Callable[[], None] = lambda: None) -> None:
        self._settings = settings
        self._done = done
        self._folder = settings.jobs_folder
        self._changed = threading.Condition()
        self._file: JobFile | None = None
        self._held: IO[str] | None = None
        self._current: Job | None = None
        self._process: subprocess.Popen[str] | None = None
        self._worker: threading.Thread | None = None
        self.ending = False
        """Whether the service ends: whoever streams progress stops."""

    def start(self) -> None:
        """Open the file and mark what an earlier service left; where that cannot be, it is tried again when needed."""
        self.ending = False
        with suppress(UnavailableError):
            self._opened()

    def stop(self) -> None:
        """End the running job, and close the file."""
        self.ending = True
        with self._changed:
            self._end_process()
            self._changed.notify_all()
        if self._worker is not None:
            self._worker.join()
            self._worker = None
        with self._changed:
            if self._file is not None:
                self._file.interrupt(_RESTARTED)
                self._file.close()
                self._file = None
            if self._held is not None:
                self._held.close()
                self._held = None

    def new_folder(self) -> tuple[str, Path]:
        """Return the id of a job to come, and the folder for its files, which is removed when the job is over."""
        self._opened()
        name = uuid.uuid4().hex
        folder = self._files(name)
        folder.mkdir(parents=True, mode=0o700)
        return name, folder

    def discard(self, name: str) -> None:
        """Remove the folder of a job."""
        shutil.rmtree(self._files(name), ignore_errors=True)

    def add(self, kind: str, asked: Mapping[str, Any], name: str | None = None) -> Job | None:
        """Have a job done after those that wait already; None where too many do."""
        file = self._opened()
        with self._changed:
            if len(file.unfinished()) > _WAITING:
                return None
            job = file.add(name or uuid.uuid4().hex, kind, asked)
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="jobs", daemon=True)
                self._worker.start()
            self._changed.notify_all()
            return job

    def find(self, name: str) -> Job | None:
        """Return a job as it is now."""
        file = self._opened()
        with self._changed:
            if self._current is not None and self._current.id == name:
                return self._current
        return file.find(name)

    def newest(self, before: int | None, limit: int) -> tuple[list[Job], int]:
        """Return jobs, newest first, and how many there are in all."""
        file = self._opened()
        current = self._current
        listed = [current if current and current.id == job.id else job for job in file.newest(before, limit)]
        return listed, file.count()

    def running(self) -> Job | None:
        """Return the job that runs now."""
        return self._current

    def cancel(self, name: str) -> Job | None:
        """Cancel a job that is not over; returns it as it is then, None where there is none."""
        file = self._opened()
        with self._changed:
            if self._current is not None and self._current.id == name:
                self._current = replace(self._current, state=State.CANCELLED, ended_at=now())
                self._end_process()
                return self._current
            job = file.find(name)
            if job is not None and job.state is State.QUEUED:
                job = replace(job, state=State.CANCELLED, ended_at=now())
                file.save(job)
                self.discard(name)
            return job

    def _files(self, name: str) -> Path:
        return self._folder / "files" / name

    def _opened(self) -> JobFile:
        """Return the file of the jobs.

        Raises:
            UnavailableError: it cannot be opened, or another service has it.
        """
        with self._changed:
            if self._file is not None:
                return self._file
            if self.ending:
                raise UnavailableError("The service is ending.")
            try:
                self._folder.mkdir(exist_ok=True, mode=0o700)
                held = (self._folder / "lock").open("w")
            except OSError as error:
                raise UnavailableError(f"Jobs cannot be kept in {self._folder}: {error}") from error
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                file = JobFile(self._folder / "jobs.db")
            except (OSError, sqlite3.Error) as error:
                held.close()
                raise UnavailableError(f"Another service keeps its jobs in {self._folder}: {error}") from error
            file.interrupt(_RESTARTED)
            shutil.rmtree(self._folder / "files", ignore_errors=True)
            self._file, self._held = file, held
            return file

    def _work(self) -> None:
        """Do one job after the other until the service ends."""
        while True:
            try:
                job = self._next()
            except sqlite3.Error as error:
                LOG.error("Jobs cannot be kept just now: %s", error)
                time.sleep(_TRY_AGAIN)
                continue
            if job is None:
                return
            try:
                self._do(job)
            except Exception as error:
                LOG.error("A job could not be followed", exc_info=error)
            finally:
                with self._changed:
                    self._current = self._process = None
                self.discard(job.id)

    def _next(self) -> Job | None:
        """Wait for the next job, and mark it as running; None where the service ends."""
        with self._changed:
            while self._file is not None and not self.ending:
                waiting = self._file.unfinished()
                if waiting:
                    job = replace(waiting[0], state=State.RUNNING, started_at=now())
                    self._file.save(job)
                    self._current = job
                    return job
                self._changed.wait()
            return None

    def _do(self, job: Job) -> None:
        """Do a job, and keep what has become of it."""
        try:
            with self._changed:
                process = self._process = self._started(job)
                if self.ending or self._current is not job:
                    self._end_process()
            self._follow(process)
            status = process.wait()
        except OSError as error:
            LOG.error("A job could not be started", exc_info=error)
            status = -1
        with self._changed:
            ended = self._ended(self._current or job, status)
            if self._file is not None:
                self._file.save(ended)
        if ended.state is State.DONE:
            self._done()

    def _started(self, job: Job) -> "subprocess.Popen[str]":
        """Start the process of a job; what it must know goes through its standard input, where nobody else sees it."""
        process = subprocess.Popen(
            [sys.executable, "-m", "api.jobs.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            # Nothing that was typed at the terminal of the service is for the job.
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        settings = self._settings.model_dump(mode="json")
        password = self._settings.neo4j_password
        settings["neo4j_password"] = password.get_secret_value() if password is not None else None
        told = {"settings": settings, "kind": job.kind, "asked": dict(job.asked), "folder": str(self._files(job.id))}
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(told) + "\n")
            process.stdin.flush()
        return process

    def _follow(self, process: "subprocess.Popen[str]") -> None:
        """Take in what a job tells until it has ended."""
        assert process.stdout is not None
        assert process.stdin is not None
        with process.stdout:
            for line in process.stdout:
                said = json.loads(line)
                with self._changed:
                    if self._current is not None and (self._current.state is State.RUNNING or "result" in said):
                        self._current = _told(self._current, said)
        with suppress(BrokenPipeError):
            process.stdin.close()

    def _ended(self, job: Job, status: int) -> Job:
        """Return a job as it is after its process has ended; one that was done before it could be ended is done."""
        if job.result is not None:
            return replace(job, state=State.DONE, ended_at=now())
        if job.state in OVER:
            return job
        if self.ending:
            return replace(job, state=State.INTERRUPTED, ended_at=now(), error=_RESTARTED)
        error = (
            job.error or f"The process of the job ended without a word (status {status}); see the log of the service."
        )
        return replace(job, state=State.FAILED, ended_at=now(), error=error)

    def _end_process(self) -> None:
        """Have the running process end: asked first, then killed; its store is left whole by either."""
        process = self._process
        if process is not None:
            process.terminate()
            _after(_FIRST_ASKED_TO_END, process.kill)


def _after(seconds: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()


def _told(job: Job, said: Mapping[str, Any]) -> Job:
    if "result" in said:
        return replace(job, result=said["result"], share=1.0)
    if "error" in said:
        return replace(job, error=said["error"])
    return replace(job, **said["progress"])
