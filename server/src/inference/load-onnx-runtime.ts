/**
 * The ONNX runtime, loaded by the first who needs it: 20 MB of native code.
 *
 * Left to itself it tells its maker over the network what models it is given (names, hashes, structure) and how they do, and
 * keeps an id of the machine and a database of what it has yet to send in the user's home. It asks for this variable once,
 * when it is loaded, so nothing else may load it. Set in the main thread: a worker thread's environment is a copy.
 */
export function loadOnnxRuntime(): Promise<typeof import('onnxruntime-node')> {
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
  return import('onnxruntime-node');
}
