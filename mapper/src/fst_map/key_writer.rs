//! Writing the keys of an fst file: keys in their order become a transducer whose outputs are their ranks.
//!
//! The format is version 2 of the crate `fst`, whose nodes the later versions have as well; its builder would do, but for
//! any outputs, and needs three times as long. Ranks make it simple: a key that leaves the path of the one before
//! it does so by one transition that has an output, the others have none, and none has a final output.

use std::io::{self, Write};

use hashbrown::HashMap;

use super::keys::{COMMON, END, ENDS, FIRST_NODE, INDEXED, NEXT, SINGLE};

const VERSION: u64 = 2;
/// Nodes with one transition that are remembered, so that the same ones are written once: sets of two.
const REMEMBERED_SETS: usize = 1 << 15;
/// Other nodes that are remembered, of so many bytes; then all are forgotten.
const REMEMBERED: usize = 1 << 15;
const REMEMBERED_BYTES: usize = 4 << 20;

/// A transition of a node that is not written yet.
#[derive(Clone, Copy)]
struct Transition {
    input: u8,
    output: u64,
    /// Where it leads; of the last one of a node on the path not known yet.
    address: u64,
}

/// A node on the path of the last key.
#[derive(Default)]
struct Node {
    ends: bool,
    transitions: Vec<Transition>,
}

/// A node with one transition and where it is.
#[derive(Clone, Copy, Default)]
struct Single {
    /// Address and input of its transition, as one number; 0 for none.
    leads: u64,
    address: u64,
}

/// Takes keys in their order.
pub(super) struct KeyWriter<W> {
    out: W,
    length: u64,
    /// The address of the node that was written last.
    last: u64,
    entries: u64,
    key: Vec<u8>,
    /// The path of the last key; there may be more nodes than that, which are empty.
    path: Vec<Node>,
    singles: Vec<[Single; 2]>,
    others: HashMap<Vec<u8>, u64>,
    others_bytes: usize,
    /// Room for a node.
    room: Vec<u8>,
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Bytes that a number takes, at least one.
fn size(number: u64) -> usize {
    usize::try_from((u64::BITS - number.leading_zeros()).div_ceil(8).max(1)).unwrap_or(8)
}

fn put(room: &mut Vec<u8>, number: u64, size: usize) {
    room.extend(number.to_le_bytes().into_iter().take(size));
}

/// How far a target is in front of the node that begins at `start`; 0 for the end.
fn distance(start: u64, target: u64) -> u64 {
    if target == wide(END) { 0 } else { start - target }
}

/// What stands for an input in a state of a node with one transition; 0 if nothing does.
fn common(input: u8) -> u8 {
    let place = memchr::memchr(input, COMMON).and_then(|place| u8::try_from(place).ok());
    place.map_or(0, |place| place + 1)
}

impl<W: Write> KeyWriter<W> {
    pub(super) fn new(out: W) -> io::Result<Self> {
        let mut writer = Self {
            out,
            length: 0,
            last: 1,
            entries: 0,
            key: Vec::new(),
            path: vec![Node::default()],
            singles: vec![[Single::default(); 2]; REMEMBERED_SETS],
            others: HashMap::new(),
            others_bytes: 0,
            room: Vec::new(),
        };
        put(&mut writer.room, VERSION, 8);
        put(&mut writer.room, 0, 8);
        debug_assert_eq!(writer.room.len(), FIRST_NODE);
        writer.flush()?;
        Ok(writer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.room)?;
        self.length += wide(self.room.len());
        self.room.clear();
        Ok(())
    }

    /// Adds a key, which is greater than all before it.
    pub(super) fn insert(&mut self, key: &[u8]) -> io::Result<()> {
        let same = self.key.iter().zip(key).take_while(|(one, other)| one == other).count();
        if self.entries > 0 {
            self.freeze(same)?;
        }
        // what the path up to here adds up to is the rank of the first key that took it
        let shared = self.path.get(..same).unwrap_or_default().iter();
        let sum: u64 = shared.filter_map(|node| Some(node.transitions.last()?.output)).sum();
        let mut output = self.entries.wrapping_sub(sum);
        for (depth, &input) in key.iter().enumerate().skip(same) {
            if let Some(node) = self.path.get_mut(depth) {
                node.transitions.push(Transition { input, output, address: wide(END) });
            }
            output = 0;
            if self.path.len() <= depth + 1 {
                self.path.push(Node::default());
            }
        }
        if let Some(node) = self.path.get_mut(key.len()) {
            node.ends = true;
        }
        self.entries += 1;
        self.key.clear();
        self.key.extend_from_slice(key);
        Ok(())
    }

