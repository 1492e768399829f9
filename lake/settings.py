"""Settings: the only place that reads the environment (`LAKE_*`).

Every setting has a default that works on a laptop. Secrets that are not given are made once, in files that only
their owner can read under `<data>/secrets/`, and never enter the lake.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from lake.errors import SettingsError

#: The dbt project's root: where dbt_project.yml, models/ and expectations/ are.
PROJECT = Path(__file__).resolve().parent.parent

#: The business lines, in the order in which screens show them. Each has sources, a mart and a page of its own.
LINES = ("audio", "dental", "optical", "childcare", "finance")

#: The mart across lines, and the lines that serve persons, from whose published builds it is made.
GROUP, TRADES = "group", ("audio", "dental", "optical", "childcare")

#: Every mart, in the order in which they are brought up to date.
MARTS = (*LINES, GROUP)


def made_from(mart: str) -> tuple[str, ...]:
    """The lines from whose published builds a mart is made; none for a line, which is made from its sources."""
    return TRADES if mart == GROUP else ()


class Settings(BaseSettings):
    """All settings, frozen. Units are in the names."""

    model_config = SettingsConfigDict(env_prefix="LAKE_", frozen=True, extra="ignore")

    data: Path = Field(default=PROJECT / ".lake", description="Folder of everything the lake keeps on this machine.")
    mongo_uri: str | None = Field(
        default=None, description="A replica set, sharded cluster or Atlas instead of the embedded server."
    )
    mongo_database: str = Field(default="lake", description="Database of the lake in MongoDB.")
    pseudonym_key: SecretStr | None = Field(
        default=None,
        description="Key of the HMAC-SHA256 pseudonyms (at least 32 characters). "
        "Losing it breaks the link between old and new records of a person.",
    )
    quarantine_key: SecretStr | None = Field(
        default=None, description="Fernet key (32 bytes in URL-safe base64) that quarantined rows are encrypted with."
    )
    policy: Path = Field(
        default=PROJECT / "lake" / "access" / "policy.yml",
        description="Who sees which lines and structures and may do what.",
    )
    schedule: Path = Field(
        default=PROJECT / "lake" / "schedule.yml",
        description="When `lake schedule` runs each line, and what it lands first.",
    )
    portal_port: int = Field(default=8501, ge=1, le=65535, description="Port of the portal, on the loopback address.")
    threads: int = Field(default=2, ge=1, description="Cores that a step may use.")
    memory_gb: float = Field(default=4.0, gt=0, description="Memory that DuckDB may use in one step, in gigabytes.")
    builds_kept: int = Field(default=5, ge=1, description="Builds kept per line, the published one included.")
    stale_after_hours: float = Field(
        default=36.0, gt=0, description="Age of a line's data, in hours, from which screens call it stale."
    )

    @field_validator("data", "policy", "schedule")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        """Steps run in other folders (dbt in the project's): a relative path would mean another one there."""
        return path.expanduser().resolve()

    @field_validator("mongo_database")
    @classmethod
    def _of_mongodb(cls, name: str) -> str:
        """Source: MongoDB manual, "Naming Restrictions"; the server's own databases are not for the lake."""
        wrong = sorted(set(name) & set('/\\. "$*<>:|?\0'))
        if not name or len(name.encode()) > 63 or wrong or name.lower() in ("admin", "config", "local"):
            raise ValueError(
                "a database's name has 1 to 63 bytes, no blank, none of / \\ . \" $ * < > : | ?, "
                "and is not admin, config or local"
            )
        return name

    @property
    def mirror(self) -> Path:
        return self.data / "mirror"

    @property
    def marts(self) -> Path:
        return self.data / "marts"

    @property
    def runs(self) -> Path:
        return self.data / "runs"

    @property
    def secrets(self) -> Path:
        return self.data / "secrets"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process. Tests that change the environment call `settings.cache_clear()`.

    Raises:
        SettingsError: some are malformed. Values are not repeated: they may be secrets.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(f"LAKE_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"The settings are not valid: {faults}.", remedy="See docs/reference.md.") from None
