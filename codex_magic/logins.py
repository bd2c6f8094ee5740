"""Keys that the user typed in, for as long as the kernel lives."""

from __future__ import annotations

from dataclasses import field

from .api.auth import Service
from .records import dataclass


@dataclass(slots=True)
class Logins:
    """
    Services with the keys that were typed in for them; a repr shows no key.

    Each key goes to the address that it was typed in for, and to no other.
    """

    _services: dict[str, Service] = field(default_factory=dict)

    def keep(self, name: str, service: Service) -> None:
        """Keep a service, with its key; empty is the one at the configured address."""
        self._services.pop(name, None)
        self._services[name] = service

    def forget(self, name: str) -> bool:
        """Forget the key of a service; return whether there was one."""
        return self._services.pop(name, None) is not None

    def find(self, name: str, base_url: str) -> Service | None:
        """
        Return the service that is meant, if a key was typed in for it.

        Args:
            name: Its name; empty where only an address is known, or nothing at all.
            base_url: Its address; empty where only a name is known, or nothing at all.
        """
        if base_url:
            address = base_url.strip().rstrip("/")
            return next((one for one in self._services.values() if one.base_url == address), None)
        if name:
            return self._services.get(name)
        return next(reversed(self._services.values()), None)
