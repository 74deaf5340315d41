// Figures and times as people read them.

const whole = new Intl.NumberFormat("en");
const dateAndTime = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "short",
});

/** @param {number} amount */
export function amount(amount) {
  return whole.format(amount);
}

/**
 * A percentage with as many digits as tell something: 94.3%, 1.605%, 0.0042%.
 *
 * @param {number} percent
 */
export function percent(percent) {
  if (percent === 0 || percent === 100) return `${percent}%`;
  if (percent > 99.99) return "more than 99.99%";
  if (percent < 0.0001) return "less than 0.0001%";
  const digits = percent >= 10 ? 2 : percent >= 0.1 ? 3 : 4;
  return `${Number(percent.toFixed(digits))}%`;
}

/**
 * The percentage that an exact fraction spells, `3/500`.
 *
 * @param {string} fraction
 */
export function percentOf(fraction) {
  const [numerator, denominator = 1] = fraction.split("/").map(Number);
  return (100 * numerator) / denominator;
}

/** @param {string} at RFC 3339 */
export function time(at) {
  return dateAndTime.format(new Date(at));
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function counted(count, one, many = `${one}s`) {
  return `${amount(count)} ${count === 1 ? one : many}`;
}
