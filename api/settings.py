"""What can be set from outside, through environment variables that begin with `TIDEWAITER_`."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "TIDEWAITER_"
SQLITE = "sqlite:///"


class SettingsError(ValueError):
    """A setting that cannot be used; its text is one sentence for the person who set it."""


class Settings(BaseSettings):
    """The settings; an empty variable counts as not set."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True)

    store: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] = "sqlite:///tidewaiter.db"
    """Address of the store that holds the network."""

    neo4j_user: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] = "neo4j"
    """Whom a Neo4j store is opened as."""

    neo4j_password: SecretStr | None = None
    """The password of that user; it is in no text that the settings are shown in."""

    neo4j_database: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] = "neo4j"
    """The database of a Neo4j server that holds the network."""

    data: Path = Path("../shared/data")
    """Folder with the public data sets that benchmarks and some tests read."""

    models: Path | None = None
    """Folder of the trained models; without it they lie beside the store."""

    allowed_hosts: str = ""
    """Names, separated by commas, under which the service answers beside those of the machine itself."""
    handovers: Path | None = None
    """Folder of the keys and the register of hand-overs; without it they lie beside the store."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 20240229
    """Where every random step starts from."""

    @property
    def models_folder(self) -> Path:
        """The folder of the trained models: as set, else named after the store, beside an embedded one."""
        return self.models or self._beside("models")

    @property
    def handovers_folder(self) -> Path:
        """The folder of the keys and the register of hand-overs, named like that of the models."""
        return self.handovers or self._beside("handovers")

    def _beside(self, name: str) -> Path:
        if self.store.startswith(SQLITE):
            return Path(f"{self.store.removeprefix(SQLITE)}.{name}")
        return Path(f"tidewaiter.{name}")

    @property
    def jobs_folder(self) -> Path:
        """The folder where the service keeps its jobs: named after the store, beside an embedded one."""
        return self._beside("jobs")

    @property
    def hosts(self) -> tuple[str, ...]:
        """The further names under which the service answers."""
        return tuple(name for part in self.allowed_hosts.split(",") if (name := part.strip()))


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        SettingsError: a value is not valid, or a variable with our prefix is not a setting (mostly a typing error,
            which would otherwise be passed over in silence).
    """
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    unknown = sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)
    if unknown:
        raise SettingsError(f"{', '.join(unknown)} is not a setting; the settings are {', '.join(known)}.")
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(one_sentence(error)) from None


def one_sentence(error: ValidationError) -> str:
    """Say what pydantic found wrong with the settings in one sentence that names the variables."""
    faults = []
    for fault in error.errors(include_url=False, include_context=False):
        name = PREFIX + ".".join(str(part) for part in fault["loc"]).upper()
        reason = fault["msg"][:1].lower() + fault["msg"][1:]
        faults.append(f"{name} cannot be {fault['input']!r}: {reason}")
    return "; ".join(faults) + "."
