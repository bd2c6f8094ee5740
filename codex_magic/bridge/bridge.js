/**
 * The page's end of the bridge: tells the kernel which cells the notebook has, and writes cells.
 *
 * It takes text and gives text: what it is sent becomes the source of a cell, and is neither run
 * nor read as HTML. It draws nothing. It runs once for each page that has the notebook open, also
 * where its output was cleared.
 */

// Milliseconds between a change and its report.
const PAUSE = 700;
// Characters of a report; the kernel reads larger notebooks from their file.
const LARGEST = 4_000_000;
// Requests whose answer a page remembers, so that it obeys none twice.
const REMEMBERED = 500;

/** Return what JupyterLab and Notebook 7 have behind a widget; null where it is not as we know it. */
function notebookOf(model) {
  const context = model.widget_manager?.context;
  const shared = context?.model?.sharedModel;
  const known =
    Array.isArray(shared?.cells) &&
    typeof shared.insertCells === "function" &&
    typeof shared.transact === "function" &&
    typeof context.model.contentChanged?.connect === "function";
  return known ? { context, shared } : null;
}

/** Return the page's address in the kernel's messages: what it executes comes from this session. */
function sessionOf(notebook) {
  return notebook?.context.sessionContext?.session?.kernel?.clientId ?? "";
}

/** Return the name of the application, as "JupyterLab". */
function application() {
  try {
    const settings = document.getElementById("jupyter-config-data").textContent;
    return String(JSON.parse(settings).appName ?? "");
  } catch {
    return "";
  }
}

function cellsOf(notebook) {
  return notebook.shared.cells.map((cell) => ({
    id: cell.getId(),
    kind: cell.cell_type,
    source: cell.getSource(),
    count: cell.execution_count ?? null,
  }));
}

/** Put cells below another one, as one step for undo; below all, if that one has no name. */
function insert(notebook, { below, cells }) {
  const { context, shared } = notebook;
  if (context.model.readOnly) throw new Error("the notebook is read-only");
  const ids = shared.cells.map((cell) => cell.getId());
  const place = below ? ids.indexOf(below) : ids.length - 1;
  if (below && place < 0) throw new Error("the cell above is gone");
  const fresh = cells.map(({ kind, source }) => ({
    cell_type: kind === "markdown" ? "markdown" : "code",
    source: String(source),
    metadata: {},
  }));
  let made = [];
  shared.transact(() => {
    made = shared.insertCells(place + 1, fresh);
  });
  return made.map((cell) => cell.getId());
}

/** Give a cell another source, if it still has the one that the user was shown. */
function replace(notebook, { cell: id, source, expected }) {
  const { context, shared } = notebook;
  const cell = shared.cells.find((one) => one.getId() === id);
  if (!cell) throw new Error("the cell is gone");
  if (context.model.readOnly || cell.getMetadata?.("editable") === false) {
    throw new Error("the cell cannot be edited");
  }
  if (cell.getSource() !== expected) throw new Error("the cell was edited meanwhile");
  cell.setSource(String(source));
  return [id];
}

const WORK = { insert, replace };

/** Connect a page; return what undoes it. */
function initialize({ model }) {
  const page = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  const notebook = notebookOf(model);
  const answers = new Map();
  const undo = [];
  let last = null;
  let timer = null;

  function say(what, more) {
    try {
      model.send({ say: what, page, session: sessionOf(notebook), ...more });
    } catch {
      // The kernel is gone, and its widgets with it.
    }
  }

  function report(what, more) {
    clearTimeout(timer);
    timer = null;
    const cells = cellsOf(notebook);
    const text = JSON.stringify(cells.map(({ id, kind, source }) => [id, kind, source]));
    if (what === "cells" && text === last) return;
    last = text;
    say(what, { ...more, cells: text.length > LARGEST ? null : cells });
  }

  function greet() {
    const app = application();
    if (notebook) report("here", { app, can: Object.keys(WORK) });
    else say("here", { app, can: [], cells: null });
  }

  function obey(request) {
    if (request?.do === "greet") return greet();
    if (!notebook || request?.page !== page || !(request.do in WORK)) return;
    if (!answers.has(request.id)) {
      answers.set(request.id, attempted(request));
      if (answers.size > REMEMBERED) answers.delete(answers.keys().next().value);
    }
    say("answer", { id: request.id, ...answers.get(request.id) });
  }

  function attempted(request) {
    try {
      return { written: WORK[request.do](notebook, request), problem: "" };
    } catch (error) {
      return { written: [], problem: String(error?.message ?? error).slice(0, 200) };
    }
  }

  model.on("msg:custom", obey);
  undo.push(() => model.off("msg:custom", obey));
  if (notebook) {
    const changed = () => {
      timer ??= setTimeout(() => report("cells"), PAUSE);
    };
    // What was written reaches the kernel before the cell that is about to run does.
    const flush = () => {
      if (timer !== null) report("cells");
    };
    const pressed = (event) => {
      const runs = event.shiftKey || event.ctrlKey || event.metaKey || event.altKey;
      if (event.key === "Enter" && runs) flush();
    };
    const leave = () => say("gone");
    // A page that the browser had put aside comes back as it was.
    const returned = (event) => {
      if (event.persisted) greet();
    };
    notebook.context.model.contentChanged.connect(changed);
    document.addEventListener("keydown", pressed, true);
    document.addEventListener("pointerdown", flush, true);
    window.addEventListener("pagehide", leave);
    window.addEventListener("pageshow", returned);
    undo.push(() => {
      clearTimeout(timer);
      notebook.context.model?.contentChanged.disconnect(changed);
      document.removeEventListener("keydown", pressed, true);
      document.removeEventListener("pointerdown", flush, true);
      window.removeEventListener("pagehide", leave);
      window.removeEventListener("pageshow", returned);
      leave();
    });
  }
  greet();
  return () => undo.forEach((step) => step());
}

export default { initialize, render() {} };
