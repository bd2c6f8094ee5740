"""llama.cpp fetches a model from Hugging Face."""

from __future__ import annotations

import http.server
import json
import threading
from pathlib import Path

import pytest

from codex_magic import local
from codex_magic.errors import ConfigError
from codex_magic.local import model as model_module


class HuggingFace(http.server.BaseHTTPRequestHandler):
    """The three questions that llama.cpp asks of Hugging Face, answered for one file."""

    model: Path

    def do_HEAD(self) -> None:
        self.answer(len(self.content()))

    def do_GET(self) -> None:
        content = self.content()
        self.answer(len(content))
        self.wfile.write(content)

    def answer(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.send_header("ETag", f'"{model_module.MODEL_SHA256}"')
        self.end_headers()

    def content(self) -> bytes:
        if self.path.endswith("/refs"):
            branch = {"name": "main", "ref": "refs/heads/main", "targetCommit": "a" * 40}
            return json.dumps({"branches": [branch]}).encode()
        if "/tree/" in self.path:
            size, digest = model_module.MODEL_SIZE, model_module.MODEL_SHA256
            file = {"type": "file", "path": "tiny-Q4_1.gguf", "size": size, "oid": "b" * 40}
            return json.dumps([{**file, "lfs": {"oid": digest, "size": size}}]).encode()
        return self.model.read_bytes()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.local_model
@pytest.mark.parametrize("source", ["hf:owner/repo", "hf:owner/repo:tiny-Q4_1.gguf"])
def test_llama_cpp_fetches_from_hugging_face(
    source: str, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Once: the second time it does without the network.
    """
    monkeypatch.setattr(HuggingFace, "model", Path(model), raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), HuggingFace) as hub:
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        monkeypatch.setenv("MODEL_ENDPOINT", f"http://127.0.0.1:{hub.server_port}/")
        local.start(source).stop()
        hub.shutdown()

    again = local.start(source)

    assert f"hf:{again.model}" == source
    again.stop()
    with pytest.raises(ConfigError, match="HF_TOKEN"):
        local.start("hf:owner/another")
