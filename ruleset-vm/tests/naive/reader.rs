//! Reads the part of the language that the naive engine knows: `V`, two options, `D`, `C`, `S` and `R`
//! lines without continuation, without macros expanded at reading time, without lookups. Names of
//! macros and classes begin with a capital letter, so that none is predefined.

use super::{Token, Undecided, octet};

/// A part of a left- or right-hand side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A word, an operator character, a quoted string, or a dollar operator that stands for itself.
    Literal(Token),
    /// `$*`
    ZeroOrMore,
    /// `$+`
    OneOrMore,
    /// `$-`
    One,
    /// `$=x`
    Class(Vec<u8>),
    /// `$~x`
    NotClass(Vec<u8>),
    /// `$@` on the left
    Nothing,
    /// `$&x`
    Macro(Vec<u8>),
    /// `$1` to `$9`
    Argument(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) left: Vec<Part>,
    pub(crate) right: Vec<Part>,
}

#[derive(Clone, Debug)]
pub(crate) struct Ruleset {
    pub(crate) name: Vec<u8>,
    pub(crate) rules: Vec<Rule>,
}

/// A file. Everything is found by walking through lists.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) rulesets: Vec<Ruleset>,
    /// Pairs of class and member.
    pub(crate) members: Vec<(Vec<u8>, Vec<u8>)>,
    /// Pairs of macro and value; the last one counts.
    pub(crate) macros: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) operators: Vec<u8>,
    pub(crate) blank: u8,
}

type Read<T> = Result<T, Undecided>;

/// What `O OperatorChars` cannot take away.
const FIXED_OPERATORS: &[u8] = b"()<>,;";

pub(crate) fn read(cf: &[u8]) -> Read<File> {
    let mut file = File {
        rulesets: Vec::new(),
        members: Vec::new(),
        macros: Vec::new(),
        operators: [b".:@[]", FIXED_OPERATORS].concat(),
        blank: b' ',
    };
    let body = cf.strip_prefix(b"V10/Berkeley\n").ok_or(Undecided::NotUnderstood)?;
    let mut current = None;
    for line in body.split(|byte| *byte == b'\n') {
        if !line.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
            return Err(Undecided::NotUnderstood);
        }
        match line.first() {
            None => {}
            Some(b'O') => option(&mut file, line)?,
            Some(b'D') => definition(&mut file, &line[1..])?,
            Some(b'C') => class(&mut file, &line[1..])?,
            Some(b'S') => current = Some(ruleset(&mut file, &line[1..])?),
            Some(b'R') => {
                let rule = rule(&file, &line[1..])?;
                let current: usize = current.ok_or(Undecided::NotUnderstood)?;
                file.rulesets[current].rules.push(rule);
            }
            Some(_) => return Err(Undecided::NotUnderstood),
        }
    }
    Ok(file)
}

fn option(file: &mut File, line: &[u8]) -> Read<()> {
    let understood = if let Some(value) = line.strip_prefix(b"O OperatorChars=") {
        file.operators = [value, FIXED_OPERATORS].concat();
        // Its length is limited, and it counts only in front of the first rule.
        !value.is_empty()
            && value.len() < 30
            && file.rulesets.is_empty()
            && value.iter().all(|byte| byte.is_ascii_punctuation() && !b"\"\\$#".contains(byte))
    } else if let [value] = line.strip_prefix(b"O BlankSub=").unwrap_or_default() {
        file.blank = *value;
        value.is_ascii_graphic() && !b"\"\\$#".contains(value)
    } else {
        false
    };
    if understood { Ok(()) } else { Err(Undecided::NotUnderstood) }
}

/// The name of a macro or class at the front of `text` and the rest.
fn name(text: &[u8]) -> Read<(Vec<u8>, &[u8])> {
    let (name, rest) = match text {
        [b'{', rest @ ..] => {
            let end = rest.iter().position(|b| *b == b'}').ok_or(Undecided::NotUnderstood)?;
            (rest[..end].to_vec(), &rest[end + 1..])
        }
        [letter, rest @ ..] => (vec![*letter], rest),
        [] => return Err(Undecided::NotUnderstood),
    };
    let plain = name.iter().all(u8::is_ascii_alphanumeric) && name.len() <= 12;
    if plain && name.first().is_some_and(u8::is_ascii_uppercase) {
        Ok((name, rest))
    } else {
        Err(Undecided::NotUnderstood)
    }
}

fn definition(file: &mut File, text: &[u8]) -> Read<()> {
    let (name, value) = name(text)?;
    let blanks_around = value.first() == Some(&b' ') || value.last() == Some(&b' ');
    if blanks_around || value.iter().any(|byte| b"\t\"\\$#".contains(byte)) {
        return Err(Undecided::NotUnderstood);
    }
    file.macros.push((name, value.to_vec()));
    Ok(())
}

fn class(file: &mut File, text: &[u8]) -> Read<()> {
    let (name, words) = name(text)?;
    if words.iter().any(|byte| b"\t\"\\$#".contains(byte)) {
        return Err(Undecided::NotUnderstood);
    }
    for word in words.split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
        file.members.push((name.clone(), word.to_vec()));
    }
    Ok(())
}

fn ruleset(file: &mut File, name: &[u8]) -> Read<usize> {
    if let Some(known) = file.rulesets.iter().position(|set| set.name == name) {
        return Ok(known);
    }
    if !is_word(name) && !is_number(name) || file.rulesets.len() >= 90 {
        return Err(Undecided::NotUnderstood);
    }
    file.rulesets.push(Ruleset { name: name.to_vec(), rules: Vec::new() });
    Ok(file.rulesets.len() - 1)
}

