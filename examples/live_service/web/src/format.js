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

/**
 * In the player's own time zone.
 *
 * @param {string} at RFC 3339
 */
export function time(at) {
  return dateAndTime.format(new Date(at));
}

/**
 * In a time zone of IANA, and with its name, as the players of a game are in many:
 * 31 Oct 2027, 02:30 CEST (Europe/Berlin). In UTC where the browser does not know it.
 *
 * @param {string} at RFC 3339
 * @param {string} zone
 */
export function timeIn(at, zone) {
  const date = new Date(at);
  try {
    const text = formatIn(zone).format(date);
    return zone === "UTC" ? text : `${text} (${zone.replaceAll("_", " ")})`;
  } catch (error) {
    if (error instanceof RangeError) return formatIn("UTC").format(date);
    throw error;
  }
}

/** @param {string} timeZone */
function formatIn(timeZone) {
  return new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZone,
    timeZoneName: "short",
  });
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function counted(count, one, many = `${one}s`) {
  return `${amount(count)} ${count === 1 ? one : many}`;
}
