"""Write the production secrets, each once: make_secrets.py [FOLDER].

The folder (deploy/secrets by default) is closed to others (0700). The files in it are readable
(0444), because the containers that read them run under accounts of their own.
"""

import base64
import secrets
import sys
from pathlib import Path


def key() -> str:
    """Return 32 random bytes in base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def contents() -> dict[str, str]:
    """Return a fresh value for every secret file."""
    postgres, valkey, app = (secrets.token_urlsafe(32) for _n in range(3))
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "FIELD_KEY": key(),
        "INDEX_KEY": key(),
        "ORDER_KEY": key(),
        "POSTGRES_PASSWORD": postgres,
        "OWNER_DATABASE_URL": f"postgres://unionportal:{postgres}@postgres:5432/unionportal",
        # The role of web, worker and scheduler: `manage.py grant_rights` makes it.
        "DATABASE_URL": f"postgres://unionportal_app:{app}@postgres:5432/unionportal",
        "REDIS_URL": f"redis://:{valkey}@valkey:6379/0",
        "VALKEY_CONF": f"requirepass {valkey}\nappendonly yes\nmaxmemory-policy noeviction\n"
        "dir /data\nbind * -::*\n",
    }


def main() -> int:
    """Write all files, or none when there are some: two halves of a pair would not match."""
    default = Path(__file__).resolve().parent / "secrets"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    if folder.is_dir() and any(folder.iterdir()):
        print(f"{folder} holds secrets already; they are never replaced. Nothing was written.")
        return 1
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name, text in contents().items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o444)
    print(f"Wrote {len(contents())} secrets to {folder}. Keep a copy in a safe place, off-site.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
