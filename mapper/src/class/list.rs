//! Classes `sequence` (MAP-044) and `switch` (MAP-045): other maps asked in turn.

use cf_parser::debug::Category;

use super::{Answer, Class, Common, Declared, Env, MapSet, Opening, Request};
use crate::answer::{EX_NOTFOUND, EX_OK};
use crate::service_switch;

struct Sequence {
    members: Vec<Vec<u8>>,
}

/// The arguments are map names separated by anything that cannot be part of one; flags are not
/// known as such (observed: `-a.x` is the unknown member `a.x`). Unknown members are left out.
pub(crate) fn declare_sequence(_common: &mut Common, arguments: &[u8], maps: &MapSet) -> Declared {
    let (mut members, mut errors) = (Vec::new(), Vec::new());
    for name in member_names(arguments) {
        if maps.contains(name) {
            members.push(name.to_vec());
        } else {
            errors.push(unknown_member(b"Sequence", &_common.name, name));
        }
    }
    Declared::with(Sequence { members }, errors)
}

fn member_names(arguments: &[u8]) -> impl Iterator<Item = &[u8]> {
    arguments
        .split(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'_' | b'.'))
        .filter(|name| !name.is_empty())
}

fn unknown_member(class: &[u8], map: &[u8], member: &[u8]) -> Vec<u8> {
    [class, b" map ", map, b": unknown member map ", member].concat()
}

impl Class for Sequence {
    fn lookup(&mut self, _common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        ask_all(&self.members, request, env)
    }
}

/// The first hit wins; else a temporary failure of any member; else the last member's miss, which
/// has a code of its own only if that member's class has one (observed).
fn ask_all(members: &[Vec<u8>], request: Request<'_>, env: &mut Env<'_>) -> Answer {
    let mut failure = None;
    let mut miss = Answer::NotFound { exit: EX_NOTFOUND };
    for member in members {
        match env.maps.ask(member, request, env.services, env.notices) {
            found @ Answer::Found(_) => return found,
            temporary @ Answer::Temporary { .. } => failure = failure.or(Some(temporary)),
            Answer::NotFound { exit: EX_OK } => miss = Answer::NotFound { exit: EX_NOTFOUND },
            not_found @ Answer::NotFound { .. } => miss = not_found,
            Answer::NotOpen | Answer::NoSuchMap => {}
        }
    }
    failure.unwrap_or(miss)
}

struct Switch {
    members: Vec<Vec<u8>>,
}

/// The shared flags, then the service's name.
pub(crate) fn declare_switch(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    match super::parse_with_file(common, arguments) {
        Ok(errors) => Declared::with(Switch { members: Vec::new() }, errors),
        Err(faulty) => faulty,
    }
}

impl Class for Switch {
    fn open(&mut self, common: &Common, env: &mut Env<'_>) -> Opening {
        let kinds = service_switch::service(env.settings, &common.file);
        env.trace(Category::Maps, 19, || {
            let count = if kinds.is_empty() { "-1".to_owned() } else { kinds.len().to_string() };
            let mut text = format!("\tswitch_map_find => {count}\n").into_bytes();
            kinds.iter().for_each(|kind| text.extend([b"\t\t", &kind[..], b"\n"].concat()));
            text
        });
        if kinds.is_empty() {
            return if common.optional { Opening::Absent } else { Opening::Failed };
        }
        for kind in kinds {
            let member = [&common.name[..], b".", &kind[..]].concat();
            if env.maps.contains(&member) {
                let number = self.members.len();
                if let Some(class) = env.maps.class_of(&member) {
                    env.trace(Category::Maps, 4, || {
                        let head = format!("\tmap_stack[{number}] = {class}:");
                        [head.as_bytes(), &member, b"\n"].concat()
                    });
                }
                self.members.push(member);
            } else {
                env.error(unknown_member(b"Switch", &common.name, &member));
            }
        }
        Opening::Ready
    }

    fn lookup(&mut self, _common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        ask_all(&self.members, request, env)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_runs_of_name_characters() {
        // MAP-044
        let names: Vec<_> = member_names(b"-a.x fm,mf  c_d").collect();
        assert_eq!(names, [&b"a.x"[..], b"fm", b"mf", b"c_d"]);
    }
}
