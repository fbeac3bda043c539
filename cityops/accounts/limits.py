"""How often somebody may try to sign in: counted in Redis for all processes, in each one's memory while it is away."""

from flask import Flask, current_app, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from cityops.accounts.signing_in import normal_username
from cityops.workshop import Workshop

# Behind one address sits a whole office; one name at one address is one person.
A_NAME = "10 per minute"
AN_ADDRESS = "300 per minute"

limiter = Limiter(key_func=get_remote_address, in_memory_fallback_enabled=True, swallow_errors=True)


def install(app: Flask) -> None:
    """Let an application count; it connects at the first sign-in."""
    workshop: Workshop = app.extensions["cityops"]
    address = workshop.config.redis_address
    # `limits` has its own name for a socket's address.
    app.config.setdefault("RATELIMIT_STORAGE_URI", address.replace("unix://", "redis+unix://", 1))
    limiter.init_app(app)


def is_off() -> bool:
    """Whether this application counts nothing: tests sign in more often than people."""
    return not current_app.config["RATELIMIT_ENABLED"]


def name_and_address() -> str:
    """Who tries: the name typed, at the address it comes from."""
    return f"{normal_username(request.form.get('username', ''))}@{get_remote_address()}"
