//! Makes a wasm module loadable by a browser: `bindgen INPUT.wasm OUT_DIR OUT_NAME` writes `OUT_NAME.js` and
//! `OUT_NAME_bg.wasm`. A crate of its own, so that only a build of the web UI compiles it.

use std::process::ExitCode;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [input, out_dir, out_name] = args.as_slice() else {
        eprintln!("usage: bindgen INPUT.wasm OUT_DIR OUT_NAME");
        return ExitCode::from(2);
    };
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(input)
        .out_name(out_name)
        .typescript(false)
        // Names are half of the module. What is left is smaller after gzip than what wasm-opt -Oz makes of it, and
        // Debian's wasm-opt (binaryen 108) exports the wrong table, which leaves a page that never wakes.
        .remove_name_section(true)
        .remove_producers_section(true);
    if let Err(error) = bindgen.web(true).and_then(|b| b.generate(out_dir)) {
        eprintln!("bindings for {input} could not be made: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
