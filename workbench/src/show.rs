//! How sendmail prints tokens, rules and mailers.

use cf_parser::debug::{Category, Levels};
use cf_parser::text::plain;
use ruleset_vm::load::{Configuration, quoted};
use ruleset_vm::macros::bytes;
use ruleset_vm::mailer::Mailer;
use ruleset_vm::program::{Instr, Program, Rule, Ruleset};
use ruleset_vm::token::{Token, TokenTable};
use ruleset_vm::visible::visible_with;
pub use ruleset_vm::visible::{Operators, visible, visible_as, visible_text};

/// The value of a macro as `$x` shows it: octets of the operator range stand behind a quoting octet,
/// which shows as `M-` (observed).
#[must_use]
pub fn macro_value(text: &[u8]) -> Vec<u8> {
    visible(&cf_parser::octets(&quoted(&plain(text))))
}

/// How traces and listings look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// How operators are shown.
    pub operators: Operators,
    /// Each token on a line, its address in memory in front.
    pub pointers: bool,
}

impl Look {
    /// What debugging flags ask for.
    #[must_use]
    pub fn of(levels: &Levels) -> Self {
        let operators = match () {
            () if levels.at(Category::Codes, 2) => Operators::Octal,
            () if levels.at(Category::Codes, 1) => Operators::Hexadecimal,
            () if levels.ansi() => Operators::Reverse,
            () => Operators::Written,
        };
        Self { operators, pointers: levels.at(Category::Version, 44) }
    }

    /// Text.
    #[must_use]
    pub fn text(self, text: &[u8]) -> Vec<u8> {
        visible_as(self.operators, text)
    }

    /// What stands for nothing.
    #[must_use]
    pub fn nothing(self) -> Vec<u8> {
        match self.operators {
            Operators::Reverse => b"\x1b[7m<null>\x1b[0m".to_vec(),
            _ => b"<null>".to_vec(),
        }
    }

    /// A token.
    #[must_use]
    pub fn token(self, token: Token, table: &TokenTable) -> Vec<u8> {
        visible_with(self.operators, &octets(table, token), &|code| table.long_name(code))
    }

    /// Tokens or other words, a space before each.
    pub fn words(self, words: impl Iterator<Item = Vec<u8>>, out: &mut Vec<u8>) {
        let mut offset = 0;
        for word in words {
            if self.pointers {
                out.extend(format!("\n\t7ffd{:08x}=", 0x1000_0000 + offset).into_bytes());
                offset += word.len() + 1;
            } else {
                out.push(b' ');
            }
            out.extend(word);
        }
    }

    /// A workspace.
    pub fn workspace(self, tokens: &[Token], table: &TokenTable, out: &mut Vec<u8>) {
        if self.pointers {
            return self.words(tokens.iter().map(|token| self.token(*token, table)), out);
        }
        for token in tokens {
            match table.plain_text(*token) {
                Some([byte]) => out.extend_from_slice(&[b' ', *byte]),
                Some(text) => {
                    out.push(b' ');
                    out.extend_from_slice(text);
                }
                None => {
                    out.push(b' ');
                    out.extend(self.token(*token, table));
                }
            }
        }
    }

    /// One instruction of a rule as its token.
    #[must_use]
    pub fn instruction(self, instr: &Instr, table: &TokenTable) -> Vec<u8> {
        let named = |octet: u8, name: &cf_parser::Name| {
            let mut out = vec![octet];
            name.write(&mut out);
            out
        };
        self.text(&match instr {
            Instr::Literal(token) | Instr::Emit(token) | Instr::Inert(token) => {
                octets(table, *token)
            }
            Instr::ZeroOrMore => vec![0x90],
            Instr::OneOrMore => vec![0x91],
            Instr::One => vec![0x92],
            Instr::Nothing => vec![0x97],
            Instr::Class(_, name) => named(0x93, name),
            Instr::NotClass(_, name) => named(0x94, name),
            Instr::Deferred(name) => named(0x82, name),
            Instr::Copy(number) => vec![0x95, b'0' + number],
        })
    }

