"""Settings shared by every environment."""

from __future__ import annotations

import structlog
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from whitenoise.compress import Compressor

from unionportal.settings import env
from unionportal.settings.env import BASE_DIR, PORTAL_DATA

DEBUG = False
IS_PRODUCTION = False
SECRET_KEY = env.text("SECRET_KEY")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

# Keys: one for fields at rest (with id, so it can be rotated), one for blind indexes, one for
# order numbers (never rotated; architecture.md decision 7, domain.md 6.2).
FIELD_KEY_ID = env.number("FIELD_KEY_ID", 1)
FIELD_KEYS = {FIELD_KEY_ID: env.key("FIELD_KEY")}
INDEX_KEY = env.key("INDEX_KEY")
ORDER_KEY = env.key("ORDER_KEY")

INSTALLED_APPS = [
    "unionportal.core",
    "unionportal.embedded",
    "members",
    "stations",
    "outreach",
    "benefits",
    "unionportal.api",
    "unionportal.dashboard",
    "unionportal.worker",
    "unionportal.reports",
    "unionportal.synthetic",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "django_filters",
    "django_tables2",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "pgtrigger",
    "treebeard",
    "django_structlog",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "unionportal.core.middleware.RefuseNulMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "unionportal.core.middleware.SecondFactorMiddleware",
    "unionportal.core.middleware.RequestContextMiddleware",
]

ROOT_URLCONF = "unionportal.urls"
WSGI_APPLICATION = "unionportal.wsgi.application"

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
                "unionportal.core.context.portal",
            ],
            "builtins": ["unionportal.core.templatetags.portal"],
        },
    }
]
FORM_RENDERER = "unionportal.core.forms.PortalRenderer"

DATABASES = {
    "default": {
        **env.database(env.address("DATABASE_URL", "postgres://localhost/unionportal")),
        "ENGINE": "django.db.backends.postgresql",
        "ATOMIC_REQUESTS": False,
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 60,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.address("REDIS_URL", "redis://localhost:6379/0")

# The default cache holds what must survive an emptied Valkey (log-in limits): the database.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "core_cache",
    },
    "fast": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env.cache_address(REDIS_URL),
        "KEY_PREFIX": "fast",
    },
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = False
CSRF_FAILURE_VIEW = "unionportal.core.views.errors.csrf_failure"

AUTH_USER_MODEL = "core.User"
SCOPE_UNIT_MODEL = "members.UnionUnit"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/desk/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "unionportal.core.accounts.StaffAccountAdapter"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/300s/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "UnionPortal"
MFA_ADAPTER = "unionportal.core.accounts.StaffMFAAdapter"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True
USE_THOUSAND_SEPARATOR = False

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.text("STATIC_ROOT", str(PORTAL_DATA / "staticfiles"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Source maps are megabytes that only a developer's tools ask for.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
FILES_ROOT = PORTAL_DATA / "files"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
PERMISSIONS_POLICY = {"camera": [], "microphone": [], "payment": [], "geolocation": ["self"]}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["unionportal.core.api.access.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["unionportal.core.api.access.RolePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["unionportal.core.api.parsers.StrictJSONParser"],
    "DEFAULT_FILTER_BACKENDS": [
        "unionportal.core.api.parameters.StrictParametersBackend",
        "django_filters.rest_framework.DjangoFilterBackend",
    ],
    "DEFAULT_PAGINATION_CLASS": "unionportal.core.api.pages.CursorPages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "unionportal.core.api.errors.problem_json",
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "ENUM_NAME_OVERRIDES": {
        "MembershipStateEnum": "members.states.MembershipState",
        "BulkKindEnum": "members.models.bulk.BulkKind",
    },
    "TITLE": "Union Portal API",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["unionportal.core.api.access.StaffOnly"],
    "SERVE_INCLUDE_SCHEMA": False,
}

# Celery: messages are wake-ups, rows are the queue (architecture.md decision 6).
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 200
CELERY_TASK_TIME_LIMIT = 230
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 280}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_BEAT_SCHEDULER = "unionportal.core.beat:HeartbeatScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_SERIALIZER = "json"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
DJANGO_CELERY_BEAT_TZ_AWARE = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "unionportal.core.redaction.RedactingFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["redact"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
}

# Request and task lines take the same way out as all others, past the redacting filter.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)

# The portal itself
DISTRICT_NAME_ZH = env.text("DISTRICT_NAME_ZH", "示例区总工会")
DISTRICT_NAME_EN = env.text("DISTRICT_NAME_EN", "Shili District Federation of Trade Unions")
# What fits beside two buttons on a phone.
DISTRICT_SHORT_EN = env.text("DISTRICT_SHORT_EN", "Shili District Union")
HOTLINE = env.text("HOTLINE", "12351")
# How long a member, and then the other union, has to answer a transfer.
TRANSFER_DAYS = env.number("TRANSFER_DAYS", 15)
# "longitude,latitude" in WGS-84; a service point far from it is doubted. Empty = the middle of
# the known points.
DISTRICT_CENTRE = env.text("DISTRICT_CENTRE", "")
# Women members from which a women workers' committee is due: 10 in Henan, 25 in Shanghai.
WOMEN_COMMITTEE_FROM = env.number("WOMEN_COMMITTEE_FROM", 10)
PUBLIC_URL = env.text("PUBLIC_URL", "http://127.0.0.1:8000")
DEMO_MODE = False
# Refuse a GET that writes: on in development and tests, where it is a bug to find.
GUARD_GET = False
PORTAL_LAN = False
SMS_GATEWAY = env.text("SMS_GATEWAY", "unionportal.core.messaging.gateways.ConsoleGateway")
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0)
BANK_FOLDER = env.text("BANK_FOLDER", str(PORTAL_DATA / "bank"))
# Whose formats the bank's files have: reference or comma.
BANK_FILE_PROFILE = env.text("BANK_FILE_PROFILE", "reference")
# The union's own account, as the bank's payout files name it.
PAYER_ACCOUNT = env.text("PAYER_ACCOUNT", "6217000000000006")
PAYER_NAME = env.text("PAYER_NAME", DISTRICT_NAME_ZH)
# WeChat transfers. The folder has merchant.json (mchid, appid, serial_no, public_key_id),
# merchant_private.pem, platform_public.pem and apiv3.key; without one nobody is paid this way.
WECHAT_PAY_KEYS = env.text("WECHAT_PAY_KEYS", "")
WECHAT_PAY_API = env.text("WECHAT_PAY_API", "https://api.mch.weixin.qq.com")
WECHAT_PAY_NOTIFY_URL = env.text("WECHAT_PAY_NOTIFY_URL", f"{PUBLIC_URL}/pay/wechat/")
# 1002 is administrative subsidy, with one thing to report: its kind.
WECHAT_PAY_SCENE = env.text("WECHAT_PAY_SCENE", "1002")
WECHAT_PAY_REPORTS = [
    {"info_type": "补贴类型", "info_content": env.text("WECHAT_PAY_SUBSIDY", "工会会员补贴")}
]
# Calls of a kind per second, below WeChat's cap of 100 for one merchant.
WECHAT_PAY_RATE = env.number("WECHAT_PAY_RATE", 100)
