// A classic script in the head: the chosen theme must stand before the first paint.
{
  let theme = null;
  try {
    theme = localStorage.getItem("holdfast.theme");
  } catch {
    // Storage is blocked: the system's theme it is.
  }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}
