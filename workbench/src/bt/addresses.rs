//! `RULESETS ADDRESS`: rulesets applied one after the other (CMD-099).

use cf_parser::debug::Category;
use cf_parser::text::plain;
use ruleset_vm::limits::MAX_NAME;
use ruleset_vm::prescan::{Complaint, Mode, prescan};
use ruleset_vm::token::Token;
use ruleset_vm::validity::{invalid, shorten};
use ruleset_vm::{Exit, split_codes};

use super::Session;
use crate::traces::tokens;

impl Session<'_> {
    pub(super) fn rulesets(&mut self, line: &[u8]) {
        let line = line.trim_ascii_start();
        let Some(blank) = line.iter().position(u8::is_ascii_whitespace) else {
            self.say("No address!");
            return;
        };
        let names = line[..blank].to_vec();
        let mut rest = &line[blank + 1..];
        loop {
            let (tokens, used) = self.scan_list(rest);
            if let Some(tokens) = tokens {
                self.run_rulesets(&names, tokens);
            }
            match rest.get(used) {
                Some(_) => rest = &rest[used + 1..],
                None => return,
            }
        }
    }

    /// One address of a comma list, tokenized as rules are (RS-009).
    fn scan_list(&mut self, text: &[u8]) -> (Option<Vec<Token>>, usize) {
        if let Some(status) = invalid(text, Some(MAX_NAME)) {
            let head = if status.reply == Some(553) && !self.subject.is_empty() {
                let shown = shorten(&self.subject).into_iter().map(|byte| byte & 0x7f);
                shown.chain(*b"... ").collect()
            } else {
                Vec::new()
            };
            self.say([head, status.text].concat());
            self.fail(status.exit.0);
            return (None, text.len());
        }
        let program = self.configuration.program.clone();
        let mode = Mode {
            operators: program.operators(),
            delimiter: Some(b','),
            comments: program.comments_in_rules(),
            ignore: false,
        };
        // Here octet 0377 separates tokens (observed); addresses of mail lose its upper bit.
        let spaced: Vec<u8> =
            text.iter().map(|byte| if *byte == 0xff { b' ' } else { *byte }).collect();
        self.machine.reset();
        if !self.levels.on(Category::Tokens) {
            let (tokens, ending) = self.machine.tokenize(&spaced, mode);
            self.complain_of(text, &ending.complaints);
            return (tokens.filter(|tokens| !tokens.is_empty()), ending.used);
        }
        let scan = prescan(&spaced, mode);
        tokens::scan(&self.levels, &plain(&spaced), scan.tokens.as_deref(), &mut self.out);
        self.complain_of(text, &scan.complaints);
        tokens::scanned(&self.levels, scan.tokens.as_deref(), &mut self.out);
        let tokens = scan.tokens.filter(|tokens| !tokens.is_empty());
        (tokens.map(|tokens| self.machine.intern(&tokens)), scan.used)
    }

    /// Says what the tokenizer found wrong with a text.
    fn complain_of(&mut self, text: &[u8], complaints: &[Complaint]) {
        for complaint in complaints {
            let message = complaint.to_string();
            let text = [&shorten(text)[..], b"... ", split_codes(message.as_bytes()).1].concat();
            // Messages are shown in seven bits (observed).
            let text: Vec<u8> = text.iter().map(|byte| byte & 0x7f).collect();
            self.say(text);
        }
    }

    fn run_rulesets(&mut self, names: &[u8], tokens: Vec<Token>) {
        let mut workspace = tokens;
        let mut rest = names;
        while !rest.is_empty() {
            let Some(number) = self.ruleset_number(rest) else {
                self.undefined_ruleset(rest);
                return;
            };
            let outcome = self.with_rewriter(|rewriter| rewriter.apply(number, workspace));
            workspace = outcome.workspace;
            if outcome.exit != Exit::OK {
                let status = format!(" ({number}) status {}", outcome.exit.0);
                self.say([b"== Ruleset ", rest, status.as_bytes()].concat());
            }
            rest = match rest.iter().position(|byte| *byte == b',') {
                Some(comma) => &rest[comma + 1..],
                None => b"",
            };
        }
    }
}
