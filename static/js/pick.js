// A long <select data-pick> becomes a field one types into. Without script the <select> stays as it is.
// Options match by their text, value and data-words (pinyin, older names); data-under is the quiet word beside.

const SHOWN = 40;

function matches(option, words) {
  const text = `${option.value} ${option.textContent} ${option.dataset.words ?? ""} ${option.dataset.under ?? ""}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

// What is typed whole comes first, then what begins with it, then the rest in its own order.
function rank(option, typed) {
  const names = [option.textContent.trim().toLowerCase(), (option.dataset.under ?? "").toLowerCase()];
  if (names.includes(typed)) return 0;
  return names.some((name) => name.startsWith(typed)) ? 1 : 2;
}

function row(option, index, list) {
  const item = document.createElement("li");
  item.id = `${list.id}-${index}`;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  item.dataset.value = option.value;
  const name = document.createElement("span");
  name.textContent = option.textContent;
  const under = document.createElement("span");
  under.className = "under";
  under.textContent = option.dataset.under ?? "";
  item.append(name, under);
  return item;
}

export function startPick(select) {
  const box = document.createElement("div");
  box.className = "pick";
  const field = document.createElement("input");
  field.className = "form-control";
  field.id = `${select.id}-search`;
  field.autocomplete = "off";
  field.placeholder = select.dataset.pick;
  const list = document.createElement("ul");
  list.className = "pick-list";
  list.id = `${select.id}-list`;
  list.hidden = true;
  list.setAttribute("role", "listbox");
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", list.id], ["aria-expanded", "false"]]) {
    field.setAttribute(name, value);
  }
  for (const name of ["aria-invalid", "aria-describedby"]) {
    if (select.hasAttribute(name)) field.setAttribute(name, select.getAttribute(name));
  }
  document.querySelector(`label[for="${CSS.escape(select.id)}"]`)?.setAttribute("for", field.id);
  select.hidden = true;
  select.after(box);
  box.append(select, field, list);
  let current = -1;

  function chosenText() {
    const option = select.selectedOptions[0];
    return option && option.value ? option.textContent.trim() : "";
  }

  function mark(index) {
    const items = [...list.children];
    current = items.length ? (index + items.length) % items.length : -1;
    items.forEach((item, i) => item.setAttribute("aria-selected", String(i === current)));
    items[current]?.scrollIntoView({ block: "nearest" });
    if (current >= 0) field.setAttribute("aria-activedescendant", items[current].id);
    else field.removeAttribute("aria-activedescendant");
  }

  function open() {
    const typed = field.value === chosenText() ? "" : field.value;
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
    const whole = typed.trim().toLowerCase();
    const found = [...select.options].filter((option) => option.value && !option.hidden && matches(option, words))
      .sort((a, b) => rank(a, whole) - rank(b, whole)).slice(0, SHOWN);
    list.replaceChildren(...found.map((option, index) => row(option, index, list)));
    list.hidden = found.length === 0;
    field.setAttribute("aria-expanded", String(!list.hidden));
    mark(words.length ? 0 : -1);
  }

  function close() {
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.value = chosenText();
  }

  function choose(value) {
    select.value = value;
    close();
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  field.addEventListener("input", open);
  field.addEventListener("focus", () => field.select());
  field.addEventListener("click", open);
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) open();
      else mark(current + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && !list.hidden && current >= 0) {
      event.preventDefault();
      choose(list.children[current].dataset.value);
    } else if (event.key === "Escape" && !list.hidden) {
      // Escape would close the small form around it too.
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const item = event.target.closest("li");
    if (item) choose(item.dataset.value);
  });
  field.value = chosenText();
}
