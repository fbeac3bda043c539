// Forms: the first error has the focus, a form is not sent twice, and a choice may fill other fields.
import { startPick } from "./pick.js";

function focusFirstError(root) {
  const wrong = root.querySelector("[aria-invalid='true']");
  if (wrong) (wrong.id && root.querySelector(`#${CSS.escape(wrong.id)}-search`) || wrong).focus();
}

function sendOnce(event) {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
}

// Back from the browser's cache the form may be sent again.
function allowAgain() {
  for (const form of document.forms) delete form.dataset.sent;
}

// Hands stay on the keyboard: Ctrl+Enter sends the form one is typing in.
function sendByKeys(event) {
  const form = event.key === "Enter" && event.ctrlKey && event.target.form;
  if (form) form.requestSubmit(form.querySelector("button.btn-primary:not([type='button'])"));
}

function fillSignIn(event) {
  const button = event.target.closest("[data-fill-username]");
  if (!button) return;
  document.getElementById("username").value = button.dataset.fillUsername;
  const password = document.getElementById("password");
  password.value = button.dataset.fillPassword;
  password.form.requestSubmit();
}

export function startForms(root) {
  for (const select of root.querySelectorAll("select[data-pick]")) startPick(select);
  for (const select of root.querySelectorAll("[data-sends]")) {
    select.addEventListener("change", () => select.form.requestSubmit());
  }
  document.addEventListener("submit", sendOnce);
  document.addEventListener("click", fillSignIn);
  document.addEventListener("keydown", sendByKeys);
  addEventListener("pageshow", allowAgain);
  focusFirstError(root);
}
