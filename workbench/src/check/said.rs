//! sendmail's own messages, each with a code and better words.

use std::ops::Range;

use cf_parser::item::Directive;
use cf_parser::options::{Found, OPTIONS, by_name, name as option_name};
use cf_parser::{Diagnostic, Span};

use super::Context;
use super::catalogue::{self, Check};
use super::finding::{Edit, Finding, Severity, shown};
use super::options::{self, Unknown};
use super::suggest::nearest;

/// How a message begins or ends, and which check it belongs to. The first row that fits counts.
const ROWS: [(Fit, &Check); 52] = [
    (Fit::End("(tab expected)"), &catalogue::TAB_MISSING),
    (Fit::Start("missing valid ruleset for"), &catalogue::RULE_OUTSIDE),
    (Fit::Start("unknown configuration line"), &catalogue::LINE_UNKNOWN),
    (Fit::Start("Name required for macro/class"), &catalogue::NAME_FAULTY),
    (Fit::Start("Invalid macro/class character"), &catalogue::NAME_FAULTY),
    (Fit::Start("Unbalanced { on"), &catalogue::NAME_FAULTY),
    (Fit::Start("Macro/class name ("), &catalogue::NAME_FAULTY),
    (Fit::Start("Unable to assign macro/class ID"), &catalogue::NAME_FAULTY),
    (Fit::Start("replacement $"), &catalogue::REPLACEMENT),
    (Fit::Start("Inappropriate use of"), &catalogue::OPERATOR_MISPLACED),
    (Fit::End("too many wildcards"), &catalogue::WILDCARDS),
    (Fit::Start("cannot nest map lookups"), &catalogue::LOOKUP_BRACKETS),
    (Fit::Start("missing map closing token"), &catalogue::LOOKUP_BRACKETS),
    (Fit::Start("too many arguments for map lookup"), &catalogue::LOOKUP_BRACKETS),
    (Fit::Start("R line: null"), &catalogue::SIDE_EMPTY),
    (Fit::Start("invalid ruleset name"), &catalogue::RULESET_NAME),
    (Fit::Start("bad ruleset"), &catalogue::RULESET_NAME),
    (Fit::End("too many named rulesets (100 max)"), &catalogue::RULESET_NAME),
    (Fit::Middle("ruleset changed value"), &catalogue::RULESET_NAME),
    (Fit::End("has multiple definitions"), &catalogue::RULESET_REOPENED),
    (Fit::Middle(" used as abbreviation for "), &catalogue::OPTION_ABBREVIATED),
    (Fit::Start("readcf: ambiguous option name"), &catalogue::OPTION_AMBIGUOUS),
    (Fit::Start("readcf: unknown option name"), &catalogue::OPTION_UNKNOWN),
    (Fit::Start("readcf: null option name"), &catalogue::OPTION_UNKNOWN),
    (Fit::Middle(" not available"), &catalogue::MAP_CLASS),
    (Fit::Start("readcf: config K line"), &catalogue::MAP_LINE),
    (Fit::Middle(": unknown user "), &catalogue::USER_UNKNOWN),
    (Fit::Middle(": unknown group "), &catalogue::USER_UNKNOWN),
    (Fit::Start("service \""), &catalogue::USER_UNKNOWN),
    (Fit::Start("host \""), &catalogue::USER_UNKNOWN),
    (Fit::Start("fileclass:"), &catalogue::CLASS_FILE),
    (Fit::Start("expand: recursion too deep"), &catalogue::MACRO_RECURSION),
    (Fit::End("mailer must be TCP or FILE"), &catalogue::MAILER_IPC_WORD),
    (Fit::Start("No local mailer defined"), &catalogue::MAILER_LOCAL),
    (Fit::Start("QueueDirectory (Q) option"), &catalogue::OPTION_MISSING),
    (Fit::Start("Warning: OperatorChars"), &catalogue::OPERATORS_LATE),
    (Fit::Start("WARNING: SuperSafe"), &catalogue::OPTIONS_UNFIT),
    (Fit::Start("Warning: HostStatusDirectory"), &catalogue::OPTIONS_UNFIT),
    (Fit::Start("Can't initialize mailbox database"), &catalogue::OPTION_VALUE),
    (Fit::Start("WARNING: local host name ("), &catalogue::HOST_UNQUALIFIED),
    (Fit::Start("invalid V line vendor code"), &catalogue::VENDOR),
    (Fit::Start("Warning: .cf version level"), &catalogue::LEVEL_NEW),
    (Fit::Start("Warning: .cf file is out of date"), &catalogue::LEVEL_OLD),
    (Fit::Start("dialect "), &catalogue::DIALECT),
    (Fit::Start("readcf: mailer U="), &catalogue::USER_UNKNOWN),
    (Fit::Line('O'), &catalogue::OPTION_VALUE),
    (Fit::Line('K'), &catalogue::MAP_LINE),
    (Fit::Line('M'), &catalogue::MAILER_LINE),
    (Fit::Line('Q'), &catalogue::SERVICE_LINE),
    (Fit::Line('X'), &catalogue::SERVICE_LINE),
    (Fit::Line('F'), &catalogue::CLASS_FILE),
    (Fit::Start(""), &catalogue::OTHER),
];

