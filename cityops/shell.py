"""What the commands share: settings read at the first need, so that `--help` works on a machine with bad ones."""

from functools import cached_property

from cityops.config import Config
from cityops.crypto import Keys
from cityops.db import Database
from cityops.workshop import Workshop


class Shell:
    """The object that click hands to every command (`@click.pass_obj`)."""

    def __init__(self, config: Config | None = None) -> None:
        if config is not None:
            self.config = config

    @cached_property
    def config(self) -> Config:
        """The settings from the environment."""
        return Config.from_env()

    @cached_property
    def workshop(self) -> Workshop:
        """The doors, the keys and the queue's Redis."""
        return Workshop(self.config)

    @property
    def database(self) -> Database:
        """The database and its two doors."""
        return self.workshop.database

    @property
    def keys(self) -> Keys:
        """The city's keys; outside production missing ones are made."""
        return self.workshop.keys
