// Keyboard first: one-letter keys while nobody types, rows by arrows, all keys under "?".
// An element says its key with data-key and, for the list, its word with data-key-word or its text.

const TYPING = "input, textarea, select, [contenteditable='true']";

function isTyping(event) {
  const field = event.target.closest?.(TYPING);
  return Boolean(field) && !["checkbox", "radio", "range"].includes(field.type);
}

function visible(element) {
  return element.getClientRects().length > 0;
}

function wordOf(element) {
  return element.dataset.keyWord ?? element.textContent.replace(/\s+/g, " ").trim();
}

function act(element) {
  if (element.matches("input:not([type=checkbox]), textarea, select")) {
    element.focus();
    element.select?.();
  } else {
    element.click();
  }
}

function fillKeyList() {
  const list = document.querySelector("[data-key-list]");
  for (const old of list.querySelectorAll("[data-own]")) old.remove();
  const told = new Set();
  for (const element of document.querySelectorAll("[data-key]")) {
    if (!visible(element) || told.has(element.dataset.key)) continue;
    told.add(element.dataset.key);
    const term = document.createElement("dt");
    const key = document.createElement("kbd");
    key.textContent = element.dataset.key.toUpperCase();
    term.append(key);
    const word = document.createElement("dd");
    word.textContent = wordOf(element).replace(new RegExp(` ${element.dataset.key}$`, "i"), "");
    term.dataset.own = word.dataset.own = "1";
    list.append(term, word);
  }
}

function openKeyList() {
  fillKeyList();
  document.getElementById("keys").showModal();
}

function currentRow(table) {
  return table.querySelector("tr.is-current");
}

function goToRow(table, row) {
  if (!row) return;
  const before = currentRow(table);
  if (before) {
    before.classList.remove("is-current");
    before.tabIndex = -1;
  }
  row.classList.add("is-current");
  row.tabIndex = 0;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  table.dispatchEvent(new CustomEvent("rowchange", { bubbles: true, detail: { row } }));
}

// A row whose opening also does something has a button for it; the others are plain addresses.
function openRow(row) {
  const button = row.querySelector("button[data-opens-row]");
  if (button) button.click();
  else location.assign(row.dataset.href);
}

function moveRow(table, step) {
  const rows = [...table.querySelectorAll("tbody tr[data-href]")].filter(visible);
  const at = rows.indexOf(currentRow(table));
  goToRow(table, at < 0 ? rows[0] : rows[Math.min(rows.length - 1, Math.max(0, at + step))]);
}

function handleRows(event) {
  const table = event.target.closest?.("table[data-rows]") ?? document.querySelector("table[data-rows]");
  if (!table || event.target.closest?.("dialog, details, .map")) return false;
  const row = currentRow(table);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") moveRow(table, event.key === "ArrowDown" ? 1 : -1);
  else if (event.key === "Enter" && row && (event.target === row || event.target === document.body)) openRow(row);
  else if (event.key === "x" && row?.querySelector("input[type=checkbox]")) row.querySelector("input[type=checkbox]").click();
  else return false;
  return true;
}

function handleKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return;
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    if (isTyping(event)) event.target.blur();
    return;
  }
  if (isTyping(event) || document.querySelector("dialog[open]")) return;
  if (event.key === "?") openKeyList();
  else if (handleRows(event)) event.preventDefault();
  else {
    const key = event.key.toLowerCase();
    const inRow = [...document.querySelectorAll(`tr.is-current [data-key="${CSS.escape(key)}"]`)];
    const element = [...inRow, ...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find(visible);
    if (!element || key.length > 1) return;
    act(element);
    event.preventDefault();
    return;
  }
  event.preventDefault();
}

export function startKeys(root) {
  document.addEventListener("keydown", handleKey);
  for (const table of root.querySelectorAll("table[data-rows]")) {
    const first = table.querySelector("tbody tr[data-href]");
    for (const row of table.querySelectorAll("tbody tr[data-href]")) row.tabIndex = row === first ? 0 : -1;
    table.addEventListener("focusin", (event) => {
      const row = event.target.closest("tr[data-href]");
      if (row && event.target === row && row !== currentRow(table)) goToRow(table, row);
    });
    table.addEventListener("click", (event) => {
      const row = event.target.closest("tr[data-href]");
      if (row && !event.target.closest("a, button, input, label, form") && !getSelection().toString()) openRow(row);
    });
  }
  for (const opener of root.querySelectorAll("[data-keys-open]")) opener.addEventListener("click", openKeyList);
}
