use super::*;

const FILE: &[u8] = b"V10/Berkeley\n\
Kmacro macro\n\
Kaccess hash /etc/mail/access\n\
Kboth sequence access host\n\
CwLocalhost $=m\n\
D{site}example.com\n\
DjMail.$m\n\
O ErrorHeader=$?{site}x$.\n\
HSubject: $>+Check_Subject\n\
H?${site}?X-Site: $&{site}\n\
Scanonify=3\n\
R$* < @ $=w . > $*\t\t$: $>Parse_it $1 # $>not_this\n\
R$* $~{who}\t$: $(access $1 $: $(macro {seen} $@ $&j $) $) $#esmtp $@ $2 $: $1\n\
\n\
SParse_it\n\
R$+\t$@ $>3 $1\n\
R$+\t$#$1 $@ $>$&{next} x\n\
SCheck_Subject\n\
R$*\t$# error $@ 5.7.1 $: \"no\"\n\
Mesmtp,\tP=[IPC], F=mDF, S=EnvFrom/ HdrFrom, R=11,\n\
\tA=TCP $h\n";

/// Every mention as `line:column text kind name role owner`.
fn shown(file: &[u8]) -> String {
    let reference = CrossReference::of(file);
    let mut out = String::new();
    for mention in &reference.mentions {
        let place = mention.place;
        let text = String::from_utf8_lossy(&file[place.start..place.end]).into_owned();
        let owner = mention.owner.as_ref().map_or("-".into(), |owner| {
            format!("{} {}", owner.kind.name(), String::from_utf8_lossy(&owner.name))
        });
        let symbol = &mention.symbol;
        out += &format!(
            "{}:{} {text:?} {} {} {} ({owner})\n",
            place.line,
            place.column,
            symbol.kind.name(),
            String::from_utf8_lossy(&symbol.name),
            mention.role.name(),
        );
    }
    out
}

#[test]
fn mentions() {
    insta::assert_snapshot!(shown(FILE));
}

#[test]
fn computed_names_are_told_apart() {
    let reference = CrossReference::of(FILE);
    let computed: Vec<_> =
        reference.computed.iter().map(|mention| (mention.place.line, mention.role)).collect();
    assert_eq!(computed, [(17, Role::Choose), (17, Role::Call)]);
}

#[test]
fn a_number_is_the_name_it_was_given() {
    let reference = CrossReference::of(FILE);
    assert_eq!(reference.ruleset(b"3"), Symbol::new(Kind::Ruleset, &b"canonify"[..]));
    let symbol = reference.ruleset(b"canonify");
    let lines: Vec<_> = reference.mentions_of(&symbol).map(|m| m.place.line).collect();
    assert_eq!(lines, [11, 16]);
}

#[test]
fn what_stands_at_a_place() {
    let reference = CrossReference::of(FILE);
    let at = |needle: &str| {
        let offset = bstr::ByteSlice::find(FILE, needle.as_bytes()).unwrap();
        reference.mention_at(offset).map(|mention| mention.symbol.name.clone())
    };
    assert_eq!(at("Parse_it $1"), Some(b"Parse_it".to_vec()));
    assert_eq!(at("not_this"), None);
    assert_eq!(at("{seen}"), Some(b"seen".to_vec()));
    assert_eq!(reference.entry_at(21).map(|entry| entry.line.span.line), Some(20));
    assert!(reference.entry_at(14).is_none());
}

#[test]
fn every_name_is_where_it_is_said_to_be() {
    // Continuations, carriage returns and comments must not shift places.
    let file = b"V10\r\nR$* ${a}\t$&{b}\r\n\t$={c} # $d\r\n x\n\
SA\nR$* ${a}\t$&{b}\r\n\t$: $>c $x # $d\r\n x\n";
    let reference = CrossReference::of(file);
    for mention in &reference.mentions {
        let text = &file[mention.place.start..mention.place.end];
        let name = text.strip_prefix(b"{").map_or(text, |text| &text[..text.len() - 1]);
        assert_eq!(name, mention.symbol.name, "{mention:?}");
    }
    assert!(reference.mentions.len() > 4);
}
