/** Lets at most so many async pieces of work run at once; the others wait in the order in which they came. */
export function turns(most) {
  const waiting = [];
  let running = 0;
  return async (work) => {
    if (running < most) running += 1;
    else await new Promise((begin) => waiting.push(begin));
    try {
      return await work();
    } finally {
      // The next one takes the place; only without one it is free again.
      if (waiting.length > 0) waiting.shift()();
      else running -= 1;
    }
  };
}