    /// Writes the nodes of the path beyond a depth.
    fn freeze(&mut self, depth: usize) -> io::Result<()> {
        for below in (depth + 1..=self.key.len()).rev() {
            let Some(place) = self.path.get_mut(below) else { continue };
            let node = std::mem::take(place);
            let address = self.write(&node)?;
            // its memory is used again
            let mut transitions = node.transitions;
            transitions.clear();
            if let Some(place) = self.path.get_mut(below) {
                place.transitions = transitions;
            }
            let above = self.path.get_mut(below - 1);
            if let Some(last) = above.and_then(|node| node.transitions.last_mut()) {
                last.address = address;
            }
        }
        Ok(())
    }

    /// The address of a node, which is written unless it is remembered.
    fn write(&mut self, node: &Node) -> io::Result<u64> {
        match &node.transitions[..] {
            [] if node.ends => Ok(wide(END)),
            [Transition { input, output: 0, address }] if !node.ends => {
                self.single(*input, *address)
            }
            transitions => self.other(node.ends, transitions),
        }
    }

    fn single(&mut self, input: u8, target: u64) -> io::Result<u64> {
        let leads = (target << 8 | u64::from(input)).wrapping_add(1);
        let set = (leads.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % REMEMBERED_SETS;
        if let Some([first, second]) = self.singles.get_mut(set) {
            if first.leads == leads {
                return Ok(first.address);
            }
            if second.leads == leads {
                std::mem::swap(first, second);
                return Ok(first.address);
            }
        }
        let (code, next) = (common(input), target == self.last && target != wide(END));
        if !next {
            let distance = distance(self.length, target);
            let size = size(distance);
            put(&mut self.room, distance, size);
            self.room.push((size as u8) << 4);
        }
        self.room.extend((code == 0).then_some(input));
        self.room.push(SINGLE | code | if next { NEXT } else { 0 });
        let address = self.finish_node()?;
        if let Some([first, second]) = self.singles.get_mut(set) {
            *second = *first;
            *first = Single { leads, address };
        }
        Ok(address)
    }

    fn finish_node(&mut self) -> io::Result<u64> {
        self.flush()?;
        self.last = self.length - 1;
        Ok(self.last)
    }

    fn other(&mut self, ends: bool, transitions: &[Transition]) -> io::Result<u64> {
        let mut known = vec![u8::from(ends)];
        for Transition { input, output, address } in transitions {
            known.push(*input);
            put(&mut known, *output, 8);
            put(&mut known, *address, 8);
        }
        if let Some(address) = self.others.get(&known) {
            return Ok(*address);
        }
        let start = self.length;
        let distances = || transitions.iter().rev().map(|one| distance(start, one.address));
        let address_size = distances().map(size).max().unwrap_or(1);
        let outputs = || transitions.iter().rev().map(|one| one.output);
        let largest = outputs().max().unwrap_or_default();
        let output_size = if largest == 0 { 0 } else { size(largest) };
        let mut room = std::mem::take(&mut self.room);
        if ends {
            put(&mut room, 0, output_size);
        }
        outputs().for_each(|output| put(&mut room, output, output_size));
        distances().for_each(|distance| put(&mut room, distance, address_size));
        room.extend(transitions.iter().rev().map(|one| one.input));
        if transitions.len() > INDEXED {
            let mut index = [255; 256];
            for (place, one) in (0..=255).zip(transitions) {
                index[usize::from(one.input)] = place;
            }
            room.extend(index);
        }
        room.push((address_size as u8) << 4 | output_size as u8);
        let state = if ends { ENDS } else { 0 };
        match u8::try_from(transitions.len()) {
            Ok(count @ 1..=0b11_1111) => room.push(state | count),
            // as one transition is never counted like this, 1 stands for 256
            count => room.extend([count.unwrap_or(1), state]),
        }
        self.room = room;
        let address = self.finish_node()?;
        if self.others.len() >= REMEMBERED || self.others_bytes >= REMEMBERED_BYTES {
            self.others.clear();
            self.others_bytes = 0;
        }
        self.others_bytes += known.len();
        self.others.insert(known, address);
        Ok(address)
    }

    /// Writes what is left; returns what everything was written to and how many bytes that were.
    pub(super) fn finish(mut self) -> io::Result<(W, u64)> {
        self.freeze(0)?;
        let root = self.path.first_mut().map(std::mem::take).unwrap_or_default();
        let root = self.write(&root)?;
        put(&mut self.room, self.entries, 8);
        put(&mut self.room, root, 8);
        self.flush()?;
        Ok((self.out, self.length))
    }
}
