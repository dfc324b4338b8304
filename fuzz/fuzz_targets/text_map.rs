//! A text map: flags in the first line, the text behind it. In memory and in the file that makemap makes of it, every
//! key has the same value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mapper::fst_map::{FstBuilder, FstFile};
use mapper::{ColumnIndex, Columns, Mapping};

fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (flags, text) = data.split_at(end);
    let text = text.get(1..).unwrap_or_default();
    let Ok(columns) = Columns::from_flags(flags) else { return };
    let index = ColumnIndex::build(text.to_vec(), columns);
    let mut builder = FstBuilder::new(false, Box::new(memory));
    let mut keys = Vec::new();
    let mut tell = |event: mapper::MakemapEvent<'_>| {
        if let mapper::MakemapEvent::Entry { key, .. } = event {
            keys.push(key.to_vec());
        }
    };
    mapper::makemap_columns(&mut &text[..], columns, &mut builder, &mut tell).expect("makemap");
    let file = memory().expect("file");
    builder.write_to(&file).expect("write");
    let compiled = FstFile::open(Mapping::new(&file).expect("map")).expect("open");
    let mut value = Vec::new();
    for key in keys.iter().map(Vec::as_slice).chain([&b"postmaster"[..], flags]) {
        let found = compiled.get(&key.to_ascii_lowercase(), &mut value).expect("get");
        assert_eq!(index.get(key), found.then_some(&value[..]));
    }
});

/// A file in memory.
fn memory() -> std::io::Result<std::fs::File> {
    let path = format!("/dev/shm/bangpath-fuzz-{}", std::process::id());
    let mut options = std::fs::OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}
