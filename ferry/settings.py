"""All settings, from the environment; `.env.example` names every variable read here."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import dj_email_url
import structlog
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host
from django.utils.translation import gettext_lazy as _
from environs import Env

from ferry.logs import hide_secret_addresses
from ferry.operator_look import look

BASE_DIR = Path(__file__).resolve().parent.parent


class Environment(Env):
    """Take a variable that is empty for one that is not set, whatever its type."""

    def _get_value(self, env_key: str, default: Any) -> Any:
        return super()._get_value(env_key, default) or default


env = Environment()
env.read_env(str(BASE_DIR / ".env"))


def _insist(holds: object, sentence: str) -> None:
    """Refuse to start, unless `holds`; the sentence names the variable and never repeats a secret."""
    if not holds:
        raise ImproperlyConfigured(sentence)


def _has_sound_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


# --- What a deployment decides -----------------------------------------------------------------

DEBUG: bool = env.bool("DEBUG", False)
PORT: int = env.int("PORT", 8000)
_insist(0 < PORT < 65536, f"PORT must be from 1 to 65535; it is {PORT}.")
SITE_URL: str = env.str("SITE_URL", f"http://localhost:{PORT}").rstrip("/")
_insist(
    re.fullmatch(r"https?://(\[[0-9a-f:]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:[1-9]\d{0,4})?", SITE_URL, re.I)
    and _has_sound_port(SITE_URL)
    and ".." not in SITE_URL,
    "SITE_URL must look like https://ferryman.example: a scheme, a host, perhaps a port and nothing more.",
)
_insist(
    len(SITE_URL) <= 46,
    "SITE_URL must have at most 46 characters: it stands in every code, which would grow too dense to scan.",
)
_site = urlsplit(SITE_URL)
SECURE: bool = _site.scheme == "https"

#: Known to everyone who reads this, so it serves only where nobody else can reach.
_TRIAL_KEY = "only-for-trying-out-on-this-machine-" + "0" * 32
SECRET_KEY: str = env.str("SECRET_KEY", _TRIAL_KEY if DEBUG and not SECURE else "")
_insist(
    len(SECRET_KEY) >= 32 and (DEBUG or (len(set(SECRET_KEY)) >= 8 and SECRET_KEY != _TRIAL_KEY)),
    "SECRET_KEY must be at least 32 random characters where DEBUG is off or SITE_URL is https; "
    "`python -c 'import secrets; print(secrets.token_urlsafe(48))'` makes one.",
)
#: Secrets that signed before: links and sessions made with them stay good until they are taken out.
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
_insist(
    all(len(key) >= 32 for key in SECRET_KEY_FALLBACKS),
    "SECRET_KEY_FALLBACKS must hold comma-separated secrets of at least 32 characters, as SECRET_KEY had.",
)
#: Encrypt signing keys and PINs at rest; the first seals, all open.
DATA_KEYS: list[str] = env.list("DATA_KEYS", [SECRET_KEY] if DEBUG else [])
_insist(
    DATA_KEYS and all(len(key) >= 32 and (DEBUG or len(set(key)) >= 8) for key in DATA_KEYS),
    "DATA_KEYS must hold comma-separated secrets of at least 32 random characters; the first encrypts.",
)
_insist(DEBUG or SECRET_KEY not in DATA_KEYS, "DATA_KEYS must not hold SECRET_KEY: each is rotated alone.")

ALLOWED_HOSTS: list[str] = env.list(
    "ALLOWED_HOSTS",
    [str(_site.hostname), *(["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])],
)
_insist(
    all(re.fullmatch(r"\*|\[[0-9a-f:]+\]|\.?[a-z0-9.-]+", host, re.I) for host in ALLOWED_HOSTS),
    "ALLOWED_HOSTS must hold comma-separated host names, without a scheme, port or path.",
)
_insist(
    DEBUG or "*" not in ALLOWED_HOSTS, "ALLOWED_HOSTS must name its hosts where DEBUG is off; it holds *."
)
_insist(
    validate_host(str(_site.hostname), ALLOWED_HOSTS) or f"[{_site.hostname}]" in ALLOWED_HOSTS,
    f"ALLOWED_HOSTS must hold the host of SITE_URL, {_site.hostname}.",
)
CSRF_TRUSTED_ORIGINS: list[str] = [SITE_URL]

#: What this installation writes beside its database server: SQLite's file, the queue, the cache, uploads.
DATA_DIR: Path = BASE_DIR / env.str("DATA_DIR", "var")
with suppress(OSError):
    DATA_DIR.mkdir(parents=True, exist_ok=True)
_insist(
    DATA_DIR.is_dir() and os.access(DATA_DIR, os.W_OK),
    f"DATA_DIR must be a folder to write in; it is {DATA_DIR}.",
)

_database_url: str = env.str("DATABASE_URL", f"sqlite:///{DATA_DIR / 'ferryman.sqlite3'}")
_insist(
    re.match(r"sqlite:///.|postgres(ql)?://.", _database_url) and _has_sound_port(_database_url),
    "DATABASE_URL must be like postgres://USER@HOST:5432/NAME or sqlite:///FILE.",
)
#: Connections each process may hold; 0 opens one a request, for a pooler in front such as PgBouncer.
_pool_size: int = env.int("DATABASE_POOL_SIZE", 8)
_insist(_pool_size >= 0, f"DATABASE_POOL_SIZE must be 0 or more; it is {_pool_size}.")
_database = dj_database_url.parse(_database_url)
if _database["ENGINE"].endswith("sqlite3"):
    _database["NAME"] = str(BASE_DIR / _database["NAME"])
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;",
    }
else:
    _insist(
        _database["NAME"], "DATABASE_URL must end with the name of a database: postgres://USER@HOST/NAME."
    )
    # Nothing here runs so long that compiling it first would pay.
    _database.setdefault("OPTIONS", {}).setdefault("options", "-c jit=off")
    if _pool_size:
        _database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": _pool_size}
DATABASES = {"default": _database}

#: With Redis: broker, cache and throttle counters. Without: folders below DATA_DIR, for one machine.
REDIS_URL: str = env.str("REDIS_URL", "")
_insist(
    not REDIS_URL
    or (re.match(r"rediss?://[^/?]+(/\d*)?(\?|$)|unix://.", REDIS_URL) and _has_sound_port(REDIS_URL)),
    "REDIS_URL must be like redis://HOST:6379/0, or start with rediss:// or unix://.",
)

#: How many proxies in front set X-Forwarded-For; throttles count the client behind them.
PROXIES: int = env.int("PROXIES", 0)
_insist(PROXIES >= 0, f"PROXIES must be 0 or more; it is {PROXIES}.")
LOG_LEVEL: str = env.str("LOG_LEVEL", "INFO").upper()
_insist(
    LOG_LEVEL in {"DEBUG", "INFO", "WARNING", "ERROR"},
    f"LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR; it is {LOG_LEVEL!r}.",
)
_email_url: str = env.str("EMAIL_URL", "console://" if DEBUG else "smtp://localhost:25")
_insist(
    re.match(r"(smtps?|submission|console|dummy)://", _email_url) and _has_sound_port(_email_url),
    "EMAIL_URL must be like smtp://HOST:25, or start with smtps://, submission://, console:// or dummy://.",
)
_email = dj_email_url.parse(_email_url)
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_HOST = _email.get("EMAIL_HOST") or ""
EMAIL_PORT = _email.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _email.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _email.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = _email.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _email.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", f"ferryman@{_site.hostname}")
_insist(
    re.fullmatch(r"[^@\r\n]+@[^@\s]+", DEFAULT_FROM_EMAIL), "DEFAULT_FROM_EMAIL must be an e-mail address."
)

#: How many requests one key, one trip's receipt and one stranger's address may make, and how many letters
#: one address or company may have sent to people who have no account yet.
THROTTLES: dict[str, str] = {
    "key": env.str("THROTTLE_KEY", "6000/min"),
    "receipt": env.str("THROTTLE_RECEIPT", "30/min"),
    "public": env.str("THROTTLE_PUBLIC", "60/min"),
    "letters": env.str("THROTTLE_LETTERS", "20/hour"),
}
for _name, _rate in THROTTLES.items():
    _insist(
        re.fullmatch(r"[1-9]\d*/(sec|min|hour|day)", _rate),
        f"THROTTLE_{_name.upper()} must look like 60/min, with sec, min, hour or day; it is {_rate!r}.",
    )
RECONCILE_EVERY_S: int = env.int("RECONCILE_EVERY_S", 30)
_insist(
    0 < RECONCILE_EVERY_S <= 86400,
    f"RECONCILE_EVERY_S must be from 1 second to a day, 86400; it is {RECONCILE_EVERY_S}.",
)

#: Officers may release vehicles, so a password alone is not enough where others can reach.
OFFICERS_NEED_MFA: bool = env.bool("OFFICERS_NEED_MFA", not DEBUG)

#: How stay days are counted where the agreement is silent; the defaults are the strictest reading.
STAY_ROLLING: bool = env.bool("STAY_ROLLING", True)
STAY_COUNT_BOTH_TRAVEL_DAYS: bool = env.bool("STAY_COUNT_BOTH_TRAVEL_DAYS", True)
#: A driver is on no roster within this time of his last return.
ROSTER_REST_HOURS: int = env.int("ROSTER_REST_HOURS", 10)
_insist(
    0 <= ROSTER_REST_HOURS <= 720,
    f"ROSTER_REST_HOURS must be from 0 to 720, a month; it is {ROSTER_REST_HOURS}.",
)

#: Hosts that webhooks may call although their addresses are private, and by plain HTTP: only for trying out.
WEBHOOK_ALLOW_PRIVATE_HOSTS: list[str] = env.list("WEBHOOK_ALLOW_PRIVATE_HOSTS", [])
_insist(
    DEBUG or not WEBHOOK_ALLOW_PRIVATE_HOSTS,
    "WEBHOOK_ALLOW_PRIVATE_HOSTS must be empty where DEBUG is off: it opens this network to companies.",
)

# --- The application ---------------------------------------------------------------------------

INSTALLED_APPS = [
    "ferry",
    "clearance",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.simple_history",
    "ferry.admin_app.OperatorConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_filters",
    "django_htmx",
    "django_vite",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "rest_framework",
    "simple_history",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "ferry.middleware.refuse_nul",
    "ferry.middleware.keep_addresses_secret",
    "ferry.middleware.ReadersLanguage",
    "ferry.middleware.spare_calls_the_pages",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "ferry.middleware.word_refused_methods",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

ROOT_URLCONF = "ferry.urls"
WSGI_APPLICATION = "ferry.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ferry.portal.access.company",
            ],
            # Nearly every template draws one.
            "builtins": ["ferry.templatetags.icons"],
        },
    }
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

AUTH_USER_MODEL = "ferry.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "ferry.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG
MFA_TOTP_ISSUER = "Ferryman"
ALLAUTH_TRUSTED_PROXY_COUNT = PROXIES

# --- Language, time, static files --------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "中文"), ("ru", "Русский"), ("kk", "Қазақша")]
#: Drivers and consignees read one more; what their pages say is translated into it, and nothing else is.
PHONE_LANGUAGES = [*LANGUAGES, ("ug", "ئۇيغۇرچە")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
USE_TZ = True
TIME_ZONE = "UTC"
#: China Standard Time, and Kazakhstan's single zone since 1 March 2024; neither has daylight saving.
CHINA_TIME_ZONE = "Asia/Shanghai"
#: Month and day by which refunds of the year before are filed: the end of April's VAT filing period in China.
REFUND_DUE: str = env.str("REFUND_DUE", "04-15")
KAZAKH_TIME_ZONE = "Asia/Almaty"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns where it is missing, as it is before collectstatic.
STATICFILES_DIRS = [("dist", BASE_DIR / "static" / "dist"), ("img", BASE_DIR / "static" / "img")]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "ferry.statics.NamedOnce"
    },
}
#: Files with the hash of their content in their name: Django's, and Vite's own.
WHITENOISE_IMMUTABLE_FILE_TEST = r"/static/(.+\.[0-9a-f]{12}|dist/assets/.+-[\w-]{8})\.\w+$"
WHITENOISE_USE_FINDERS = DEBUG
MEDIA_ROOT = DATA_DIR / "media"
#: Put there by the front end's build, for PDFs alone.
FONTS_DIR = BASE_DIR / "static" / "fonts"
DJANGO_VITE = {
    "default": {
        "dev_mode": False,
        "static_url_prefix": "dist",
        "manifest_path": BASE_DIR / "static" / "dist" / "manifest.json",
    }
}

# --- Security ----------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = SECURE and not DEBUG
SECURE_REDIRECT_EXEMPT = [r"^healthz/$"]  # Asked by the machine itself or a balancer, in plain HTTP.
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURE and not DEBUG else 0
# Whether sub-domains and browsers' preload lists follow is for the owner of the domain to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXIES else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "ferry.uploads.Limit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# --- The HTTP interface ------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["ferry.api.keys.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["ferry.api.parsers.StrictJSON"],
    "DEFAULT_SCHEMA_CLASS": "ferry.api.schema.Schema",
    "DEFAULT_PAGINATION_CLASS": "ferry.api.pages.Cursor",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_THROTTLE_CLASSES": ["ferry.api.throttles.KeyThrottle"],
    "DEFAULT_THROTTLE_RATES": THROTTLES,
    "EXCEPTION_HANDLER": "ferry.api.errors.answer",
    "NUM_PROXIES": PROXIES,
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Ferryman",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "Language": "ferry.models.Language",
        "TripState": "ferry.models.TripState",
        "PassState": "ferry.models.PassState",
        "CaseState": "ferry.models.CaseState",
        "StatementState": "ferry.models.StatementState",
        "EntryKind": "ferry.models.EntryKind",
        "CaseKind": "ferry.models.CaseKind",
        "EventKind": "ferry.models.EventKind",
        "DeclarationStatus": "ferry.models.DeclarationStatus",
        "RecordKind": "clearance.models.RecordKind",
    },
}

# --- Cache, queue, log -------------------------------------------------------------------------

CACHES = {
    "default": {
        "BACKEND": "ferry.caches.RedisCache",
        "LOCATION": REDIS_URL,
        # Seconds: where Redis stands still, calls go on uncounted.
        "OPTIONS": {"socket_timeout": 1},
    }
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": DATA_DIR / "cache",
    }
}

_queue = DATA_DIR / "queue"
CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost"
if not REDIS_URL:
    CELERY_BROKER_TRANSPORT = "ferry.disk_queue:Transport"
    for _folder in ("messages", "control", "processed"):
        (_queue / _folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue / "messages"),
        "data_folder_out": str(_queue / "messages"),
        "control_folder": str(_queue / "control"),
        "processed_folder": str(_queue / "processed"),
        "store_processed": False,
    }
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
#: Nothing takes so long but what hangs, and a worker that is killed loses nothing. There is no soft limit:
#: it is an exception like any other, so that whoever tells a broken job from a sound one would blame the job.
CELERY_TASK_TIME_LIMIT = 3600
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
#: Every task asks its table what is due, so a lost or doubled message is harmless and old ones may expire.
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "reconcile": {
        "task": "clearance.tasks.reconcile",
        "schedule": timedelta(seconds=RECONCILE_EVERY_S),
        "options": {"expires": 30},
    },
    "level-cases": {
        "task": "clearance.tasks.level_cases",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 10},
    },
    "lapse-passes": {
        "task": "clearance.tasks.lapse_passes",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "verify-chains": {
        "task": "clearance.tasks.verify_chains",
        "schedule": crontab(minute="11", hour="19"),
        "options": {"expires": 3600},
    },
    "try-versions": {
        "task": "clearance.tasks.try_versions",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 10},
    },
    "make-trips-due": {
        "task": "clearance.tasks.make_trips_due",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
    "redate-closures": {
        "task": "clearance.tasks.redate_closures",
        "schedule": timedelta(minutes=5),
        "options": {"expires": 300},
    },
    "work-rosters": {
        "task": "ferry.tasks.work_rosters",
        "schedule": timedelta(seconds=2),
        "options": {"expires": 2},
    },
    "announce": {
        "task": "ferry.tasks.announce",
        "schedule": timedelta(seconds=3),
        "options": {"expires": 3},
    },
    "call-endpoints": {
        "task": "ferry.tasks.call_endpoints",
        "schedule": timedelta(seconds=3),
        "options": {"expires": 3},
    },
    "send-letters": {
        "task": "ferry.tasks.send_letters",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
    "send-enquiries": {
        "task": "ferry.tasks.send_enquiries",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
    "prepare-enquiries": {
        "task": "ferry.tasks.prepare_enquiries",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 10},
    },
    "look-ahead": {
        "task": "ferry.tasks.look_ahead",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "sweep": {
        "task": "ferry.tasks.sweep",
        "schedule": timedelta(minutes=20),
        "options": {"expires": 600},
    },
    "make-refund-packages": {
        "task": "ferry.tasks.make_refund_packages",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    "work-bulk-jobs": {
        "task": "ferry.tasks.work_bulk_jobs",
        "schedule": timedelta(seconds=2),
        "options": {"expires": 2},
    },
    "work-desk-jobs": {
        "task": "clearance.tasks.work_desk_jobs",
        "schedule": timedelta(seconds=2),
        "options": {"expires": 2},
    },
    "work-imports": {
        "task": "ferry.tasks.work_imports",
        "schedule": timedelta(seconds=2),
        "options": {"expires": 2},
    },
    "work-record-imports": {
        "task": "clearance.tasks.work_record_imports",
        "schedule": timedelta(seconds=2),
        "options": {"expires": 2},
    },
    "remove-record-imports": {
        "task": "clearance.tasks.remove_record_imports",
        "schedule": crontab(minute="43", hour="19"),
        "options": {"expires": 3600},
    },
    "count-days": {
        "task": "ferry.tasks.count_days",
        "schedule": timedelta(seconds=20),
        "options": {"expires": 20},
    },
    "count-scans": {
        "task": "clearance.tasks.count_scans",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "send-reports": {
        "task": "ferry.tasks.send_reports",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "send-checkpoint-reports": {
        "task": "clearance.tasks.send_reports",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "remove-imports": {
        "task": "ferry.tasks.remove_imports",
        "schedule": crontab(minute="41", hour="19"),
        "options": {"expires": 3600},
    },
    "remove-lost-files": {
        "task": "ferry.tasks.remove_lost_files",
        "schedule": crontab(minute="45", hour="19"),
        "options": {"expires": 3600},
    },
    "rotate-keys": {
        "task": "ferry.tasks.rotate_keys",
        "schedule": crontab(minute="17", hour="19"),
        "options": {"expires": 3600},
    },
}

_log_line: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    hide_secret_addresses,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
structlog.configure(
    processors=[*_log_line, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": _log_line,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                # Plain: a traceback that shows local variables would show people's papers.
                structlog.dev.ConsoleRenderer(
                    colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
                )
                if DEBUG
                else structlog.processors.JSONRenderer(),
            ],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Without handlers of its own, so that each line is written once.
        "django": {"handlers": [], "level": LOG_LEVEL},
        # Tells of every table of every font.
        "fontTools": {"level": "WARNING"},
    },
}

UNFOLD = look(_("Ferryman operator"))
