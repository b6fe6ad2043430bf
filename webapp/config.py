"""Every setting of Truckroll, read once from the environment.

Each field's comment says what it means, its unit and its default. `Settings.load()` is the only place that
reads `os.environ`.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlsplit

ROOT = Path(__file__).resolve().parent.parent


class SettingsError(Exception):
    """A setting is missing or cannot be understood; the message names it and says what to write."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Request limits in the notation of the `limits` library, one string per scope."""

    field_address: str = "300/60 seconds"  # field API, per client address
    field_tenant: str = "200/60 seconds"  # field API, per organization
    sign_in_account: str = "5/60 seconds"  # sign-in attempts per account and address together
    sign_in_address: str = "60/60 seconds"  # sign-in attempts per address alone: a whole office shares one
    sign_in_everywhere: str = "100/hour"  # wrong passwords per account from all browsers it never used before
    growth_key: str = "120/minute;300/5 minutes"  # growth API, per key
    closebot_key: str = "100/minute;10000/day"  # CloseBot, per key
    fixflow_key: str = "60/minute;10000/day"  # FixFlow, per key
    ledgerpilot_key: str = "60/minute;10000/day"  # LedgerPilot, per key
    agents_key: str = "300/minute"  # Operator API, per key
    public_address: str = "60/minute"  # registration, password reset, links, per address


