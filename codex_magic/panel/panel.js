/**
 * What runs in the page beside the panel's widgets: keys, buttons at answers, the clipboard, images
 * that are dropped or pasted. It reads text and sends messages; it never makes HTML out of text.
 */

const NEAR = 80;
const LARGEST = 20_000_000;
const WAITS = "A cell is running: this goes when it has ended.";
const TURN_TOOLS = [
  ["copy", "Copy", "Copy this answer's Markdown"],
  ["cells", "Into cells", "Put this answer's code into new cells"],
  ["retry", "Retry", "Ask again; the new answer takes the place of this one"],
  ["continue", "Continue", "Go on with this answer"],
  ["fork", "Fork", "Go on from here in a copy of the conversation"],
  ["hide", "Hide", "Do not send this turn any more, or send it again"],
  ["pin", "Pin", "Keep this turn when the conversation is compacted, or not"],
];

/** Return the id of the notebook's active cell, where this is JupyterLab or Notebook 7 as we know it. */
function activeCell(model) {
  try {
    const cells = model.widget_manager.context.model.sharedModel.cells;
    for (const notebook of document.querySelectorAll(".jp-Notebook")) {
      const shown = [...notebook.querySelectorAll(".jp-Cell")];
      const active = shown.findIndex((cell) => cell.classList.contains("jp-mod-active"));
      if (shown.length === cells.length && active >= 0) return cells[active].getId();
    }
  } catch {
    // Another front end.
  }
  return "";
}

function button(words, title, pressed) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = words;
  made.title = title;
  made.addEventListener("click", pressed);
  return made;
}

/** Say for a moment on a button what became of it. */
function flash(target, words) {
  if (!target.dataset.words) target.dataset.words = target.textContent;
  target.textContent = words;
  setTimeout(() => (target.textContent = target.dataset.words), 1200);
}

