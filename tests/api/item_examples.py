"""A full JSON example of every item that few answers hold."""

from __future__ import annotations

from codex_magic.api.items import Json

CALLER = {"type": "program", "caller_id": "call_p"}
CHECK = {"id": "sc_1", "code": "malicious", "message": "Look.", "x": 1}
OUTCOME = {"type": "exit", "exit_code": 0}
# What the official SDK calls a type, and a full JSON of it (3.54, response_item.py).
EXAMPLES: list[tuple[str, Json]] = [
    (
        "ResponseFunctionWebSearch",
        {
            "type": "web_search_call",
            "id": "ws_1",
            "status": "completed",
            "action": {
                "type": "search",
                "query": "q",
                "queries": ["q"],
                "sources": [{"type": "url", "url": "https://h", "x": 1}, {"type": "api"}],
            },
        },
    ),
    (
        "ResponseFileSearchToolCall",
        {
            "type": "file_search_call",
            "id": "fs_1",
            "status": "completed",
            "queries": ["q"],
            "results": [
                {"file_id": "file-1", "filename": "a.md", "score": 0.5, "text": "t", "x": 1}
            ],
        },
    ),
    (
        "ResponseCodeInterpreterToolCall",
        {
            "type": "code_interpreter_call",
            "id": "ci_1",
            "status": "completed",
            "code": "1",
            "container_id": "cntr_1",
            "outputs": [
                {"type": "logs", "logs": "1", "x": 1},
                {"type": "image", "url": "https://h/1.png"},
                {"type": "hologram"},
            ],
        },
    ),
    (
        "ImageGenerationCall",
        {
            "type": "image_generation_call",
            "id": "ig_1",
            "status": "completed",
            "result": "iVBORw0K",
            "action": "generate",
            "background": "opaque",
            "output_format": "png",
            "quality": "low",
            "size": "1024x1024",
            "revised_prompt": "A cat.",
            "error": None,
        },
    ),
    (
        "McpListTools",
        {
            "type": "mcp_list_tools",
            "id": "mcpl_1",
            "server_label": "wiki",
            "tools": [
                {"name": "find", "input_schema": {}, "description": None, "annotations": None}
            ],
            "error": None,
        },
    ),
    (
        "McpCall",
        {
            "type": "mcp_call",
            "id": "mcp_1",
            "server_label": "wiki",
            "name": "find",
            "arguments": "{}",
            "output": "found",
            "error": {"type": "http_error", "code": 500, "message": "No."},
            "status": "failed",
            "approval_request_id": "mcpr_1",
        },
    ),
    (
        "McpApprovalRequest",
        {
            "type": "mcp_approval_request",
            "id": "mcpr_1",
            "server_label": "wiki",
            "name": "find",
            "arguments": "{}",
        },
    ),
    (
        "McpApprovalResponse",
        {
            "type": "mcp_approval_response",
            "id": "mcpa_1",
            "approval_request_id": "mcpr_1",
            "approve": False,
            "reason": "No.",
        },
    ),
    (
        "ResponseToolSearchCall",
        {
            "type": "tool_search_call",
            "id": "ts_1",
            "call_id": "c",
            "arguments": {"query": "q"},
            "execution": "server",
            "status": "completed",
        },
    ),
    (
        "ResponseToolSearchOutputItem",
        {
            "type": "tool_search_output",
            "id": "tso_1",
            "call_id": "c",
            "execution": "client",
            "status": "completed",
            "tools": [{"type": "function", "name": "f"}],
        },
    ),
    (
        "Program",
        {"type": "program", "id": "p_1", "call_id": "c", "code": "f()", "fingerprint": "seal"},
    ),
    (
        "ProgramOutput",
        {
            "type": "program_output",
            "id": "po_1",
            "call_id": "c",
            "result": "7",
            "status": "completed",
        },
    ),
    (
        "ResponseCustomToolCall",
        {
            "type": "custom_tool_call",
            "id": "ctc_1",
            "call_id": "c",
            "name": "sql",
            "input": "SELECT 1",
            "status": "completed",
            "namespace": "db",
            "caller": CALLER,
        },
    ),
    (
        "ResponseCustomToolCallOutput",
        {
            "type": "custom_tool_call_output",
            "id": "cto_1",
            "call_id": "c",
            "output": [{"type": "input_text", "text": "1", "x": 1}, {"type": "new"}],
            "status": "completed",
            "caller": CALLER,
        },
    ),
    (
        "ResponseFunctionToolCallOutputItem",
        {
            "type": "function_call_output",
            "id": "fco_1",
            "call_id": "c",
            "output": "7",
            "status": "completed",
            "name": "f",
            "namespace": "n",
            "caller": CALLER,
        },
    ),
    (
        "LocalShellCall",
        {
            "type": "local_shell_call",
            "id": "lsh_1",
            "call_id": "c",
            "status": "completed",
            "action": {
                "type": "exec",
                "command": ["ls"],
                "env": {"A": "1"},
                "timeout_ms": 9,
                "user": "u",
                "working_directory": "/",
            },
        },
    ),
    (
        "LocalShellCallOutput",
        {"type": "local_shell_call_output", "id": "lsh_1", "output": "{}", "status": "completed"},
    ),
    (
        "ResponseFunctionShellToolCall",
        {
            "type": "shell_call",
            "id": "sh_1",
            "call_id": "c",
            "status": "completed",
            "action": {"commands": ["ls"], "max_output_length": 9, "timeout_ms": 9, "x": 1},
            "environment": {"type": "local"},
            "caller": CALLER,
        },
    ),
    (
        "ResponseFunctionShellToolCallOutput",
        {
            "type": "shell_call_output",
            "id": "sho_1",
            "call_id": "c",
            "status": "completed",
            "output": [{"stdout": "a", "stderr": "", "outcome": OUTCOME, "created_by": "x"}],
            "max_output_length": 9,
            "caller": CALLER,
        },
    ),
    (
        "ResponseApplyPatchToolCall",
        {
            "type": "apply_patch_call",
            "id": "apc_1",
            "call_id": "c",
            "status": "completed",
            "operation": {"type": "create_file", "path": "a.py", "diff": "+1", "x": 1},
            "caller": CALLER,
        },
    ),
    (
        "ResponseApplyPatchToolCallOutput",
        {
            "type": "apply_patch_call_output",
            "id": "apo_1",
            "call_id": "c",
            "status": "failed",
            "output": "No such file.",
            "caller": CALLER,
        },
    ),
    (
        "ResponseComputerToolCall",
        {
            "type": "computer_call",
            "id": "cu_1",
            "call_id": "c",
            "status": "completed",
            "action": {"type": "click", "button": "left", "x": 1, "y": 2},
            "actions": [{"type": "wait"}],
            "pending_safety_checks": [CHECK],
        },
    ),
    (
        "ResponseComputerToolCallOutputItem",
        {
            "type": "computer_call_output",
            "id": "cuo_1",
            "call_id": "c",
            "status": "completed",
            "output": {
                "type": "computer_screenshot",
                "image_url": "data:image/png;base64,iVBORw0K",
                "file_id": None,
            },
            "acknowledged_safety_checks": [CHECK],
        },
    ),
    (
        "ResponseCompactionItem",
        {"type": "compaction", "id": "cmp_1", "encrypted_content": "sealed"},
    ),
    ("CompactionTrigger", {"type": "compaction_trigger", "id": "ct_1"}),
    (
        "ResponseConfigurationUpdateItem",
        {
            "type": "configuration_update",
            "id": "cfg_1",
            "reasoning": {"effort": "low"},
            "text": {"format": {"type": "text"}},
        },
    ),
    ("ItemReference", {"type": "item_reference", "id": "msg_1"}),
    (
        "AdditionalTools",
        {"type": "additional_tools", "id": "at_1", "role": "developer", "tools": [{"type": "mcp"}]},
    ),
    (
        "ResponseInputMessageItem",
        {
            "type": "message",
            "id": "msg_1",
            "role": "user",
            "status": "completed",
            "content": [{"type": "input_text", "text": "Hi", "x": 1}, {"type": "input_audio"}],
        },
    ),
]
