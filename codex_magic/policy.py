"""What an administrator allows: settings that users' own do not override."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from traitlets import Bool, Float, Int, List, TraitError, Unicode
from traitlets.config import Configurable

from .config import Codex
from .errors import ConfigError

_BY = "The administrator of this machine"


class CodexPolicy(Configurable):
    """
    What ``%codex`` may do on this machine, as an administrator sets it.

    It stands in a system-wide ``ipython_config.py`` as ``c.CodexPolicy.tools = False``, and every
    way of asking refuses what it forbids, in one line. It is no security boundary: whoever runs
    Python in a kernel can call a service without this package.
    """

    allowed_services = List(
        Unicode(), help="Names or hosts of the services that may be asked; empty: all."
    ).tag(config=True)
    allowed_models = List(
        Unicode(), help="Models that may be asked, * for any ending; empty: all."
    ).tag(config=True)
    tools = Bool(True, help="Whether models may call tools, and code of answers may be run.").tag(
        config=True
    )
    redact = Bool(False, help="Whether secrets are always replaced.").tag(config=True)
    local = Bool(True, help="Whether the embedded model may answer.").tag(config=True)
    budget = Float(0.0, min=0, help="Dollars that each user may spend a month; 0: no limit.").tag(
        config=True
    )
    budget_tokens = Int(0, min=0, help="Tokens that each user may use a month; 0: no limit.").tag(
        config=True
    )
    data_dir = Unicode(
        "", help="The folder that conversations are kept in; empty: the user's."
    ).tag(config=True)

    def check_service(self, name: str, base_url: str) -> None:
        """
        See to it that a service may be asked.

        Args:
            name: Its kind, or the name that the user gave it.
            base_url: Its address.

        Raises:
            ConfigError: It may not.
        """
        if name == "local":
            if not self.local:
                raise ConfigError(f"{_BY} has turned the embedded model off.")
            return
        host = urlsplit(base_url).hostname or ""
        allowed = self.allowed_services
        if allowed and not {name, host} & {*allowed}:
            raise ConfigError(
                f"{_BY} does not allow {name} at {host}: allowed are {', '.join(allowed)}."
            )

    def allows_model(self, model: str) -> bool:
        """Whether a model may be asked."""
        return not self.allowed_models or any(
            fnmatchcase(model, pattern) for pattern in self.allowed_models
        )

    def check_model(self, model: str) -> None:
        """
        See to it that a model may be asked.

        Raises:
            ConfigError: It may not.
        """
        if not self.allows_model(model):
            raise ConfigError(
                f"{_BY} does not allow the model {model}: allowed are "
                f"{', '.join(self.allowed_models)}."
            )

    def instead(self, model: str) -> str:
        """Return the model that stands in for a default that may not be asked."""
        if self.allows_model(model):
            return model
        return next((name for name in self.allowed_models if "*" not in name), model)

    def check_tools(self) -> None:
        """
        See to it that models may call tools, and that their code may be run.

        Raises:
            ConfigError: They may not.
        """
        if not self.tools:
            raise ConfigError(f"{_BY} has turned tools off, and running the code of answers.")

    def hold(self, config: Codex) -> None:
        """Put what is fixed into the settings, and see to it that it stays."""
        fixed: dict[str, Any] = {}
        if self.redact:
            fixed["redact"] = True
        if self.data_dir:
            fixed["data_dir"] = self.data_dir
        if not self.local:
            fixed["local"] = False
        for name, value in fixed.items():
            setattr(config, name, value)

        def stay(change: Any) -> None:
            if change.new != fixed[change.name]:
                setattr(config, change.name, fixed[change.name])
                raise ConfigError(f"{_BY} has set {change.name}: it stays.")

        if fixed:
            config.observe(stay, names=list(fixed))


def policy_for(shell: Any) -> CodexPolicy:
    """
    Return what the configuration of a shell allows; without a shell, that of the machine.

    Raises:
        ConfigError: It is wrong: then nothing is asked, rather than anything allowed.
    """
    try:
        # Outside of IPython nobody has read the system's files.
        config = getattr(shell, "config", None)
        return CodexPolicy(config=config) if shell is not None else _machine_policy()
    except TraitError as error:
        raise ConfigError(f"c.CodexPolicy in ipython_config.py is wrong: {error}") from error


def _machine_policy() -> CodexPolicy:
    from IPython.core.application import SYSTEM_CONFIG_DIRS  # Only without a shell.
    from traitlets.config import Config
    from traitlets.config.loader import ConfigFileNotFound, PyFileConfigLoader

    found = Config()
    for folder in reversed(SYSTEM_CONFIG_DIRS):
        try:
            found.merge(PyFileConfigLoader("ipython_config.py", path=folder).load_config())
        except ConfigFileNotFound:
            continue
    return CodexPolicy(config=found)