/// What a row asks of a message.
#[derive(Clone, Copy)]
enum Fit {
    Start(&'static str),
    End(&'static str),
    Middle(&'static str),
    /// The first letter of the line it is about.
    Line(char),
}

impl Fit {
    fn fits(self, text: &[u8], line: &[u8]) -> bool {
        match self {
            Self::Start(start) => text.starts_with(start.as_bytes()),
            Self::End(end) => text.ends_with(end.as_bytes()),
            Self::Middle(part) => memchr::memmem::find(text, part.as_bytes()).is_some(),
            Self::Line(letter) => line.first().is_some_and(|first| char::from(*first) == letter),
        }
    }
}

pub(super) fn check(context: &mut Context<'_>) {
    for diagnostic in context.subject.diagnostics {
        let line = context.source.logical(diagnostic.span).unwrap_or(0..0);
        let text = context.source.text(line.clone());
        let row = ROWS.iter().find(|(fit, _)| fit.fits(&diagnostic.text, text));
        let check = row.map_or(&catalogue::OTHER, |(_, check)| *check);
        if let Some(mut finding) = finding(context, check, diagnostic) {
            finding.sendmail = Some(diagnostic.text.clone());
            context.report(finding);
        }
    }
}

/// The finding of a message; nothing where another check looks at the same.
fn finding(context: &Context<'_>, check: &'static Check, said: &Diagnostic) -> Option<Finding> {
    let span = said.span;
    let source = &context.source;
    let line = source.logical(span);
    let own = |at: Option<Range<usize>>, message: String| Some(Finding::new(check, at, message));
    match check.code {
        // the lines themselves tell more
        "BP0101" | "BP0314" | "BP0702" | "BP0703" => None,
        "BP0401" => replacement(context, check, said),
        "BP0402" => misplaced(context, check, said),
        "BP0201" => Some(unknown_option(context, span)),
        "BP0203" => abbreviated(context, check, said),
        "BP0204" => {
            let at = options::name_at(source, span)?;
            let name = shown(source.text(at.clone()));
            let matches = behind(&said.text, b" (matches ").unwrap_or_default();
            let matches = shown(matches.strip_suffix(b")").unwrap_or(matches));
            own(Some(at), format!("`{name}` could be {matches}"))
        }
        "BP0104" => {
            let first = source.line(span.line);
            let text = shown(source.text(first.clone()));
            own(Some(first), format!("no kind of line begins like `{}`", cut(&text)))
                .map(|finding| in_a_dialect(context, finding))
        }
        "BP0504" => ipc_word(context, check, span),
        "BP0312" => {
            let name = behind(&said.text, b": class ").unwrap_or(&said.text);
            let class = name.split(|byte| *byte == b' ').next().unwrap_or_default();
            let at = source.find(span, class);
            let finding =
                Finding::new(check, at, format!("there is no map class `{}`", shown(class)));
            Some(match map_class(class) {
                Some(other) => finding.help(other),
                None => finding,
            })
        }
        "BP0213" => {
            let unknown = said.text.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
            let unknown = unknown.strip_prefix(b"\"").unwrap_or(unknown);
            let at = source.find(span, unknown).or(line);
            own(at, plain(&said.text))
        }
        "BP0601" => {
            let text = said.text.strip_prefix(b"fileclass: ").unwrap_or(&said.text);
            own(line, format!("the members of the class are missing: {}", plain(text)))
        }
        "BP0708" => {
            let name = context.subject.configuration.macros.value(b"j");
            let define = context.outline.macros.get(&cf_parser::Name::new(b"j"));
            let at = define.and_then(|spans| source.logical(*spans.last()?));
            own(at, format!("`$j` is `{}`, which has no domain", shown(&name)))
                .map(|finding| finding.help("define it: `Djhost.example.com`"))
        }
        "BP0209" => own(line, "OperatorChars is set behind the first rule".to_owned()),
        "BP0507" => own(None, "no mailer is named `local`".to_owned()),
        "BP0212" => own(None, "the option QueueDirectory is not set".to_owned()),
        "BP0405" => {
            let side = if said.text.ends_with(b"LHS") { "left" } else { "right" };
            own(line, format!("the {side} side of the rule is empty"))
        }
        "BP0108" => {
            own(line, "no ruleset has been begun that this rule could belong to".to_owned())
        }
        "BP0704" => {
            let finding =
                Finding::new(check, line, "the file is written for another vendor's sendmail");
            Some(finding.help("`bangpath --dialect auto` runs those of SunOS, 4.3BSD and IDA"))
        }
        "BP0205" => Some(option_value(context, check, said)),
        _ => own(
            line.map(|line| context.source.line(context.source.position(line.start).0)),
            plain(&said.text),
        ),
    }
}

/// sendmail's words without the part that names its function.
fn plain(text: &[u8]) -> String {
    shown(text.strip_prefix(b"readcf: ").unwrap_or(text))
}

fn cut(text: &str) -> &str {
    const MOST: usize = 40;
    text.get(..MOST).unwrap_or(text)
}

fn behind<'t>(text: &'t [u8], mark: &[u8]) -> Option<&'t [u8]> {
    text.get(memchr::memmem::find(text, mark)? + mark.len()..)
}

/// `replacement $3 out of bounds`
fn replacement(context: &Context<'_>, check: &'static Check, said: &Diagnostic) -> Option<Finding> {
    let number = behind(&said.text, b"replacement $")?.first().copied()?;
    let item = context.outline.items.iter().find(|item| item.span == said.span)?;
    let Directive::Rule { lhs, .. } = &item.directive else { return None };
    let count = super::rules::wildcards(lhs);
    let has = match count {
        0 => "no wildcard".to_owned(),
        1 => "one wildcard".to_owned(),
        count => format!("{count} wildcards"),
    };
    let written = [b'$', number];
    let at = right_side(context, said.span, &written);
    let message = format!("${} is used, but the left side has {has}", char::from(number));
    Some(Finding::new(check, at, message))
}

/// Where `text` stands on the right side of a rule; on the left side, or in the line, if it does not.
fn right_side(context: &Context<'_>, span: Span, text: &[u8]) -> Option<Range<usize>> {
    let source = &context.source;
    let whole = source.logical(span)?;
    let tab = memchr::memchr(b'\t', source.text(whole.clone())).unwrap_or(0);
    source.find_in(whole.start + tab..whole.end, text).or_else(|| source.find(span, text))
}

/// `Inappropriate use of $+ on RHS`
fn misplaced(context: &Context<'_>, check: &'static Check, said: &Diagnostic) -> Option<Finding> {
    let words: Vec<&[u8]> = said.text.split(|byte| *byte == b' ').collect();
    let operator = words.get(3).copied()?;
    let left = said.text.ends_with(b"LHS");
    let written = if operator == b"$1-$9" { b"$" } else { operator };
    let at = match left {
        true => context.source.find(said.span, written),
        false => right_side(context, said.span, written),
    };
    let side = if left { "left" } else { "right" };
    let message = format!("`{}` has no meaning on the {side} side of a rule", shown(operator));
    Some(Finding::new(check, at, message))
}

fn unknown_option(context: &Context<'_>, span: Span) -> Finding {
    let source = &context.source;
    let Some(at) = options::name_at(source, span) else {
        let message = "an option has no name";
        return Finding::new(&catalogue::OPTION_UNKNOWN, source.logical(span), message);
    };
    let name = source.text(at.clone());
    let finding = |check, message: String| Finding::new(check, Some(at.clone()), message);
    match options::unknown(name) {
        Unknown::Withdrawn(instead) => {
            let message = format!("the option `{}` does not exist any more", shown(name));
            finding(&catalogue::OPTION_WITHDRAWN, message).help(instead)
        }
        Unknown::OtherBuild(full) => {
            let message = format!("the option `{full}` exists in other builds of sendmail only");
            finding(&catalogue::OPTION_OTHER_BUILD, message)
        }
        Unknown::Misspelt(near) => {
            let message = format!("there is no option `{}`", shown(name));
            finding(&catalogue::OPTION_UNKNOWN, message).help(format!("perhaps `{near}`"))
        }
        Unknown::Nothing => {
            let message = format!("there is no option `{}`", shown(name));
            in_a_dialect(context, finding(&catalogue::OPTION_UNKNOWN, message))
        }
    }
}

/// Another vendor's file: what its `V` line says.
fn in_a_dialect(context: &Context<'_>, finding: Finding) -> Finding {
    match cf_parser::dialect::Dialect::of_file(context.subject.bytes) {
        Some(dialect) => finding.help(format!(
            "the file is written for another sendmail: `--dialect {}` runs it",
            dialect.name()
        )),
        None => finding,
    }
}

fn abbreviated(context: &Context<'_>, check: &'static Check, said: &Diagnostic) -> Option<Finding> {
    let at = options::name_at(&context.source, said.span)?;
    let name = context.source.text(at.clone());
    let Found::Abbreviation(option) = by_name(name) else { return None };
    let full = option_name(option);
    let message = format!("`{}` is short for `{full}`", shown(name));
    let edit = Edit { at: at.clone(), text: full.as_bytes().to_vec() };
    Some(Finding::new(check, Some(at), message).fix(format!("write `{full}`"), vec![edit]))
}

/// `A=IPC $h`
fn ipc_word(context: &Context<'_>, check: &'static Check, span: Span) -> Option<Finding> {
    let source = &context.source;
    let at = source.find(span, b"IPC $h").map(|at| at.start..(at.start + 3).min(at.end));
    let is_word = at.clone().is_some_and(|at| source.text(at).eq_ignore_ascii_case(b"IPC"));
    let at = at.or_else(|| source.logical(span));
    let message = "the first argument of an [IPC] mailer is neither TCP nor FILE";
    let finding = Finding::new(check, at.clone(), message).help("write `A=TCP $h`");
    Some(match at.filter(|_| is_word) {
        Some(at) => finding.fix("write `TCP`", vec![Edit { at, text: b"TCP".to_vec() }]),
        None => finding,
    })
}

/// What to write for a class of maps that is not built in.
fn map_class(class: &[u8]) -> Option<String> {
    const OTHERS: [(&str, &str); 5] = [
        ("dbm", "use `hash`, and make the database with `makemap hash`"),
        ("ndbm", "use `hash`, and make the database with `makemap hash`"),
        ("cdb", "use `hash`, and make the database with `makemap hash`"),
        ("ldapx", "use `ldap`"),
        ("netinfo", "no build for this system has it"),
    ];
    const KNOWN: [&str; 24] = [
        "hash", "btree", "implicit", "stab", "text", "user", "userdb", "host", "dns", "bestmx",
        "dequote", "regex", "program", "sequence", "switch", "macro", "arith", "arpa", "syslog",
        "null", "socket", "ldap", "nis", "nisplus",
    ];
    let other = OTHERS.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(class));
    let near = || nearest(class, KNOWN.iter().map(|name| name.as_bytes()));
    other
        .map(|(_, text)| (*text).to_owned())
        .or_else(|| Some(format!("perhaps `{}`", shown(near()?))))
}