function connect(model, root) {
  const view = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  const undo = [];
  const say = (what, more = {}, buffers = []) => model.send({ say: what, view, ...more }, {}, buffers);
  const on = (target, kind, listener, capture = false) => {
    target.addEventListener(kind, listener, capture);
    undo.push(() => target.removeEventListener(kind, listener, capture));
  };
  const transcript = root.querySelector(".codex-transcript");
  const input = root.querySelector(".codex-input textarea");
  let copying = null;
  let bottom = true;
  // The turn that stays where it is while earlier ones come in above it.
  let held = null;

  root.classList.add("codex-scripted");
  // JupyterLab's own shortcuts are not for what is typed here.
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  root.setAttribute("role", "region");
  root.setAttribute("aria-label", "Chat with the model");
  transcript.setAttribute("role", "log");
  transcript.setAttribute("aria-live", "polite");
  transcript.setAttribute("aria-label", "What was said");
  transcript.tabIndex = 0;

  /** End the cell that asks: where it blocks the kernel, a message would come after its end. */
  function interruptCell() {
    if (!transcript.querySelector(".codex-of-cell")) return;
    // Where the front end shows us its kernel; elsewhere the message is all there is.
    Promise.resolve(model.widget_manager?.kernel?.interrupt?.()).catch(() => {});
  }

  const waits = document.createElement("div");
  waits.className = "codex-small codex-waits";
  waits.setAttribute("role", "status");
  root.querySelector(".codex-composer").append(waits);
  undo.push(() => waits.remove());

  /** Say so where what was sent is not taken, because a cell blocks the kernel. */
  function sent() {
    setTimeout(() => {
      const asking = transcript.querySelector(".codex-of-cell");
      const busy = asking || model.widget_manager?.kernel?.status === "busy";
      if (busy && input.value.trim()) waits.textContent = WAITS;
    }, 400);
  }

  function toolsOf(turn) {
    const tools = document.createElement("div");
    tools.className = "codex-tools";
    tools.setAttribute("role", "toolbar");
    tools.setAttribute("aria-label", "This answer");
    for (const [what, words, title] of TURN_TOOLS) {
      if (what === "continue" && !["interrupted", "incomplete"].includes(turn.dataset.status)) continue;
      if (turn.dataset.status === "failed" && what !== "retry") continue;
      const hidden = what === "hide" && turn.classList.contains("codex-turn-hidden");
      const pinned = what === "pin" && turn.classList.contains("codex-turn-pinned");
      const made = button(hidden ? "Unhide" : pinned ? "Unpin" : words, title, () => {
        if (what === "copy") copying = made;
        say(what, { turn: turn.dataset.turn, below: activeCell(model) });
      });
      made.dataset.deed = what;
      tools.append(made);
    }
    return tools;
  }

  function codeTools(block, turn) {
    const tools = document.createElement("div");
    tools.className = "codex-tools";
    const code = () => block.querySelector("pre").textContent;
    const copy = button("Copy", "Copy this code", () =>
      navigator.clipboard.writeText(code()).then(
        () => flash(copy, "Copied"),
        () => flash(copy, "Refused"),
      ),
    );
    const insert = button("Insert", "Put this code into a new cell", () =>
      say("insert", { turn: turn.dataset.turn, code: code(), below: activeCell(model) }),
    );
    tools.append(copy, insert);
    block.prepend(tools);
  }

  function decorate() {
    const turns = [...transcript.querySelectorAll(".codex-turn[data-turn]")];
    for (const turn of turns) {
      if (!turn.querySelector(":scope > .codex-tools")) {
        turn.append(toolsOf(turn));
        for (const block of turn.querySelectorAll(".codex-answer .highlight")) codeTools(block, turn);
      }
      const last = turn === turns.at(-1);
      turn.classList.toggle("codex-last", last);
      // Tab goes through the last answer; the arrow keys lead to those above it.
      for (const made of turn.querySelectorAll(".codex-tools button")) made.tabIndex = last ? 0 : -1;
    }
    for (const box of transcript.querySelectorAll(".highlight pre, table")) box.tabIndex = -1;
    for (const box of transcript.querySelectorAll(".highlight pre, .codex-answer table")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    }
  }

  function hold() {
    const turn = transcript.querySelector(`.codex-turn[data-turn="${CSS.escape(held.turn)}"]`);
    if (turn) transcript.scrollTop += turn.getBoundingClientRect().top - held.top;
    // The button is gone when there are no more: the keyboard goes on in what was said.
    if (document.activeElement === document.body && !transcript.querySelector(".codex-earlier")) {
      transcript.focus({ preventScroll: true });
    }
  }
  on(transcript, "click", (event) => {
    const first = transcript.querySelector(".codex-turn[data-turn]");
    if (!first || !event.target.closest(".codex-earlier")) return;
    held = { turn: first.dataset.turn, top: first.getBoundingClientRect().top };
  });
  for (const kind of ["wheel", "pointerdown", "keydown"]) on(root, kind, () => (held = null), true);

  const observer = new MutationObserver(() => {
    observer.disconnect();
    decorate();
    if (!input.value) waits.textContent = "";
    if (held) hold();
    else if (bottom) transcript.scrollTop = transcript.scrollHeight;
    watch();
  });
  const watch = () =>
    observer.observe(transcript, { childList: true, subtree: true, characterData: true });
  undo.push(() => observer.disconnect());

  on(transcript, "scroll", () => {
    bottom = transcript.scrollHeight - transcript.scrollTop - transcript.clientHeight < NEAR;
  });
  on(transcript, "keydown", (event) => {
    const deed = event.target.dataset?.deed;
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!deed || !step) return;
    const same = [...transcript.querySelectorAll(`button[data-deed="${deed}"]`)];
    const next = same[same.indexOf(event.target) + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });
  on(
    root,
    "keydown",
    (event) => {
      if (event.target !== input || event.isComposing) return;
      const { selectionStart: start, selectionEnd: end, value } = input;
      const suggested = root.querySelector(".codex-suggested:not(.codex-off) button");
      if (event.key === "Enter" && event.shiftKey) {
        say("send", { text: value });
        sent();
      } else if (event.key === "Escape") {
        interruptCell();
        say("stop");
      } else if (event.key === "ArrowUp" && start === 0 && end === 0) {
        say("recall", { step: -1 });
      } else if (event.key === "ArrowDown" && start === value.length && value && end === start) {
        say("recall", { step: 1 });
      } else if (event.key === "Tab" && !event.shiftKey && suggested) {
        say("complete");
      } else {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );

  on(root, "click", (event) => {
    if (event.target.closest(".codex-stop")) interruptCell();
    if (event.target.closest(".codex-sending .codex-main")) sent();
  });

  async function send(files) {
    for (const file of files) {
      if (file.type.startsWith("image/") && file.size <= LARGEST) {
        say("image", { name: file.name || "pasted image" }, [await file.arrayBuffer()]);
      }
    }
  }
  const images = (transfer) =>
    [...(transfer?.files ?? [])].filter((file) => file.type.startsWith("image/"));
  on(root, "paste", (event) => {
    const files = images(event.clipboardData);
    if (event.target !== input || !files.length) return;
    event.preventDefault();
    send(files);
  });
  on(root, "dragover", (event) => {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    root.querySelector(".codex-composer").classList.add("codex-dropping");
  });
  const dropped = () => root.querySelector(".codex-composer").classList.remove("codex-dropping");
  on(root, "dragleave", dropped);
  on(root, "drop", (event) => {
    dropped();
    const files = images(event.dataTransfer);
    if (!files.length) return;
    event.preventDefault();
    event.stopPropagation();
    send(files);
  });

  function obey(message) {
    if (message?.do !== "copy" || message.view !== view) return;
    navigator.clipboard.writeText(String(message.text)).then(
      () => copying && flash(copying, "Copied"),
      () => copying && flash(copying, "Refused"),
    );
  }
  model.on("msg:custom", obey);
  undo.push(() => model.off("msg:custom", obey));

  decorate();
  watch();
  transcript.scrollTop = transcript.scrollHeight;
  return () => undo.forEach((step) => step());
}

function render({ model, el }) {
  let leave = null;
  let gone = false;
  // The panel's other widgets come into the page a moment later.
  function attempt() {
    const root = el.closest(".codex-panel");
    const ready = root?.querySelector(".codex-input textarea") && root.querySelector(".codex-transcript");
    if (gone) return;
    if (ready) leave = connect(model, root);
    else setTimeout(attempt, 30);
  }
  attempt();
  return () => {
    gone = true;
    leave?.();
  };
}

export default { render };
