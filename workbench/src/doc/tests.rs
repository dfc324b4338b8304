use super::*;

const FILE: &[u8] = b"V10/Berkeley\n\
Kmacro macro\n\
Kaccess hash /etc/mail/access\n\
Kspare hash /etc/mail/spare\n\
Cwlocalhost\n\
CLroot\n\
DSmail.example.com\n\
O ErrorHeader=$?{site}x$.\n\
O Timeout.ident=0\n\
HSubject: $>Check_Subject\n\
Scanonify=3\n\
R$* < @ $=w . > $*\t$: $>Parse_it $1\n\
R$* $={who}\t\t$: $(access $1 $: $(macro {seen} $@ $&j $) $)\n\
\n\
SParse_it\n\
R$+\t\t\t$@ $>3 $1 $>missing\n\
R$+\t\t\t$#esmtp $@ $S $: $1\n\
\n\
Scheck_rcpt\n\
R$+\t\t\t$# error $@ 5.7.1 $: \"no\"\n\
R$+\t\t\t$#OK\n\
Mesmtp,\t\tP=[IPC], S=EnvFrom/HdrFrom, R=Parse_it, A=TCP $h\n";

#[test]
fn for_people() {
    let reference = CrossReference::of(FILE);
    insta::assert_snapshot!(String::from_utf8(text(&reference, b"x.cf")).unwrap());
}

#[test]
fn for_machines() {
    let reference = CrossReference::of(FILE);
    let lines: Vec<_> = objects(&reference).map(|object| object.to_string()).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn for_graphviz() {
    let reference = CrossReference::of(FILE);
    insta::assert_snapshot!(String::from_utf8(dot(&reference)).unwrap());
}
