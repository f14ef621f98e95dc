import traceback
from pathlib import Path

import pytest
from pydantic import ValidationError

from api.settings import Settings, SettingsError, load_settings


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIDEWAITER_DATA", raising=False)
    settings = load_settings()
    assert settings.store == "sqlite:///tidewaiter.db"
    assert settings.data == Path("../shared/data")
    assert settings.seed == 20240229
    assert settings.models_folder == Path("tidewaiter.db.models")
    assert (settings.neo4j_user, settings.neo4j_password, settings.neo4j_database) == ("neo4j", None, "neo4j")


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEWAITER_STORE", "sqlite:////var/lib/customs.db")
    monkeypatch.setenv("TIDEWAITER_DATA", "/srv/data")
    monkeypatch.setenv("TIDEWAITER_SEED", "7")
    settings = load_settings()
    assert settings.store == "sqlite:////var/lib/customs.db"
    assert settings.data == Path("/srv/data")
    assert settings.seed == 7
    assert settings.models_folder == Path("/var/lib/customs.db.models")


def test_models_lie_where_they_are_set_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEWAITER_MODELS", "elsewhere")
    assert load_settings().models_folder == Path("elsewhere")


def test_a_store_that_is_no_file_has_its_models_in_the_working_folder() -> None:
    assert Settings(store="neo4j://graph.example").models_folder == Path("tidewaiter.models")


def test_jobs_are_kept_beside_the_store_and_hosts_are_a_list() -> None:
    assert Settings(store="sqlite:////var/lib/customs.db").jobs_folder == Path("/var/lib/customs.db.jobs")
    assert Settings(store="neo4j://graph.example").jobs_folder == Path("tidewaiter.jobs")
    assert Settings().hosts == ()
    assert Settings(allowed_hosts=" a.example,, b.example ").hosts == ("a.example", "b.example")


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEWAITER_SEED", "")
    monkeypatch.setenv("TIDEWAITER_MODELS", "")
    assert load_settings() == Settings()


@pytest.mark.parametrize("value", ["-1", "many", "1.5", str(2**31)])
def test_a_wrong_value_gets_one_sentence(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TIDEWAITER_SEED", value)
    with pytest.raises(SettingsError, match=rf"^TIDEWAITER_SEED cannot be '{value}': [^\n]+[^.]\.$"):
        load_settings()


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEWAITER_STORE", " ")
    monkeypatch.setenv("TIDEWAITER_SEED", "x")
    with pytest.raises(SettingsError, match=r"^TIDEWAITER_STORE cannot be .+; TIDEWAITER_SEED cannot be .+\.$"):
        load_settings()


def test_the_password_is_read_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEWAITER_NEO4J_PASSWORD", "a secret/word")
    settings = load_settings()
    assert settings.neo4j_password is not None
    assert settings.neo4j_password.get_secret_value() == "a secret/word"
    assert "secret/word" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


def test_no_error_shows_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    # With a byte that is not UTF-8, which a checked text would be refused for, and shown.
    monkeypatch.setenv("TIDEWAITER_NEO4J_PASSWORD", "a secret/word\udce9")
    monkeypatch.setenv("TIDEWAITER_NEO4J_DATABASE", " ")
    with pytest.raises(SettingsError, match=r"^TIDEWAITER_NEO4J_DATABASE cannot be ' ': ") as wrong:
        load_settings()
    assert "secret/word" not in "".join(traceback.format_exception(wrong.value))


def test_a_misspelt_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEWAITER_SOTRE", "sqlite:///x.db")
    with pytest.raises(SettingsError, match=r"^TIDEWAITER_SOTRE is not a setting; the settings are .*TIDEWAITER_STORE"):
        load_settings()


def test_settings_do_not_change_once_read() -> None:
    with pytest.raises(ValidationError):
        Settings().seed = 1