fn is_word(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.iter().all(u8::is_ascii_alphanumeric)
        && name.len() <= 12
}

/// A number of a ruleset as everybody writes it.
fn is_number(name: &[u8]) -> bool {
    name == b"0" || matches!(name, [b'1'..=b'9'] | [b'1'..=b'9', b'0'..=b'9'])
}

/// Left-hand side, tabs, right-hand side, perhaps a tab and a comment.
fn rule(file: &File, text: &[u8]) -> Read<Rule> {
    let mut columns = text.split(|byte| *byte == b'\t').filter(|column| !column.is_empty());
    let (left, right) = (columns.next(), columns.next());
    let (Some(left), Some(right)) = (left, right) else { return Err(Undecided::NotUnderstood) };
    if text.first() == Some(&b'\t') {
        return Err(Undecided::NotUnderstood);
    }
    Ok(Rule { left: side(file, left, true)?, right: side(file, right, false)? })
}

/// Cuts one side of a rule into its parts.
fn side(file: &File, text: &[u8], left: bool) -> Read<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.first() {
        let (part, after) = match first {
            b' ' => {
                rest = &rest[1..];
                continue;
            }
            b'$' if rest.get(1) != Some(&b'$') => dollar(&rest[1..], left)?,
            b'"' => {
                let end = rest[1..].iter().position(|b| *b == b'"');
                let end = end.ok_or(Undecided::NotUnderstood)? + 2;
                if rest[..end].iter().any(|byte| b"\\$".contains(byte)) {
                    return Err(Undecided::NotUnderstood);
                }
                (Part::Literal(rest[..end].to_vec()), &rest[end..])
            }
            b'\\' | b'#' => return Err(Undecided::NotUnderstood),
            byte if file.operators.contains(byte) => (Part::Literal(vec![*byte]), &rest[1..]),
            _ => atom(file, rest),
        };
        parts.push(part);
        rest = after;
    }
    if parts.is_empty() { Err(Undecided::NotUnderstood) } else { Ok(parts) }
}

fn atom<'a>(file: &File, text: &'a [u8]) -> (Part, &'a [u8]) {
    let (mut atom, mut at) = (Vec::new(), 0);
    while let Some(byte) = text.get(at) {
        match byte {
            b'$' if text.get(at + 1) == Some(&b'$') => at += 1,
            b' ' | b'"' | b'\\' | b'#' | b'$' => break,
            byte if file.operators.contains(byte) => break,
            _ => {}
        }
        atom.push(*byte);
        at += 1;
    }
    (Part::Literal(atom), &text[at..])
}

/// What stands behind a dollar sign.
fn dollar(text: &[u8], left: bool) -> Read<(Part, &[u8])> {
    let (letter, rest) = text.split_first().ok_or(Undecided::NotUnderstood)?;
    let part = match (letter, left) {
        (b'*', true) => Part::ZeroOrMore,
        (b'+', true) => Part::OneOrMore,
        (b'-', true) => Part::One,
        (b'@', true) => Part::Nothing,
        (b'=', true) => return name(rest).map(|(name, rest)| (Part::Class(name), rest)),
        (b'~', true) => return name(rest).map(|(name, rest)| (Part::NotClass(name), rest)),
        (b'&', _) => return name(rest).map(|(name, rest)| (Part::Macro(name), rest)),
        (b'1'..=b'9', false) => Part::Argument(usize::from(letter - b'0')),
        (b'#' | b'|', true) | (b'#' | b'@' | b':' | b'>' | b'|', false) => {
            Part::Literal(vec![octet(*letter).ok_or(Undecided::NotUnderstood)?])
        }
        _ => return Err(Undecided::NotUnderstood),
    };
    Ok((part, rest))
}

impl File {
    /// Whether two of these in a row are written with a blank between them.
    pub(crate) fn is_atom(&self, token: &[u8]) -> bool {
        match token {
            [byte] => !self.operators.contains(byte) && byte.is_ascii(),
            [b'"', ..] => false,
            _ => true,
        }
    }

    /// Tokens as one text.
    pub(crate) fn join(&self, tokens: &[Token]) -> Vec<u8> {
        let mut text = Vec::new();
        for (index, token) in tokens.iter().enumerate() {
            if index > 0 && self.is_atom(token) && self.is_atom(&tokens[index - 1]) {
                text.push(self.blank);
            }
            text.extend_from_slice(token);
        }
        text
    }

    /// The names of the rulesets in order of appearance.
    pub(crate) fn names(&self) -> Vec<Vec<u8>> {
        self.rulesets.iter().map(|set| set.name.clone()).collect()
    }

    /// Whether this stands for a ruleset, be it one without rules.
    pub(crate) fn knows(&self, name: &[u8]) -> Read<bool> {
        match name {
            name if is_number(name) => Ok(true),
            name if is_word(name) => Ok(self.rulesets.iter().any(|set| set.name == name)),
            _ => Err(Undecided::NotUnderstood),
        }
    }

    pub(crate) fn in_class(&self, class: &[u8], text: &[u8]) -> bool {
        self.members.iter().any(|(name, member)| name == class && member.eq_ignore_ascii_case(text))
    }

    pub(crate) fn macro_value(&self, name: &[u8]) -> &[u8] {
        let found = self.macros.iter().rev().find(|(known, _)| known == name);
        found.map_or(&[], |(_, value)| value)
    }
}