@dataclass(frozen=True, slots=True)
class Settings:
    """Typed settings. Build with :meth:`load` in programs and directly in tests."""

    database_url: (
        str  # DATABASE_URL: the owner's connection, for migrations; the app signs in as a derived role
    )
    redis_url: str  # REDIS_URL: redis:// or unix://
    secret_keys: tuple[str, ...]  # TRUCKROLL_SECRET_KEYS: first signs and encrypts, all verify and decrypt
    data_dir: Path = ROOT / "var"  # TRUCKROLL_DATA_DIR: embedded servers, local files, the generated secret
    environment: str = "development"  # TRUCKROLL_ENV: development, test or production
    host: str = "127.0.0.1"  # TRUCKROLL_HOST: the address to bind
    port: int = 8000  # PORT
    public_url: str = ""  # TRUCKROLL_PUBLIC_URL: how people reach it; https turns on Secure cookies
    web_processes: int = 2  # TRUCKROLL_WEB_PROCESSES
    web_threads: int = min(8, 2 * (os.cpu_count() or 1) + 1)  # TRUCKROLL_WEB_THREADS: requests that a process
    # works at at once; twice the cores and one by default, at most eight
    web_listeners: int = (
        1200  # TRUCKROLL_WEB_LISTENERS: open event streams per process, each a sleeping thread
    )
    trusted_proxies: int = 0  # TRUCKROLL_TRUSTED_PROXIES: how many X-Forwarded-For hops to believe
    default_business_code: str = ""  # TRUCKROLL_DEFAULT_BUSINESS: organization of host-less customer calls
    smtp_url: str = (
        ""  # TRUCKROLL_SMTP_URL: smtp://user:password@host:587 (smtps:// for TLS); empty: Outbox only
    )
    mail_from: str = "Truckroll <no-reply@localhost>"  # TRUCKROLL_MAIL_FROM
    sms_url: str = (
        ""  # TRUCKROLL_SMS_URL: https://sid:token@host, a Twilio-compatible API; empty: Outbox only
    )
    sms_from: str = ""  # TRUCKROLL_SMS_FROM: E.164
    files_url: str = ""  # TRUCKROLL_FILES_URL: s3://bucket/prefix?endpoint=…; empty: data_dir/files
    map_tiles_url: str = ""  # TRUCKROLL_MAP_TILES_URL: https://tiles.example.com/{z}/{x}/{y}.png; empty: outlines of counties only
    map_tiles_attribution: str = (
        ""  # TRUCKROLL_MAP_TILES_ATTRIBUTION: what their provider wants said, plain text
    )
    roads_url: str = (
        ""  # TRUCKROLL_ROADS_URL: https://osrm.example.com, an OSRM-compatible server for drive times; empty:
    )
    # great circle and speed
    geocoder_url: str = (
        ""  # TRUCKROLL_GEOCODER_URL: https://nominatim.example.com/search, any server that speaks
    )
    # Nominatim's search API, a key in its query allowed; empty: the middle of the ZIP code
    outbound_allow: tuple[
        str, ...
    ] = ()  # TRUCKROLL_OUTBOUND_ALLOW: host:port pairs let through the outbound guard
    # Signing in through a provider. `…_client_ids` are the audiences of the field API's ID tokens (phone apps); a
    # `…_client_id` with its secret turns on the browser's button and is an accepted audience too.
    sso_google_client_ids: tuple[str, ...] = ()  # TRUCKROLL_SSO_GOOGLE_CLIENT_IDS
    sso_apple_client_ids: tuple[str, ...] = ()  # TRUCKROLL_SSO_APPLE_CLIENT_IDS
    sso_microsoft_client_ids: tuple[str, ...] = ()  # TRUCKROLL_SSO_MICROSOFT_CLIENT_IDS
    sso_google_client_id: str = ""  # TRUCKROLL_SSO_GOOGLE_CLIENT_ID: of the web client
    sso_google_client_secret: str = field(default="", repr=False)  # TRUCKROLL_SSO_GOOGLE_CLIENT_SECRET
    sso_microsoft_client_id: str = ""  # TRUCKROLL_SSO_MICROSOFT_CLIENT_ID: the application (client) id
    sso_microsoft_client_secret: str = field(default="", repr=False)  # TRUCKROLL_SSO_MICROSOFT_CLIENT_SECRET
    sso_apple_client_id: str = ""  # TRUCKROLL_SSO_APPLE_CLIENT_ID: the Services ID
    sso_apple_team_id: str = ""  # TRUCKROLL_SSO_APPLE_TEAM_ID: ten characters
    sso_apple_key_id: str = ""  # TRUCKROLL_SSO_APPLE_KEY_ID: ten characters, of the key below
    sso_apple_private_key: str = field(
        default="", repr=False
    )  # TRUCKROLL_SSO_APPLE_PRIVATE_KEY: the .p8 file's
    # text, line ends as \n allowed; or TRUCKROLL_SSO_APPLE_PRIVATE_KEY_FILE: its path
    sso_google_discovery_url: str = "https://accounts.google.com/.well-known/openid-configuration"
    sso_apple_discovery_url: str = "https://appleid.apple.com/.well-known/openid-configuration"
    # TRUCKROLL_SSO_MICROSOFT_DISCOVERY_URL: put a directory's id in place of `common` to let in that directory only
    sso_microsoft_discovery_url: str = (
        "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration"
    )
    sso_google_keys_url: str = ""  # TRUCKROLL_SSO_GOOGLE_KEYS_URL: empty: where the discovery document says
    sso_apple_keys_url: str = ""  # TRUCKROLL_SSO_APPLE_KEYS_URL
    sso_microsoft_keys_url: str = ""  # TRUCKROLL_SSO_MICROSOFT_KEYS_URL
    session_idle_minutes: int = (
        8 * 60
    )  # TRUCKROLL_SESSION_IDLE_MINUTES: a browser session unused this long ends
    session_absolute_minutes: int = (
        14 * 24 * 60
    )  # TRUCKROLL_SESSION_ABSOLUTE_MINUTES: and this old in any case
    access_token_minutes: int = 15  # the field document's figure
    principal_cache_seconds: float = (
        3.0  # how long a worker process may believe a session or key: under 5 by design
    )
    argon2_memory_kib: int = 46 * 1024  # with one pass and one lane: the floor of OWASP ASVS
    limits: Limits = field(default_factory=Limits)
    demo: bool = False  # TRUCKROLL_DEMO: set by `up --demo`; shows the demo sign-ins on the sign-in page

    @property
    def app_database_url(self) -> str:
        """The application's own connection: a role that owns nothing, its password derived from the secret."""
        return self._role_url("app")

    @property
    def clock_database_url(self) -> str:
        """The clock's connection: may read the routing columns of `jobs`, nothing else."""
        return self._role_url("clock")

    @property
    def app_role(self) -> str:
        return f"{urlsplit(self.database_url).username or 'truckroll'}_app"

    @property
    def clock_role(self) -> str:
        return f"{urlsplit(self.database_url).username or 'truckroll'}_clock"

    def role_password(self, kind: str) -> str:
        """The derived password of the `app` or `clock` role; changing the first secret key changes it."""
        import hashlib
        import hmac

        return hmac.new(self.secret_keys[0].encode(), f"role:{kind}".encode(), hashlib.sha256).hexdigest()

    def _role_url(self, kind: str) -> str:
        parts = urlsplit(self.database_url)
        role = self.app_role if kind == "app" else self.clock_role
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
        query = f"?{parts.query}" if parts.query else ""
        return f"postgresql://{quote(role)}:{self.role_password(kind)}@{host}{port}{parts.path}{query}"

    @property
    def base_url(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def secure(self) -> bool:
        """Whether cookies are Secure: exactly when the public URL is https."""
        return self.base_url.startswith("https://")

    @property
    def testing(self) -> bool:
        return self.environment == "test"

    @property
    def production(self) -> bool:
        return self.environment == "production"

    def with_(self, **changes: object) -> Self:
        """A copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # the field names are checked by replace itself

    @classmethod
    def load(cls) -> Self:
        """Read the environment. Raises SettingsError naming the setting that is missing or wrong."""
        env = os.environ
        data_dir = Path(env.get("TRUCKROLL_DATA_DIR", str(ROOT / "var"))).resolve()
        for name in ("DATABASE_URL", "REDIS_URL"):
            if not env.get(name):
                raise SettingsError(f"{name} is not set. Start with `truckroll up`, which brings its own servers, "
                                    f"or set {name}.")  # fmt: skip
        text = {
            "environment": "TRUCKROLL_ENV",
            "host": "TRUCKROLL_HOST",
            "public_url": "TRUCKROLL_PUBLIC_URL",
            "default_business_code": "TRUCKROLL_DEFAULT_BUSINESS",
            "smtp_url": "TRUCKROLL_SMTP_URL",
            "mail_from": "TRUCKROLL_MAIL_FROM",
            "sms_url": "TRUCKROLL_SMS_URL",
            "sms_from": "TRUCKROLL_SMS_FROM",
            "files_url": "TRUCKROLL_FILES_URL",
            "map_tiles_url": "TRUCKROLL_MAP_TILES_URL",
            "map_tiles_attribution": "TRUCKROLL_MAP_TILES_ATTRIBUTION",
            "roads_url": "TRUCKROLL_ROADS_URL",
            "geocoder_url": "TRUCKROLL_GEOCODER_URL",
        } | {name: f"TRUCKROLL_{name.upper()}" for name in _SSO_TEXT}
        whole = {
            "port": "PORT",
            "web_processes": "TRUCKROLL_WEB_PROCESSES",
            "web_threads": "TRUCKROLL_WEB_THREADS",
            "web_listeners": "TRUCKROLL_WEB_LISTENERS",
            "trusted_proxies": "TRUCKROLL_TRUSTED_PROXIES",
            "session_idle_minutes": "TRUCKROLL_SESSION_IDLE_MINUTES",
            "session_absolute_minutes": "TRUCKROLL_SESSION_ABSOLUTE_MINUTES",
        }
        several = {
            "outbound_allow": "TRUCKROLL_OUTBOUND_ALLOW",
            "sso_google_client_ids": "TRUCKROLL_SSO_GOOGLE_CLIENT_IDS",
            "sso_apple_client_ids": "TRUCKROLL_SSO_APPLE_CLIENT_IDS",
            "sso_microsoft_client_ids": "TRUCKROLL_SSO_MICROSOFT_CLIENT_IDS",
        }
        values: dict[str, object] = {f: env[name] for f, name in text.items() if env.get(name)}
        values |= {f: _whole(name, env[name]) for f, name in whole.items() if env.get(name)}
        values |= {
            f: tuple(env[name].replace(",", " ").split()) for f, name in several.items() if env.get(name)
        }
        values |= _apple_key(env)
        _check_sso(values)
        limits = {f: env[f"TRUCKROLL_LIMIT_{f.upper()}"] for f in Limits.__dataclass_fields__
                  if env.get(f"TRUCKROLL_LIMIT_{f.upper()}")}  # fmt: skip
        return cls(
            database_url=env["DATABASE_URL"],
            redis_url=env["REDIS_URL"],
            secret_keys=_secret_keys(
                data_dir, env.get("TRUCKROLL_SECRET_KEYS", ""), env.get("TRUCKROLL_ENV", "")
            ),
            data_dir=data_dir,
            demo=env.get("TRUCKROLL_DEMO") == "1",
            limits=Limits(**limits),
            **values,  # type: ignore[arg-type]  # built from the tables above, field by field
        )


# what a provider's button needs besides its client id
_SSO_NEEDS = {
    "google": ("client_secret",),
    "microsoft": ("client_secret",),
    "apple": ("team_id", "key_id", "private_key"),
}
_SSO_TEXT = tuple(
    f"sso_{provider}_{name}"
    for provider, needs in _SSO_NEEDS.items()
    for name in ("client_id", *(n for n in needs if n != "private_key"), "discovery_url", "keys_url")
)


def _apple_key(env: Mapping[str, str]) -> dict[str, object]:
    """Apple's private key, from the variable itself or from the file it names."""
    text, path = env.get("TRUCKROLL_SSO_APPLE_PRIVATE_KEY", ""), env.get("TRUCKROLL_SSO_APPLE_PRIVATE_KEY_FILE", "")  # fmt: skip
    if not text and path:
        try:
            text = Path(path).read_text()
        except (OSError, UnicodeDecodeError) as problem:
            raise SettingsError(f"TRUCKROLL_SSO_APPLE_PRIVATE_KEY_FILE cannot be read: {problem}") from None
    text = text.replace("\\n", "\n").strip()
    if text and "PRIVATE KEY-----" not in text:
        raise SettingsError(
            "TRUCKROLL_SSO_APPLE_PRIVATE_KEY must be the text of the .p8 file that Apple gave out."
        )
    return {"sso_apple_private_key": text} if text else {}


def _check_sso(values: Mapping[str, object]) -> None:
    """A provider's button needs all of its settings: half of them would fail at somebody's sign-in."""
    for provider, needs in _SSO_NEEDS.items():
        given = [n for n in ("client_id", *needs) if values.get(f"sso_{provider}_{n}")]
        missing = [n for n in ("client_id", *needs) if n not in given]
        if given and missing:
            names = " and ".join(f"TRUCKROLL_SSO_{provider.upper()}_{n.upper()}" for n in missing)
            raise SettingsError(f"Signing in with {provider.title()} is half set up: {names} is missing.")


def _whole(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise SettingsError(f"{name} must be a whole number, not {value!r}.") from None


def _secret_keys(data_dir: Path, given: str, environment: str) -> tuple[str, ...]:
    keys = tuple(given.replace(",", " ").split())
    if keys:
        if any(len(k) < 32 for k in keys):
            raise SettingsError("TRUCKROLL_SECRET_KEYS: each key must have at least 32 characters.")
        return keys
    if environment == "production":
        raise SettingsError(
            "TRUCKROLL_SECRET_KEYS must be set in production; make one with `openssl rand -hex 32`."
        )
    path = data_dir / "secret"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        # written beside and renamed, so that two programs starting together read one and the same key
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(secrets.token_hex(32))
        fresh.chmod(0o600)
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return (path.read_text().strip(),)
