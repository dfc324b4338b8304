//! Provenance of any file, without the package; whatever a package builds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use workbench::origin::{self, BuildError, Folder, Package};

/// A package whose every file is there and adds a line of its own to what the fuzzer made.
struct Any<'d>(&'d [u8]);

impl Package for Any<'_> {
    fn build(&mut self, mc: &[u8], _: bool) -> Result<Vec<u8>, BuildError> {
        let lines = mc.iter().filter(|byte| **byte == b'\n').count();
        Ok([self.0, format!("\nDx{lines}\n").as_bytes()].concat())
    }

    fn has(&mut self, _: Folder, name: &str) -> bool {
        name.len() % 2 == 0
    }

    fn names(&mut self, _: Folder) -> Vec<String> {
        vec!["one".to_owned(), "two".to_owned()]
    }
}

fuzz_target!(|data: &[u8]| {
    let found = origin::without_package(data);
    let _ = origin::text(&found, b"x", data);
    let (built, file) = data.split_at(data.len() / 2);
    if let Ok(found) = origin::with_package(file, &mut Any(built)) {
        let _ = origin::object(&found, b"x", file);
        let _ = found.mc();
    }
});
