"""What strings in a cell give away: places of secrets, changes of databases, scripts."""

from __future__ import annotations

import re

from .dangers import Verdict

_HARMLESS_VARIABLES = re.compile(
    r"(?:HOME|USER|USERNAME|LOGNAME|PATH|PWD|LANG|LC_\w+|TZ|DISPLAY|TERM|SHELL|HOSTNAME|TMPDIR|TEMP|TMP"
    r"|(?:CUDA|OMP|MKL|OPENBLAS|NUMEXPR|TF|XLA|JAX|PYTORCH|TORCH|TOKENIZERS|KMP|NCCL|MPL|QT)_\w+"
    r"|HF_HOME|HF_HUB_OFFLINE|TRANSFORMERS_\w+|PYTHON\w+|CONDA_(?:PREFIX|DEFAULT_ENV)|VIRTUAL_ENV"
    r"|COLAB_\w+|KAGGLE_KERNEL_RUN_TYPE|JUPYTERHUB_USER|SLURM_\w+|MPLBACKEND)"
)

_FILES_OF_SECRETS = re.compile(
    r"(?:^|[/\\~])\.(?:ssh|aws|azure|gnupg|kube|docker|netrc|pgpass|pypirc|git-credentials|npmrc|s3cfg"
    r"|boto|env|vault-token|codex|databrickscfg|snowsql|kaggle|huggingface|password-store)(?:[/\\.]|$)"
    r"|(?:^|[/\\])(?:id_(?:rsa|ed25519|ecdsa|dsa)|authorized_keys|known_hosts|shadow|sudoers)(?:\.pub)?$"
    r"|/etc/(?:passwd|shadow|sudoers|ssh)|\.config/(?:gcloud|gh|rclone)|Login Data|cookies\.sqlite"
    r"|/proc/(?:self|\d+)/(?:environ|mem)|Keychains|application_default_credentials"
    r"|169\.254\.169\.254|metadata\.google\.internal",
    re.IGNORECASE,
)
_FILES_THAT_START = re.compile(
    r"(?:^|[/\\~])\.(?:bashrc|bash_profile|bash_login|profile|zshrc|zprofile|zshenv|cshrc|vimrc|tmux\.conf"
    r"|gitconfig|inputrc|xinitrc|ipython|jupyter|condarc|pythonrc)(?:[/\\.]|$)"
    r"|(?:site|user)customize\.py|\.pth$|[/\\]autostart|LaunchAgents|LaunchDaemons|[/\\]cron|crontab"
    r"|profile_default|ipython_config\.py|jupyter_\w*config|\.git/hooks|/etc/\w|systemd/|/dev/(?:sd|nvme|mem|tcp)"
    r"|Start Menu|CurrentVersion\\+Run|site-packages|pip\.conf|\.config/pip",
    re.IGNORECASE,
)
_DUNDERS = re.compile(
    r"__(?:globals|subclasses|builtins|mro|bases|base|code|closure|import|loader|reduce(?:_ex)?"
    r"|getattribute|class__\.__\w+|init__\.__\w+|spec)__|\.__class__\.__(?!name__|qualname__|module__)"
)
_SQL = re.compile(
    r"\b(?:DROP\s+(?:TABLE|DATABASE|SCHEMA|VIEW|INDEX|COLUMN|USER|ROLE)|DELETE\s+FROM|TRUNCATE\s+TABLE"
    r"|TRUNCATE\s+\w+\s*;?\s*$|ALTER\s+(?:TABLE|USER|ROLE|DATABASE)|UPDATE\s+[\w.\"`\[\]]+\s+SET\b"
    r"|GRANT\s+\w+(?:\s*,\s*\w+)*\s+(?:ON|TO)\b|REPLACE\s+INTO|COPY\s+\w+\s+(?:TO|FROM)\s+PROGRAM"
    r"|xp_cmdshell|ATTACH\s+DATABASE)",
    re.IGNORECASE,
)
_SCRIPT = re.compile(
    r"<\s*(?:script|iframe|object|embed)\b|\bon[a-z]{3,}\s*=|javascript:", re.IGNORECASE
)
_SCRIPT_TAG = re.compile(r"<\s*script\b|javascript:\S", re.IGNORECASE)
_IMAGE = re.compile(
    r"!\[[^\]]*\]\(\s*(?:https?:)?//|\bsrc\s*=\s*[\"']?(?:https?:)?//", re.IGNORECASE
)
_ADDRESS = re.compile(
    r"(?:https?|ftp|sftp|s3|s3a|gs|gcs|abfs|az|hdfs|ssh|tcp|wss?)://", re.IGNORECASE
)
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")


def of_text(text: str) -> Verdict:
    """Return what a string in a cell gives away."""
    for pattern, why in (
        (_FILES_OF_SECRETS, "names a place where secrets are"),
        (_FILES_THAT_START, "names a place of the system, or a file that runs by itself"),
        (_DUNDERS, "reaches into Python's inside, past any check"),
        (_SCRIPT_TAG, "runs a script in the page"),
        (_SQL, "changes or deletes what is in a database"),
    ):
        if pattern.search(text):
            return "danger", why
    return None


def holds_bidi(text: str) -> bool:
    """
    Tell text with characters that turn the order of what is shown.

    See https://trojansource.codes.
    """
    return bool(_BIDI.search(text))


def is_harmless_variable(name: str) -> bool:
    """Tell an environment variable that holds no secret, by its name."""
    return bool(_HARMLESS_VARIABLES.fullmatch(name))


def is_address(text: str) -> bool:
    """Tell an address on a network from a path."""
    return bool(_ADDRESS.match(text.strip()))


def loads_image(text: str) -> bool:
    """Tell Markdown or HTML whose image a page would fetch from a network."""
    return bool(_IMAGE.search(text))


def holds_script(text: str) -> bool:
    """Tell HTML that does more than show something."""
    return bool(_SCRIPT.search(text))
