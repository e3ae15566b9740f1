/** The part of the WebAssembly interface that this project uses; Node's types have none of it. */
export interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
  readonly Memory: new (descriptor: {
    readonly initial: number;
    readonly maximum?: number;
    readonly shared?: boolean;
  }) => { readonly buffer: ArrayBuffer };
  compile(bytes: Uint8Array): Promise<object>;
}

/** WebAssembly of this engine; undefined in one without. */
export const webAssembly = () => (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
