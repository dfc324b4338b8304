//! Class `program`: the first line a program prints (MAP-043).

use super::{Answer, Class, Common, Declared, Env, MapSet, Request};
use crate::answer::{EX_OK, EX_OSFILE, EX_TEMPFAIL, EX_UNAVAILABLE};
use crate::interpolate;
use crate::services::{ProgramCall, ProgramEnd};

/// Longest value, bytes.
const MAX_VALUE: usize = 2047;

struct Program;

/// Shared flags, path, arguments.
pub(crate) fn declare(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    match super::parse_with_file(common, arguments) {
        Ok(errors) => Declared::with(Program, errors),
        Err(faulty) => faulty,
    }
}

impl Class for Program {
    fn lookup(&mut self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        let arguments = common.rest.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let argv: Vec<Vec<u8>> = std::iter::once(&common.file[..])
            .chain(arguments)
            .chain([request.key])
            .map(<[u8]>::to_vec)
            .collect();
        let call = ProgramCall {
            argv: &argv,
            environment: &env.settings.environment,
            user: env.settings.default_user,
            max_output: MAX_VALUE,
        };
        let output = match env.services.run_program(&call) {
            Ok(output) => output,
            Err(_) => return Answer::NotFound { exit: EX_OSFILE },
        };
        match output.end {
            ProgramEnd::Exited(EX_OK) if output.stdout.is_empty() => Answer::MISS,
            ProgramEnd::Exited(EX_OK) => {
                // sendmail takes it for a text of C
                let ends = |byte: &u8| matches!(byte, b'\n' | 0);
                let line = output.stdout.split(ends).next().unwrap_or_default();
                Answer::Found(interpolate::result(common, request.key, line, request.args))
            }
            ProgramEnd::Exited(EX_TEMPFAIL) => Answer::tempfail(),
            ProgramEnd::Exited(exit) => Answer::NotFound { exit },
            ProgramEnd::Signalled(signal) => {
                let signal = signal.to_string();
                let place = [b"prog_map_lookup(", &common.name[..], b"): "].concat();
                let text = [&place[..], b"child died on signal ", signal.as_bytes()].concat();
                env.error(text);
                Answer::NotFound { exit: EX_UNAVAILABLE }
            }
        }
    }
}
