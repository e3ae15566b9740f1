/**
 * The native library of ONNX Runtime 1.30 has a telemetry of its own, with an address on the network and files in the temporary folder, unless the environment of the process says that it shall not. To be called before it is
 * loaded. A thread has a copy of the environment, so the one that starts others calls it for them.
 */
export function refuseTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY = "1";
}
