// Light, dark, or as the system has it. Not a module: it runs before the first paint, so
// that a page of the other theme never flashes up.

(() => {
  const stored = localStorage.getItem("theme");
  if (stored === "light" || stored === "dark") {
    document.documentElement.dataset.theme = stored;
  }
})();
