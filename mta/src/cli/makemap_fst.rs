//! `makemap fst`: map files of this program's own type, which sendmail's makemap does not know.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::ops::ControlFlow;
use std::os::fd::AsFd as _;

use mapper::fst_map::{Duplicate, FstBuilder, MadeOf, SourceStamp};
use mapper::{
    Columns, DatabaseFile, FileError, FileRules, MakemapEvent, MakemapOptions, duplicate_key,
    fst_file_name,
};

use super::complain;
use super::makemap::{Request, tell};
use super::map_tools::{EX_IOERR, EX_USAGE, Tool, fresh_uid, warn};
use crate::sys::errors::describe;

const EX_DATAERR: u8 = 65;

/// Builds the file, or with `-u` prints it.
pub(super) fn run(request: &Request<'_>, tool: &Tool<'_>) -> Result<u8, u8> {
    let settings = tool.settings(request.configuration)?;
    let columns = columns(request, tool)?;
    if request.duplicates {
        return Err(tool.cannot_open("A key has one value in files of this type"));
    }
    let file = fst_file_name(tool.map);
    let create = !request.append;
    let rules = FileRules { links: request.links, create, ..settings.rules() };
    let unusable = |error: FileError| tool.unusable(&error);
    if request.dump {
        let open = DatabaseFile::open(&file, rules, &mut warn).map_err(unusable)?;
        return print(&open, request).map_err(unusable);
    }
    let open = DatabaseFile::open_for_writing(&file, rules, &mut warn).map_err(unusable)?;
    let replace = request.options.replace && columns.is_none();
    let mut builder = FstBuilder::new(replace, open.scratch(fresh_uid()));
    if request.append {
        keep(&open, &mut builder).map_err(unusable)?;
    }
    let failed = |error: io::Error| tool.failed(EX_IOERR, describe(&error).as_bytes());
    let exit = fill(request, tool, columns, &mut builder).map_err(failed)?;
    let duplicates = write(open, builder);
    let duplicates = duplicates.map_err(|error| tool.cannot("writing", &describe(&error)))?;
    // in a text of columns the first line counts, and nobody is told
    if duplicates.is_empty() || columns.is_some() || replace {
        return Ok(exit);
    }
    for Duplicate { line, key } in &duplicates {
        complain(&duplicate_key(tool.map, *line, key));
    }
    Ok(EX_DATAERR)
}

/// The columns that `-T` asks for.
fn columns(request: &Request<'_>, tool: &Tool<'_>) -> Result<Option<Columns>, u8> {
    let Some(flags) = request.text else { return Ok(None) };
    if request.append {
        return Err(tool.failed(EX_USAGE, b"-o and -T cannot be used together"));
    }
    match Columns::from_flags(flags) {
        Ok(columns) => Ok(Some(columns)),
        Err(errors) => {
            let whole = [b"-T: ", errors.join(&b"; "[..]).as_slice()].concat();
            Err(tool.failed(EX_USAGE, &whole))
        }
    }
}

/// Keeps what is in the file.
fn keep(open: &DatabaseFile, builder: &mut FstBuilder) -> Result<(), FileError> {
    let mut kept = Ok(());
    open.fst()?.for_each(&mut |key, value| {
        kept = builder.push(0, key, value);
        if kept.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(kept?)
}

/// Reads standard input.
fn fill(
    request: &Request<'_>,
    tool: &Tool<'_>,
    columns: Option<Columns>,
    builder: &mut FstBuilder,
) -> io::Result<u8> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut tell = |event: MakemapEvent<'_>| tell(event, request.verbose, &mut out);
    let mut input = io::stdin().lock();
    let Some(columns) = columns else {
        let options = MakemapOptions { with_nul: false, ..request.options.clone() };
        return mapper::makemap(tool.map, &mut input, &options, builder, &mut tell);
    };
    let before = source()?;
    mapper::makemap_columns(&mut input, columns, builder, &mut tell)?;
    let after = source()?;
    let whole = before.filter(|(_, at)| *at == 0).map(|(stamp, _)| stamp);
    let unchanged = whole.filter(|stamp| after.is_some_and(|(after, _)| after == *stamp));
    builder.set_made_of(MadeOf { columns: Some(columns), source: unchanged });
    Ok(0)
}

/// State and position of the file that standard input is, if it is one.
fn source() -> io::Result<Option<(SourceStamp, u64)>> {
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let facts = input.metadata()?;
    if !facts.is_file() {
        return Ok(None);
    }
    Ok(Some((SourceStamp::of(&facts), input.stream_position()?)))
}

fn write(open: DatabaseFile, builder: FstBuilder) -> io::Result<Vec<Duplicate>> {
    let (mut builder, mut duplicates) = (Some(builder), Vec::new());
    open.replace_whole(fresh_uid(), &mut |file| {
        if let Some(builder) = builder.take() {
            duplicates = builder.write_to(file)?;
        }
        Ok(())
    })?;
    Ok(duplicates)
}

/// `-u`: what stands in the file.
fn print(open: &DatabaseFile, request: &Request<'_>) -> Result<u8, FileError> {
    let delimiter = request.options.delimiter.unwrap_or(b'\t');
    let mut out = io::BufWriter::new(io::stdout().lock());
    open.fst()?.for_each(&mut |key, value| match out
        .write_all(&[key, &[delimiter], value, b"\n"].concat())
    {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    })?;
    Ok(0)
}
