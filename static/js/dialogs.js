// Dialogs: a button opens its small form, and a grave form asks first. Runs before the page is drawn, so that no
// press is lost and nothing is sent unasked while the page's other scripts are still under way.
(() => {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
  });

  document.addEventListener("submit", (event) => {
    const dialog = document.getElementById(event.target.dataset?.asks ?? "");
    if (!dialog || dialog.returnValue === "yes") return;
    event.preventDefault();
    dialog.addEventListener("close", () => dialog.returnValue === "yes" && event.target.requestSubmit(), { once: true });
    dialog.showModal();
  });
})();
