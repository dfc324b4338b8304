//! `Q` lines: queue groups (QU-047, QU-048).

use cf_parser::Span;
use cf_parser::item::{Equate, QueueGroup};

use super::Loader;
use super::surroundings::Complaint;

/// Most queue groups, the one of the queue directory counted.
const MAX_QUEUE_GROUPS: usize = 50;

impl Loader<'_> {
    pub(super) fn queue_group(&mut self, name: &[u8], equates: &[Equate], span: Span) {
        let groups = &self.configuration.queue_groups;
        let known = groups.iter().position(|(known, _)| known.eq_ignore_ascii_case(name));
        if known.is_none() && groups.len() + 1 >= MAX_QUEUE_GROUPS {
            let text = format!("too many queue groups defined ({MAX_QUEUE_GROUPS} max)");
            self.say(span, text, 70);
            return;
        }
        self.warn_of_runners(name, &QueueGroup::of(equates), span);
        let entry = (name.to_vec(), equates.to_vec());
        let groups = &mut self.configuration.queue_groups;
        match known.and_then(|at| groups.get_mut(at)) {
            Some(group) => *group = entry,
            None => groups.push(entry),
        }
    }

    /// More runners than there may be, or several where only one runs.
    fn warn_of_runners(&mut self, name: &[u8], group: &QueueGroup, span: Span) {
        let Some(asked) = group.runners.map(i64::from) else { return };
        let limit = self.configuration.options.number("MaxQueueChildren", 0);
        let mut warn = |text: String| {
            let text = [b"Q=", name, text.as_bytes()].concat();
            self.complain(span, vec![Complaint::bare(text)]);
        };
        let runners = if limit > 0 && asked > limit {
            warn(format!(": R={asked} exceeds MaxQueueChildren={limit}, set to MaxQueueChildren"));
            limit
        } else {
            asked
        };
        if runners > 1 && !group.flags.contains(&b'f') {
            let text = format!(
                ": R={runners}: multiple queue runners specified\n\tbut flag 'f' is not set"
            );
            let text = [b"Warning: Q=", name, text.as_bytes()].concat();
            self.complain(span, vec![Complaint::bare(text)]);
        }
    }
}