/// A value that is not understood: which word of it, and what was meant.
fn option_value(context: &Context<'_>, check: &'static Check, said: &Diagnostic) -> Finding {
    let source = &context.source;
    let whole = source.logical(said.span);
    let (before, _) =
        said.text.split_at(memchr::memmem::find(&said.text, b" unrecognized").unwrap_or(0));
    let word = before.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    let value = whole.clone().and_then(|whole| {
        let equals = memchr::memchr(b'=', source.text(whole.clone())).map_or(0, |at| at + 1);
        (!word.is_empty()).then(|| source.find_in(whole.start + equals..whole.end, word))?
    });
    let item = context.outline.items.iter().find(|item| item.span == said.span);
    let option = item.and_then(|item| match &item.directive {
        Directive::Option(line) => OPTIONS.get(line.option),
        _ => None,
    });
    let Some((at, option)) = value.zip(option) else {
        let at = whole.map(|whole| source.line(source.position(whole.start).0));
        let finding = Finding::new(check, at, plain(&said.text));
        let mild = !matches!(said.severity, cf_parser::Severity::Error { .. });
        return if mild { finding.as_severity(Severity::Warning) } else { finding };
    };
    let message = format!("`{}` is no word of the option {}", shown(word), option.name);
    let finding = Finding::new(check, Some(at), message);
    let near = nearest(word, options::words(option).iter().map(|word| word.as_bytes()));
    match near {
        Some(near) => finding.help(format!("perhaps `{}`", shown(near))),
        None => finding,
    }
}
