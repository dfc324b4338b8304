//! Class `text`: a file of columns (MAP-035, MAP-113).

use cf_parser::debug::Category;

use super::{Answer, Class, Common, Declared, Env, MapSet, Opening, Request, title};
use crate::answer::EX_NOTFOUND;
use crate::column_index::ColumnIndex;
use crate::columns::Columns;
use crate::files::{self, Refusal, Stamp};
use crate::interpolate;

/// Largest text map that is read, bytes.
const MAX_FILE: usize = 1 << 30;

#[derive(Default)]
struct Text {
    columns: Columns,
    loaded: Option<(Stamp, ColumnIndex)>,
}

/// Shared flags and a file name; `-k`, `-v` columns, `-z` delimiter.
pub(crate) fn declare(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    match super::parse_with_file(common, arguments) {
        Ok(errors) => Declared::with(Text::default(), errors),
        Err(faulty) => faulty,
    }
}

/// A column number; none given is 0.
fn column(text: &[u8]) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let first_is_digit = text.first().is_some_and(u8::is_ascii_digit);
    first_is_digit.then(|| usize::try_from(super::arith::number(text)).ok()).flatten()
}

impl Text {
    fn try_open(&mut self, common: &Common, env: &mut Env<'_>) -> Result<(), Vec<u8>> {
        let title = title(common);
        let file = &common.file;
        if file.first() != Some(&b'/') {
            return Err([&title[..], b": file name must be fully qualified"].concat());
        }
        // whatever the reason (observed)
        env.check_file(file).map_err(|refusal| {
            env.trace(Category::Maps, 2, || {
                let number = match &refusal {
                    Refusal::Missing(error) => error.raw_os_error().unwrap_or(0),
                    Refusal::Unsafe(_) => 0,
                };
                format!("\tunsafe map file: {number}\n").into_bytes()
            });
            [&title[..], b": unsafe map file ", file].concat()
        })?;
        let number = |flag: &[u8], text: &[u8]| {
            column(text).ok_or_else(|| {
                let place = [&title[..], b", file ", file, b": -", flag].concat();
                [&place[..], b" should specify a number, not ", text].concat()
            })
        };
        self.columns = Columns {
            key: number(b"k", &common.key_column)?,
            value: number(b"v", &common.value_column)?,
            delimiter: common.delimiter,
        };
        env.trace(Category::Maps, 2, || {
            let delimiter = common.delimiter.map_or(b"(white space)".to_vec(), |byte| vec![byte]);
            let head = [&b"text_map_open("[..], &common.name, b", ", &file[..], b"): delimiter = "];
            [&head.concat()[..], &delimiter, b"\n"].concat()
        });
        Ok(())
    }

    /// The index of the file as it is now.
    fn index(&mut self, file: &[u8]) -> std::io::Result<&ColumnIndex> {
        let open = std::fs::File::open(files::path(file))?;
        let stamp = Stamp::of(&open.metadata()?);
        let index = match self.loaded.take() {
            Some((known, index)) if known == stamp => index,
            _ => ColumnIndex::build(files::read_open(&open, MAX_FILE)?, self.columns),
        };
        Ok(&self.loaded.insert((stamp, index)).1)
    }
}

impl Class for Text {
    fn open(&mut self, common: &Common, env: &mut Env<'_>) -> Opening {
        match self.try_open(common, env) {
            Ok(()) => Opening::Ready,
            Err(_) if common.optional => Opening::Absent,
            Err(text) => {
                env.error(text);
                Opening::Failed
            }
        }
    }

    fn lookup(&mut self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        // every lookup warns of the directories anew (observed)
        if env.settings.blame.map_in_unsafe_dir_path && env.check_file(&common.file).is_err() {
            return Answer::tempfail();
        }
        match self.index(&common.file).map(|index| index.get(request.key)) {
            Ok(Some(value)) => {
                Answer::Found(interpolate::result(common, request.key, value, request.args))
            }
            Ok(None) => Answer::NotFound { exit: EX_NOTFOUND },
            Err(_) => Answer::tempfail(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_numbers() {
        assert_eq!(column(b""), Some(0));
        assert_eq!(column(b"12"), Some(12));
        assert_eq!(column(b"-1"), None);
        assert_eq!(column(b"foo"), None);
    }
}
