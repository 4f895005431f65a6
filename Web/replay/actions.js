import { valuesOf } from "../arrays.js";
import { count, number } from "../format.js";

const MOST_SHOWN = 8;

/** Writes the actions of an array (n, …) into its n steps: a number, or the numbers of a vector. */
export function addActions(steps, array) {
  const values = array ? valuesOf(array) : null;
  if (values === null) return;
  const width = steps.length > 0 ? values.length / steps.length : 0;
  const isScalar = array.shape.length === 1;
  steps.forEach((step, k) => {
    // Integers are in the steps, where a step without one can be told from one with a 0.
    if (isScalar && array.dtype !== "int32") step.action = Number(values[k]);
    else if (!isScalar) step.action = values.subarray(k * width, (k + 1) * width);
  });
}

/** An action as the texts of its numbers, and of how many are left out. */
export function actionTexts(action) {
  if (action === null || action === undefined) return ["–"];
  if (typeof action === "number") return [Number.isInteger(action) ? String(action) : number(action)];
  const shown = Array.from(action.subarray(0, MOST_SHOWN), (value) => (Number.isFinite(Number(value)) ? number(Number(value)) : String(value)));
  return action.length > MOST_SHOWN ? [...shown.slice(0, MOST_SHOWN - 1), `… of ${count(action.length)}`] : shown;
}
