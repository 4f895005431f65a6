/**
 * Calls an async function again and again while the page is seen, `seconds` after it ended, and at once when the page
 * comes back into view. `now` runs it out of turn; while it runs, once more afterwards. `stop` ends it.
 */
export function poll(work, seconds) {
  let timer = 0;
  let running = false;
  let again = false;
  let stopped = false;

  const now = async () => {
    if (running) again = true;
    if (running || stopped || document.hidden) return;
    running = true;
    again = false;
    clearTimeout(timer);
    try {
      await work();
    } finally {
      running = false;
      if (!stopped) timer = setTimeout(now, again ? 0 : seconds * 1000);
    }
  };
  document.addEventListener("visibilitychange", now);

  const stop = () => {
    stopped = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", now);
  };
  return { now, stop };
}