    /// The instructions of one side of a rule as tokens, a space after each.
    #[must_use]
    pub fn instructions(self, code: &[Instr], table: &TokenTable) -> Vec<u8> {
        code.iter().flat_map(|instr| [&self.instruction(instr, table)[..], b" "].concat()).collect()
    }

    /// The right-hand side with the `$:` or `$@` in front.
    #[must_use]
    pub fn right_side(self, ruleset: &Ruleset, rule: &Rule, table: &TokenTable) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(prefix) = rule.prefix {
            out.extend(self.token(prefix, table));
            out.push(b' ');
        }
        out.extend(self.instructions(&ruleset.code[rule.rhs.clone()], table));
        out
    }

    /// `=Sname`: a line for each rule (CMD-105).
    #[must_use]
    pub fn rules(self, program: &Program, number: usize, table: &TokenTable) -> Vec<u8> {
        let mut out = Vec::new();
        let Some(ruleset) = program.ruleset(number) else { return out };
        for rule in &ruleset.rules {
            out.push(b'R');
            out.extend(self.instructions(&ruleset.code[rule.lhs.clone()], table));
            out.extend_from_slice(b"\t\t");
            out.extend(self.right_side(ruleset, rule, table));
            out.push(b'\n');
        }
        out
    }
}

/// A workspace: a space before each token.
#[must_use]
pub fn workspace(tokens: &[Token], table: &TokenTable) -> Vec<u8> {
    let mut out = Vec::new();
    Look::default().workspace(tokens, table, &mut out);
    out
}

/// The octets in which sendmail holds a token.
#[must_use]
pub fn octets(table: &TokenTable, token: Token) -> Vec<u8> {
    table.join(&[token], None)
}

/// `=M`: a line for each mailer (CMD-106).
#[must_use]
pub fn mailers(configuration: &Configuration) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, mailer) in configuration.mailers.iter().enumerate() {
        out.extend(mailer_line(index, mailer, &configuration.program));
    }
    out
}

fn mailer_line(index: usize, mailer: &Mailer, program: &Program) -> Vec<u8> {
    let pair = |pair: ruleset_vm::mailer::RulesetPair| {
        [program.name(pair.envelope), b"/".to_vec(), program.name(pair.header)].concat()
    };
    let id = |id: Option<u32>| id.map_or_else(|| "-1".to_string(), |id| id.to_string());
    let mut out = format!("mailer {index} (").into_bytes();
    out.extend_from_slice(&mailer.name);
    out.extend_from_slice(b"): P=");
    out.extend_from_slice(&mailer.path);
    out.extend_from_slice(b" S=");
    out.extend(pair(mailer.sender));
    out.extend_from_slice(b" R=");
    out.extend(pair(mailer.recipient));
    out.extend(
        format!(" M={} U={}:{} F=", mailer.max_size, id(mailer.uid), id(mailer.gid)).bytes(),
    );
    out.extend(mailer.flags.sorted());
    out.extend(format!(" L={} E=", mailer.line_limit).bytes());
    out.extend(visible(&mailer.eol));
    if let Some(charset) = &mailer.charset {
        out.extend_from_slice(b" C=");
        out.extend_from_slice(charset);
    }
    out.extend_from_slice(b" T=");
    let types = [&mailer.types.mta, &mailer.types.address, &mailer.types.diagnostic];
    let types: Vec<&[u8]> = types.iter().map(|t| t.as_deref().unwrap_or(b"<undefined>")).collect();
    out.extend(types.join(&b'/'));
    out.extend(format!(" r={} A=", mailer.max_recipients).bytes());
    let words: Vec<Vec<u8>> = mailer.argv.iter().map(|word| visible(&bytes(word))).collect();
    out.extend(words.join(&b' '));
    out.push(b'\n');
    out
}
