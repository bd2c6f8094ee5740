"""The modules that mean trouble in a cell, why, and what is harmless in them."""

from __future__ import annotations

from typing import Literal

Level = Literal["danger", "notice"]
Verdict = tuple[Level, str] | None

DELETES = "deletes, moves or changes files"
OVERWRITES = "overwrites a file"
WRITES = "writes files"
STARTS = "starts other programs"
NETWORK = "talks to a network"
BUILT = "runs code that it is given as text"
IMPORTS = "imports what a text names"
UNPICKLES = "runs whatever the file says when it is loaded"
NATIVE = "calls native code past Python"
SIGNALS = "stops or forks processes"
ENVIRONMENT = "reads environment variables, where secrets are"
SECRETS = "reads stored secrets"
INSIDE = "reaches into Python's inside, past any check"
SYSTEM = "asks the operating system to do something"
INSTALLS = "installs software"
CONTROLS = "controls the keyboard, mouse or browser"
LOADS = "downloads or loads something"

# Every use of what is in these modules counts, except the harmless names below.
MODULES: dict[str, tuple[Level, str]] = {
    **dict.fromkeys(
        ["os", "posix", "nt", "posixpath.os", "winreg", "resource"], ("danger", SYSTEM)
    ),
    **dict.fromkeys(["shutil", "send2trash"], ("danger", DELETES)),
    **dict.fromkeys(
        [
            "subprocess",
            "pty",
            "pexpect",
            "sh",
            "plumbum",
            "invoke",
            "popen2",
            "commands",
            "envoy",
            "distutils",
        ],
        ("danger", STARTS),
    ),
    **dict.fromkeys(
        [
            *(
                "requests",
                "httpx",
                "urllib3",
                "urllib.request",
                "urllib2",
                "socket",
                "socketserver",
            ),
            *("http.client", "http.server", "ftplib", "paramiko", "boto3", "botocore", "smtplib"),
            *("telnetlib", "imaplib", "poplib", "nntplib", "aiohttp", "websocket", "websockets"),
            *("xmlrpc", "fabric", "asyncssh", "pycurl", "wget", "gdown", "google.cloud", "azure"),
            *("s3fs", "gcsfs", "minio", "kaggle", "openai", "anthropic", "slack_sdk", "twilio"),
            *("zmq", "scapy", "dns", "mechanize", "selenium", "playwright", "ssl", "tweepy"),
            *("requests_html", "curl_cffi", "scrapy", "pymongo", "redis", "psycopg2", "pymysql"),
        ],
        ("danger", NETWORK),
    ),
    **dict.fromkeys(["ctypes", "cffi", "_ctypes", "cppyy", "rpy2", "mmap"], ("danger", NATIVE)),
    **dict.fromkeys(["importlib", "imp", "runpy", "pkgutil", "zipimport"], ("danger", IMPORTS)),
    **dict.fromkeys(["code", "codeop", "marshal", "bdb", "pdb"], ("danger", BUILT)),
    **dict.fromkeys(["gc", "_thread", "faulthandler", "tracemalloc"], ("notice", INSIDE)),
    **dict.fromkeys(["signal"], ("danger", SIGNALS)),
    **dict.fromkeys(["keyring", "secretstorage", "browser_cookie3", "netrc"], ("danger", SECRETS)),
    **dict.fromkeys(["pip", "ensurepip", "setuptools", "venv", "conda"], ("danger", INSTALLS)),
    **dict.fromkeys(
        ["webbrowser", "pyautogui", "pynput", "antigravity", "mouse", "keyboard"],
        ("danger", CONTROLS),
    ),
    **dict.fromkeys(["crontab", "daemon", "systemd"], ("danger", "sets up something that stays")),
    "multiprocessing.shared_memory": ("notice", SYSTEM),
    "getpass": ("notice", "asks for a password"),
    "atexit": ("notice", "runs something when the kernel ends"),
    "tempfile": ("notice", WRITES),
}

HARMLESS = {
    *(f"os.{name}" for name in ("sep", "linesep", "pathsep", "name", "curdir", "extsep", "altsep")),
    *(f"os.{name}" for name in ("getcwd", "listdir", "walk", "scandir", "stat", "lstat", "access")),
    *(f"os.{name}" for name in ("cpu_count", "getpid", "getppid", "uname", "times", "urandom")),
    *(f"os.{name}" for name in ("fspath", "fsencode", "fsdecode", "PathLike", "DirEntry", "error")),
    *(f"os.{name}" for name in ("get_terminal_size", "getloadavg", "R_OK", "W_OK", "F_OK", "X_OK")),
    *("os.path", "os.statvfs", "os.devnull", "os.sched_getaffinity", "os.process_cpu_count"),
    *("shutil.disk_usage", "shutil.get_terminal_size", "shutil.which", "shutil.Error"),
    *("subprocess.PIPE", "subprocess.DEVNULL", "subprocess.STDOUT", "subprocess.TimeoutExpired"),
    *("subprocess.CalledProcessError", "subprocess.SubprocessError", "subprocess.CompletedProcess"),
    *(
        "socket.timeout",
        "socket.error",
        "socket.gaierror",
        "importlib.metadata",
        "importlib.reload",
    ),
    *("importlib.resources", "importlib.util.find_spec", "requests.exceptions", "gc.collect"),
    *("gc.enable", "gc.disable", "tracemalloc", "tempfile.gettempdir", "signal.Signals"),
    *("importlib.invalidate_caches", "resource.getrusage", "resource.RUSAGE_SELF", "faulthandler"),
    *("openai.OpenAIError", "requests.RequestException", "requests.HTTPError", "code.co_name"),
    *("pkgutil.iter_modules", "pkgutil.get_data", "ssl.SSLError", "resource.RUSAGE_CHILDREN"),
}
