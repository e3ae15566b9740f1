/** Settings of every session of ONNX Runtime's native library. */
export const sessionSettings = {
  // Several sessions are alive: threads may spin while their own session runs, but not on the cores of the one that runs next.
  force_spinning_stop: "1",
  set_denormal_as_zero: "1",
} as const;
