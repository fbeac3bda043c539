// Runs before the page is drawn, so that a night desk never sees a white flash.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");

  function apply() {
    const root = document.documentElement;
    const choice = localStorage.getItem("theme") || "auto";
    const isDark = choice === "dark" || (choice === "auto" && dark.matches);
    const before = `${root.dataset.bsTheme} ${root.hasAttribute("data-sunlight")}`;
    root.dataset.bsTheme = isDark ? "dark" : "light";
    root.toggleAttribute("data-sunlight", choice === "sunlight");
    const after = `${root.dataset.bsTheme} ${root.hasAttribute("data-sunlight")}`;
    root.dataset.rail = localStorage.getItem("rail") || "wide";
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
    }
    if (after !== before) root.dispatchEvent(new CustomEvent("themechange"));
  }

  dark.addEventListener("change", apply);
  addEventListener("DOMContentLoaded", apply);
  addEventListener("storage", apply);
  document.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-theme-choice]");
    if (choice) {
      localStorage.setItem("theme", choice.dataset.themeChoice);
      apply();
    }
    if (event.target.closest("[data-rail-toggle]")) {
      localStorage.setItem("rail", document.documentElement.dataset.rail === "narrow" ? "wide" : "narrow");
      apply();
    }
  });
  apply();
})();
