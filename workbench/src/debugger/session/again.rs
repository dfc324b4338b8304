//! What makes another run: another address or task, an edit.

use std::sync::Arc;

use ruleset_vm::load::Configuration;

use super::super::difference::Difference;
use super::super::input::Input;
use super::super::run::Run;
use super::super::task::Task;
use super::super::watch::Watch;
use super::{Debugger, Edit, Mode, Runner};

impl<R: Runner> Debugger<R> {
    /// Runs again with another task or address; what is wrong leaves all as it was.
    pub(super) fn rerun(&mut self, task: Option<Task>, address: Option<Vec<u8>>) {
        let task = task.unwrap_or_else(|| self.task.clone());
        let address = address.unwrap_or_else(|| self.address.clone());
        match self.runner.run(self.source.bytes(), &task, &address) {
            Ok((run, configuration)) => {
                (self.task, self.address) = (task, address);
                self.difference = None;
                self.take(run, configuration);
                self.stand(0);
            }
            Err(error) => self.say(&error),
        }
    }

    fn take(&mut self, run: Run, configuration: Arc<Configuration>) {
        for watch in &mut self.watches {
            if let Watch::Class { name, .. } = watch {
                *watch = Watch::class(&name.clone(), &configuration.classes);
            }
        }
        self.configuration = Some(configuration);
        self.run = run;
    }

    pub(super) fn begin_edit(&mut self, line: Option<u32>, text: Option<Vec<u8>>) {
        let line = line.unwrap_or(self.looked_at);
        if line == 0 || line as usize > self.source.len() {
            return self.say(b"the file has no such line");
        }
        match text {
            Some(text) => self.edit(line, text),
            None => {
                self.look(i64::from(line));
                self.mode = Mode::Editing(line, Input::new(self.source.line(line)));
            }
        }
    }

    pub(super) fn edit(&mut self, line: u32, text: Vec<u8>) {
        let before = self.source.line(line).to_vec();
        if before == text {
            return self.say(b"the line is as it was");
        }
        if self.replace(line, &text) {
            self.edits.push(Edit { line, before });
        }
    }

    pub(super) fn undo(&mut self) {
        match self.edits.pop() {
            Some(Edit { line, before }) => {
                if !self.replace(line, &before) {
                    self.edits.push(Edit { line, before });
                }
            }
            None => self.say(b"there is no edit to take back"),
        }
    }

    /// Puts a line in the place of another and runs again; what has changed is shown.
    fn replace(&mut self, line: u32, text: &[u8]) -> bool {
        let before = self.source.line(line).to_vec();
        let source = self.source.with_line(line, text);
        match self.runner.run(source.bytes(), &self.task, &self.address) {
            Ok((run, configuration)) => {
                let texts = [before, text.to_vec()];
                let difference = Difference::new(line, texts, &self.run, &run);
                let known = |text: &&Vec<u8>| !self.run.troubles.contains(text);
                let trouble = run.troubles.iter().find(known).cloned();
                self.source = source;
                self.take(run, configuration);
                self.stand(difference.part.unwrap_or(self.at));
                self.difference = Some(difference);
                self.mode = Mode::Difference(0);
                self.message = trouble.unwrap_or_default();
                true
            }
            Err(error) => {
                self.say(&error);
                false
            }
        }
    }
}
