// Starts the gateway with the settings of the environment (see settings.js);
// SIGTERM and SIGINT let it finish what runs.

import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import pino from "pino";
import { createGateway } from "./gateway.js";
import { readSettings, SettingError } from "./settings.js";

/** @import { AddressInfo } from "node:net" */

/** @param {string} message @returns {never} */
function refuse(message) {
  process.stderr.write(`gateway: ${message}\n`);
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
const logger = pino({ level: settings.logLevel });
const { server, drain } = createGateway({ ...settings, logger });

server.on("error", (/** @type {NodeJS.ErrnoException} */ error) => {
  if (error.code !== "EADDRINUSE" && error.code !== "EACCES") throw error;
  const why = error.code === "EACCES" ? "may not be used" : "is taken";
  refuse(`port ${settings.port} of ${settings.host} ${why}; PORT chooses another`);
});
server.listen(settings.port, settings.host, () => {
  const { address, port } = /** @type {AddressInfo} */ (server.address());
  logger.info({ address, port }, "listening");
});

let stopping = false;
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, async () => {
    if (stopping) return;
    stopping = true;
    // Said once nobody can connect any more.
    const drained = drain(settings.drainLimitMs);
    logger.info({ signal }, "finishing what runs");
    const complete = await drained;
    if (!complete) logger.warn("cut off what ran past the limit");
    process.exit(complete ? 0 : 1);
  });
}
