// The calls and messages of ../../proto/discovery.proto.

import { fileURLToPath } from "node:url";
import { loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** @import { ServiceClientConstructor } from "@grpc/grpc-js" */

const FILE = fileURLToPath(new URL("../../proto/discovery.proto", import.meta.url));

const definition = loadSync(FILE, { longs: Number, defaults: true, oneofs: true });
const root = /** @type {any} */ (loadPackageDefinition(definition));

/** @type {ServiceClientConstructor} */
export const Discovery = root.fairpull.discovery.v1.Discovery;
