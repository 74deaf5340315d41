// Starts discovery with the settings of the environment (see settings.js); SIGTERM and
// SIGINT let it finish what runs.

import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import pino from "pino";
import { createDiscovery, PortError } from "./discovery.js";
import { readSettings, SettingError } from "./settings.js";

/** @param {string} message @returns {never} */
function refuse(message) {
  process.stderr.write(`discovery: ${message}\n`);
  process.exit(1);
}

function settingsOrRefuse() {
  try {
    return readSettings(process.env);
  } catch (error) {
    if (error instanceof SettingError) refuse(error.message);
    throw error;
  }
}

// The library writes lines of its own beside the errors that it gives.
setLogVerbosity(logVerbosity.NONE);
const settings = settingsOrRefuse();
const { host, port, operationPort } = settings;
const logger = pino({ level: settings.logLevel });
const discovery = createDiscovery({ ...settings, logger });

try {
  const listening = await discovery.listen({ host, port, operationPort });
  logger.info({ address: host, ...listening }, "listening");
} catch (error) {
  if (error instanceof PortError) refuse(error.message);
  const { code } = /** @type {NodeJS.ErrnoException} */ (error);
  if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
  const why = code === "EACCES" ? "may not be used" : "is taken";
  refuse(`port ${operationPort} of ${host} ${why}; OPERATION_PORT chooses another`);
}

let stopping = false;
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, async () => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, "finishing what runs");
    const complete = await discovery.drain(settings.drainLimitMs);
    if (!complete) logger.warn("cut off what ran past the limit");
    process.exit(complete ? 0 : 1);
  });
}
