//! Putting a rewritten address into its template. sendmail does it by expanding `$g`, so that octets of
//! an address that look like its own codes of `$x`, `$?x`, `$|` and `$.` act as such (observed).

use cf_parser::Name;
use cf_parser::text::{Op, Piece, Text};

use crate::crack::Cracked;
use crate::macros::Macros;
use crate::token::{TokenTable, held};

/// The codes of `$x` and `$?x`.
const MACRO: u8 = 0x81;
const IF: u8 = 0x9a;

/// The template with the address in it. Without a template there is only the address.
pub(crate) fn fill(
    template: Option<&Cracked>,
    address: Vec<u8>,
    macros: &mut Macros,
    table: &TokenTable,
) -> Vec<u8> {
    let plain = match template {
        Some(template) => template.fill(&address),
        None => address.clone(),
    };
    if !plain.iter().any(|byte| codes().contains(byte)) {
        return plain;
    }
    let frame = match template {
        Some(template) => template.fill(&[MACRO, b'g']),
        None => vec![MACRO, b'g'],
    };
    let before = macros.get(&Name::new(b"g")).cloned();
    macros.define(Name::new(b"g"), revive(&address, table));
    let expanded = macros.expand(&revive(&frame, table)).text;
    match before {
        Some(value) => macros.define(Name::new(b"g"), value),
        None => macros.clear(b"g"),
    }
    expanded.iter().flat_map(held).collect()
}

fn codes() -> [u8; 4] {
    [MACRO, IF, Op::Bar.octet(), Op::Dot.octet()]
}

/// Text in which codes are operators again.
fn revive(bytes: &[u8], table: &TokenTable) -> Text {
    let mut out = Text::new();
    let mut bytes = bytes.iter().copied();
    while let Some(byte) = bytes.next() {
        let piece = match byte {
            MACRO | IF => {
                let Some(code) = bytes.next() else { break };
                let name = match code {
                    0x80.. => Name::new(table.long_name(code)),
                    _ => Name::new(&[code]),
                };
                if byte == IF { Piece::If(name) } else { Piece::Macro(name) }
            }
            _ if byte == Op::Bar.octet() => Piece::Op(Op::Bar),
            _ if byte == Op::Dot.octet() => Piece::Op(Op::Dot),
            _ => Piece::Byte(byte),
        };
        out.push(piece);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crack::crack;
    use crate::token::ProgramTexts;
    use std::sync::Arc;

    #[test]
    fn codes_in_addresses_act_as_observed() {
        let table = TokenTable::new(Arc::new(ProgramTexts::default()));
        let mut macros = Macros::default();
        macros.set(b"j", b"mail.example.test");
        let rows: [(&[u8], &[u8]); 9] = [
            (b"plain@a", b"plain@a"),
            (b"a\x81jz", b"amail.example.testz"),
            (b"a\x81\xd1z", b"az"),
            (b"x\x9ajy\x9cz", b"xyz"),
            (b"x\x9aQy\x9bw\x9cz", b"xwz"),
            (b"x\x9bw", b"x\x9bw"),
            (b"x\x9aQy", b"x"),
            (b"a\x81", b"a"),
            (b"a\x82jz", b"a\x82jz"),
        ];
        for (address, expected) in rows {
            let filled = fill(None, address.to_vec(), &mut macros, &table);
            assert_eq!(bstr::BStr::new(&filled), bstr::BStr::new(expected));
        }
        let template = crack(b"n\x81j <a@b>");
        let filled = fill(Some(&template), b"x".to_vec(), &mut macros, &table);
        assert_eq!(bstr::BStr::new(&filled), "nmail.example.test <x>");
    }
}
